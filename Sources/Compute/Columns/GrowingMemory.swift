internal import Glibc

/// The memory of a buffer of bytes that grows.
///
/// From malloc, whose large pieces the kernel moves by their pages: a value of hundreds of megabytes grows without a
/// second copy of it, and what was reserved beyond it takes no memory until it is written.
enum GrowingMemory {
  static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    bytes(malloc(max(capacity, 1)))
  }

  /// Keeps what lies in the first bytes of both; `memory` may not be used any more.
  static func resize(_ memory: UnsafeMutablePointer<UInt8>, to capacity: Int) -> UnsafeMutablePointer<UInt8> {
    bytes(realloc(memory, max(capacity, 1)))
  }

  static func free(_ memory: UnsafeMutablePointer<UInt8>) { Glibc.free(memory) }

  /// Ends the process as the language does where there is no memory.
  private static func bytes(_ memory: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<UInt8> {
    guard let memory else { fatalError("There is no memory left") }
    return memory.assumingMemoryBound(to: UInt8.self)
  }

  /// What a buffer may keep for the next value; more than that is given back.
  static let kept = 1 << 24
}

internal import Glibc
package import Model

/// An open file that closes itself exactly once.
package struct FileDescriptor: ~Copyable, Sendable {
  package let number: Int32
  private let path: String

  /// Opens `path`; always close-on-exec, so that commands started later do not inherit it.
  /// - Throws: a `SystemFault`.
  package init(_ path: String, _ flags: Int32, mode: UInt32 = 0o600) throws(Fault) {
    let number = open(path, flags | O_CLOEXEC, mode)
    if number < 0 { throw SystemFault.fault("open", path) }
    self.init(owning: number, path: path)
  }

  /// Opens `name` inside the folder that `folder` is.
  package init(
    _ name: String, in folder: borrowing FileDescriptor, _ flags: Int32, mode: UInt32 = 0o600
  ) throws(Fault) {
    let path = folder.path + "/" + name
    let number = openat(folder.number, name, flags | O_CLOEXEC, mode)
    if number < 0 { throw SystemFault.fault("open", path) }
    self.init(owning: number, path: path)
  }

  package init(owning number: Int32, path: String) {
    self.number = number
    self.path = path
  }

  deinit { _ = close(number) }

  /// Writes all of `bytes`, through short writes and interruptions.
  package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let count = Glibc.write(number, part.baseAddress, part.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemFault.fault("write", path)
      }
      rest = rest.dropFirst(count)
    }
  }

  package borrowing func write(_ bytes: [UInt8]) throws(Fault) {
    let result = bytes.withUnsafeBytes { bytes -> Result<Void, Fault> in
      Result { () throws(Fault) in try write(bytes) }
    }
    try result.get()
  }

  /// Forces what was written to the disk. A failure is final: after one, the kernel may have
  /// dropped the pages, and a second `fsync` that succeeds proves nothing.
  package borrowing func synchronize() throws(Fault) {
    while fsync(number) != 0 {
      if errno != EINTR { throw SystemFault.fault("fsync", path) }
    }
  }

  /// Reads to the end.
  /// - Throws: a `SystemFault`, or `file_too_large` when there is more than `limit`.
  package borrowing func readAll(atMost limit: ByteCount) throws(Fault) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(number, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemFault.fault("read", path)
      }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      if bytes.count > limit.bytes {
        throw Fault(
          "file_too_large", .validation, "`\(path)` is larger than \(limit.bytes) bytes")
      }
    }
  }
}

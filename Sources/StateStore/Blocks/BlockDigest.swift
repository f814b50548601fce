internal import CZlib

/// Tells the blocks of one chunk, in their order, from any others: CRC-32 over all their bytes. What a block's own
/// checksum cannot see: that it is another chunk's, stands at another place, or is missing.
package struct BlockDigest: Hashable, Sendable {
  private var value: UInt = 0

  package init() {}

  package mutating func add(_ block: [UInt8]) {
    value = crc32(value, block, uInt(block.count))
  }

  /// Eight hexadecimal digits.
  package var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}

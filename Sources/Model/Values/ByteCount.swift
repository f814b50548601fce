/// A number of bytes.
package struct ByteCount: Hashable, Comparable, Sendable {
  package var bytes: Int

  package init(_ bytes: Int) {
    self.bytes = bytes
  }

  package static func megabytes(_ count: Int) -> ByteCount { ByteCount(count * 1_000_000) }
  package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

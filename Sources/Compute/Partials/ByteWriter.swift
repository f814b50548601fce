/// Collects bytes for keys, states and blocks, in memory that is used again.
///
/// Fixed-width numbers are little-endian, but for those of keys (`append(bigEndian:)`), whose order is that of
/// their bytes. Lengths and counts are LEB128, signed numbers zigzag LEB128.
final class ByteWriter {
  private(set) var start: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private(set) var capacity: Int

  init() {
    capacity = 256
    start = GrowingMemory.allocate(capacity)
  }

  deinit { GrowingMemory.free(start) }

  /// What was written, valid until the next write.
  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }

  func removeAll() { count = 0 }

  func truncate(to length: Int) { count = length }

  /// Forgets all bytes and gives the memory back.
  func release() {
    GrowingMemory.free(start)
    (start, count, capacity) = (GrowingMemory.allocate(0), 0, 0)
  }

  /// Forgets all bytes, and gives the memory of unusually many back.
  func trim() {
    if capacity > GrowingMemory.kept { release() } else { removeAll() }
  }

  /// Forgets the first bytes, and gives the memory of unusually many back.
  func removeFirst(_ length: Int) {
    count -= length
    start.update(from: start + length, count: count)
    shrink()
  }

  /// Gives memory back where unusually much of it holds nothing.
  func shrink() {
    guard capacity > GrowingMemory.kept, count < capacity / 2 else { return }
    capacity = count
    start = GrowingMemory.resize(start, to: capacity)
  }

  @inline(__always)
  private func reserve(_ extra: Int) {
    if count + extra > capacity { grow(count + extra) }
  }

  @inline(never)
  private func grow(_ needed: Int) {
    capacity = max(needed, capacity * 2)
    start = GrowingMemory.resize(start, to: capacity)
  }

  @inline(__always)
  func append(_ byte: UInt8) {
    reserve(1)
    start[count] = byte
    count += 1
  }

  /// Most significant byte first, so that unsigned numbers sort as their bytes do.
  @inline(__always)
  func append<Number: FixedWidthInteger>(bigEndian value: Number) {
    let width = Number.bitWidth / 8
    reserve(width)
    UnsafeMutableRawPointer(start + count).storeBytes(of: value.bigEndian, as: Number.self)
    count += width
  }

  @inline(__always)
  func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    (start + count).update(from: source, count: bytes.count)
    count += bytes.count
  }

  /// Appends what `other` holds, and empties that: unusually many bytes by their memory, where there are none here yet.
  func append(taking other: ByteWriter) {
    if count == 0, other.count > GrowingMemory.kept {
      (start, other.start) = (other.start, start)
      (capacity, other.capacity) = (other.capacity, capacity)
      count = other.count
      capacity = count
      start = GrowingMemory.resize(start, to: capacity)
    } else {
      append(other.bytes)
    }
    other.trim()
  }

  func append(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBufferPointer { append($0) } }

  /// Text ended by a zero byte. The bytes 0 and 1 inside it become two bytes, `01 01` and `01 02`, which keeps
  /// their order and leaves zero to the end alone.
  func append(terminated bytes: UnsafeBufferPointer<UInt8>) {
    reserve(bytes.count * 2 + 1)
    var end = start + count
    for byte in bytes {
      if byte <= 1 {
        end[0] = 1
        end[1] = byte + 1
        end += 2
      } else {
        end[0] = byte
        end += 1
      }
    }
    end[0] = 0
    count = end - start + 1
  }

  @inline(__always)
  func append<Number: FixedWidthInteger>(fixed value: Number) {
    let width = Number.bitWidth / 8
    reserve(width)
    UnsafeMutableRawPointer(start + count).storeBytes(of: value.littleEndian, as: Number.self)
    count += width
  }

  @inline(__always)
  func append(unsigned value: UInt64) {
    reserve(10)
    var rest = value
    while rest >= 0x80 {
      start[count] = UInt8(truncatingIfNeeded: rest) | 0x80
      count += 1
      rest >>= 7
    }
    start[count] = UInt8(truncatingIfNeeded: rest)
    count += 1
  }

  @inline(__always)
  func append(length: Int) { append(unsigned: UInt64(length)) }

  @inline(__always)
  func append(signed value: Int64) {
    append(unsigned: UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  /// As few bytes as hold the number: a length byte, then two's complement, little-endian.
  func append(signed value: Int128) {
    let magnitude = value < 0 ? ~value : value
    let width = (128 - magnitude.leadingZeroBitCount) / 8 + 1
    append(UInt8(truncatingIfNeeded: width))
    reserve(16)
    // All 16 bytes are stored; those beyond the width are written over by what follows.
    UnsafeMutableRawPointer(start + count).storeBytes(of: value.littleEndian, as: Int128.self)
    count += width
  }

  func append(lengthAnd other: UnsafeBufferPointer<UInt8>) {
    append(length: other.count)
    append(other)
  }

  func append(zeros: Int) {
    for _ in 0..<zeros { append(0) }
  }

  /// Turns the order of what was written from `position` on around.
  func complement(from position: Int) {
    for index in position..<count { start[index] = ~start[index] }
  }
}

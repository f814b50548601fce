extension Column {
  /// The bytes that `slices` point into. Changes when the buffer grows.
  ///
  /// The 16 bytes behind `dataCount` are the buffer's too: two words may be read from any value's start, of which
  /// those behind the value mean nothing.
  @inlinable package internal(set) var data: UnsafeMutablePointer<UInt8> {
    get { state.pointee.data }
    set { state.pointee.data = newValue }
  }

  /// The bytes of the buffer in use, and all it has room for.
  var dataCount: Int {
    get { state.pointee.dataCount }
    set { state.pointee.dataCount = newValue }
  }

  var dataCapacity: Int {
    get { state.pointee.dataCapacity }
    set { state.pointee.dataCapacity = newValue }
  }

  /// The bytes at `row`, valid until the column is written to.
  @inlinable @inline(__always)
  package func bytes(_ row: Int) -> UnsafeBufferPointer<UInt8> {
    let slice = slices[row]
    return UnsafeBufferPointer(start: data + Int(slice.offset), count: Int(slice.length))
  }

  /// Where the value at `row` starts, for who reads two words there whatever its length.
  @inline(__always)
  func words(_ row: Int) -> UnsafeRawPointer {
    let offset = Int(slices[row].offset)
    assert(offset + 16 <= dataCapacity, "two words may be read from any value's start")
    return UnsafeRawPointer(data + offset)
  }

  /// The bytes at `row`, where there are at most 16.
  @inline(__always)
  func shortValue(_ row: Int) -> ShortValue? {
    let length = slices[row].length
    if length > 16 { return nil }
    let start = words(row)
    let low = start.loadUnaligned(as: UInt64.self)
    if length < 8 {
      let kept: UInt64 = ~(UInt64.max &<< UInt64(length &* 8))
      return ShortValue(low: low & kept, high: 0, length: length)
    }
    let high = start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let kept: UInt64 = length == 16 ? .max : ~(UInt64.max &<< UInt64((length &- 8) &* 8))
    return ShortValue(low: low, high: high & kept, length: length)
  }

  /// What a column's data buffer may hold at most, so that a slice's offset fits 32 bits.
  package static var maximumData: Int { 1 << 31 }

  /// Makes room for `extra` bytes behind those in use, and for the 16 that may be read behind these.
  @inline(__always)
  func reserveData(_ extra: Int) {
    if dataCount &+ extra &+ 16 > dataCapacity { growData(dataCount + extra + 16) }
  }

  @inline(never)
  private func growData(_ needed: Int) {
    dataCapacity = max(needed, dataCapacity * 2)
    data = GrowingMemory.resize(data, to: dataCapacity)
  }

  /// Gives back the memory of an unusually large batch, whose bytes are forgotten.
  func trimData() {
    guard dataCapacity > GrowingMemory.kept else { return }
    GrowingMemory.free(data)
    dataCapacity = 1 << 20
    data = GrowingMemory.allocate(dataCapacity)
    dataCount = 0
  }

  /// Copies bytes in as the value of `row`.
  @inline(__always)
  package func setBytes(_ row: Int, _ bytes: UnsafeBufferPointer<UInt8>) {
    setBytes(row, bytes.baseAddress, bytes.count)
  }

  @inline(__always)
  func setBytes(_ row: Int, _ start: UnsafePointer<UInt8>?, _ count: Int) {
    reserveData(count)
    if let start { (data + dataCount).update(from: start, count: count) }
    slices[row] = ByteSlice(
      offset: UInt32(truncatingIfNeeded: dataCount), length: UInt32(truncatingIfNeeded: count))
    dataCount += count
  }

  func setBytes(_ row: Int, _ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { setBytes(row, $0) }
  }

  func setText(_ row: Int, _ text: String) {
    var text = text
    text.withUTF8 { setBytes(row, $0) }
  }

  /// Ends a value whose bytes were written straight behind `dataCount`.
  @inline(__always)
  func finishBytes(_ row: Int, from start: Int) {
    slices[row] = ByteSlice(
      offset: UInt32(truncatingIfNeeded: start), length: UInt32(truncatingIfNeeded: dataCount - start))
  }

  @inline(__always)
  func addByte(_ byte: UInt8) {
    reserveData(1)
    data[dataCount] = byte
    dataCount += 1
  }

  @inline(__always)
  func addBytes(_ start: UnsafePointer<UInt8>, _ count: Int) {
    reserveData(count)
    (data + dataCount).update(from: start, count: count)
    dataCount += count
  }
}

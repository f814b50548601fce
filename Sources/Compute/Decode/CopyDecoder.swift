package import Model

/// Turns the stream of a `COPY ... TO STDOUT`, in binary or text form, into columns.
///
/// A push parser: give it the stream in whatever pieces it arrives, and take a batch whenever `decode` says
/// `full`, the last one after `needsMore` at the stream's end. Malformed bytes are a fault that names the
/// column; nothing outside the given bytes is ever read. A decoder that threw must not be used again.
package struct CopyDecoder: ~Copyable {
  /// Why `decode` has stopped.
  package enum Progress {
    /// The columns hold a batch: use it, call `startBatch`, then call `decode` again.
    case full
    /// All bytes are used.
    case needsMore
  }

  package let schema: [ColumnSchema]
  package let columns: [Column]
  /// Rows decoded since `startBatch`.
  package internal(set) var count = 0
  /// The trailer of a binary stream has been read.
  package private(set) var isFinished = false

  /// A batch is also full when its rows took this much, so that rows of megabytes do not add up.
  static let batchBytes = 8 << 20
  /// Postgres's own limit for one value.
  static let maximumFieldLength = 0x3FFF_FFFF

  let targets: UnsafeMutablePointer<FieldTarget>
  private let format: CopyFormat
  private var hasHeader = false
  /// Bytes of the stream that the rows of this batch took.
  var batchSize = 0
  /// The beginning of a row (or of the header) whose end has not come yet, and whole rows behind it while a
  /// batch fills up.
  private let pending = ByteWriter()
  private var pendingStart = 0
  /// How many pending bytes the row is known to need: until then, looking at it again is useless.
  private var neededBytes = 0
  /// In text, the pending bytes hold no end of a row: until one comes, looking at them again is useless.
  private var lacksRowEnd = false

  package init(_ schema: [ColumnSchema], format: CopyFormat = .binary) {
    self.schema = schema
    self.format = format
    columns = schema.map { Column($0.type) }
    targets = .allocate(capacity: schema.count)
    for (index, column) in columns.enumerated() {
      (targets + index).initialize(to: FieldTarget(column))
    }
  }

  deinit {
    targets.deinitialize(count: schema.count)
    targets.deallocate()
  }

  /// Forgets the rows decoded so far and begins a new batch in the same columns.
  package mutating func startBatch() {
    count = 0
    batchSize = 0
    for index in 0..<schema.count { targets[index].start() }
  }

  /// Writes what is known about the decoded rows back to the columns. Call before reading them.
  package func sealBatch() {
    for index in 0..<schema.count { targets[index].seal(count: count) }
  }

  /// Decodes from the front of `bytes`, which it shortens, until the batch is full or nothing is left.
  /// - Throws: `Fault` `malformed_copy` or `invalid_utf8`.
  package mutating func decode(_ bytes: inout UnsafeRawBufferPointer) throws(Fault) -> Progress {
    if pendingStart < pending.count {
      pending.append(bytes.assumingMemoryBound(to: UInt8.self))
      let mayGoOn = !lacksRowEnd || Self.endOfLastRow(bytes) != nil
      bytes = UnsafeRawBufferPointer(rebasing: bytes[bytes.count...])
      if !mayGoOn || pending.count - pendingStart < neededBytes { return .needsMore }
      return try decodePending()
    }
    let (used, isFull) = try decodeRows(bytes)
    // Mostly a call brings whole rows, and nothing is left over.
    if used < bytes.count && !isFull { keep(UnsafeRawBufferPointer(rebasing: bytes[used...])) }
    bytes = UnsafeRawBufferPointer(
      start: bytes.baseAddress.map { $0 + used }, count: isFull ? bytes.count - used : 0)
    return isFull ? .full : .needsMore
  }

  /// Keeps the beginning of a row for the next call.
  private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
    pending.removeAll()
    pendingStart = 0
    pending.append(bytes.assumingMemoryBound(to: UInt8.self))
  }

  private mutating func decodePending() throws(Fault) -> Progress {
    let held = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: pending.bytes[pendingStart...]))
    let (used, isFull) = try decodeRows(held)
    pendingStart += used
    if pendingStart == pending.count {
      pending.trim()
      pendingStart = 0
    } else if pendingStart > 1 << 20 {
      // A long row's memory goes before the row is worked on.
      pending.removeFirst(pendingStart)
      pendingStart = 0
    }
    return isFull ? .full : .needsMore
  }

  /// Says whether the stream ended as it should.
  /// - Throws: `Fault` `truncated_copy` where the trailer has not come.
  package func finish() throws(Fault) {
    // A text stream has no trailer: that it ended well is the server's word for the whole statement.
    guard isFinished || format == .text && pendingStart == pending.count else {
      throw Fault(
        "truncated_copy", .connection, "The COPY stream ended in the middle", isTransient: true)
    }
  }

  /// Decodes whole rows; says how many bytes they took and whether the batch is full.
  private mutating func decodeRows(
    _ bytes: UnsafeRawBufferPointer
  ) throws(Fault) -> (used: Int, isFull: Bool) {
    if format == .text {
      let end = Self.endOfLastRow(bytes)
      lacksRowEnd = end == nil
      return try decodeTextRows(bytes, end: end ?? 0)
    }
    return try decodeBinaryRows(bytes)
  }

  private mutating func decodeBinaryRows(
    _ bytes: UnsafeRawBufferPointer
  ) throws(Fault) -> (used: Int, isFull: Bool) {
    guard let start = bytes.baseAddress else { return (0, false) }
    let end = start + bytes.count
    var position = start
    neededBytes = 0
    if !hasHeader {
      guard let length = try Self.headerLength(bytes) else { return (0, false) }
      position += length
      hasHeader = true
    }
    while position < end {
      guard !isFinished else { throw Self.malformed("Bytes follow the end of the COPY stream") }
      guard end - position >= 2 else { break }
      let fields = Int16(bitPattern: position.bigEndian16(0))
      if fields == -1 {
        isFinished = true
        position += 2
        continue
      }
      guard Int(fields) == schema.count else {
        throw Self.malformed("A COPY row has \(fields) fields where \(schema.count) were expected")
      }
      if count == Column.capacity { return (position - start, true) }
      // A row that came in many pieces is decoded once, not anew after each of its fields.
      if pendingStart < pending.count, !isWhole(position + 2, end) { return (position - start, false) }
      guard let next = try decodeRow(position + 2, end) else {
        return (position - start, false)
      }
      batchSize += next - position
      position = next
      count += 1
      if batchSize > Self.batchBytes { return (position - start, true) }
    }
    return (position - start, false)
  }

  /// Whether the end of a row is there, by the lengths of its fields; also where one of these is impossible, which
  /// decoding the row will say.
  private mutating func isWhole(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Bool {
    var needed = 0
    for _ in 0..<schema.count {
      guard end - start - needed >= 4 else {
        neededBytes = needed + 2 + 4
        return false
      }
      let length = Int(Int32(bitPattern: (start + needed).bigEndian32(0)))
      guard (-1...Self.maximumFieldLength).contains(length) else { return true }
      needed += 4 + max(length, 0)
      guard end - start >= needed else {
        neededBytes = needed + 2
        return false
      }
    }
    return true
  }

  /// Decodes the fields of one row; `nil` where its end is not there yet.
  @inline(__always)
  private mutating func decodeRow(
    _ start: UnsafeRawPointer, _ end: UnsafeRawPointer
  ) throws(Fault) -> UnsafeRawPointer? {
    var position = start
    let row = count
    for index in 0..<schema.count {
      let target = targets + index
      guard end - position >= 4 else {
        abandonRow(fields: index, needed: position - start + 2 + 4)
        return nil
      }
      let length = Int(Int32(bitPattern: position.bigEndian32(0)))
      position += 4
      if length < 0 {
        guard length == -1 else { throw malformedField(index, length: length) }
        target.pointee.setNull(row)
        continue
      }
      guard end - position >= length else {
        guard length <= Self.maximumFieldLength else { throw malformedField(index, length: length) }
        abandonRow(fields: index, needed: position - start + 2 + length)
        return nil
      }
      guard target.pointee.decode(position, length: length, available: end - position, row: row) else {
        throw malformedField(index, length: length)
      }
      position += length
    }
    return position
  }

  /// Takes back the bytes of a row that will be decoded again once it is whole.
  private mutating func abandonRow(fields: Int, needed: Int) {
    for index in 0..<fields { targets[index].takeBack(row: count) }
    neededBytes = needed
  }

  func malformedField(_ index: Int, length: Int?) -> Fault {
    let column = schema[index]
    if targets[index].foundInvalidUTF8 {
      return Fault(
        "invalid_utf8", .data, "Column \(column.name) holds text that is not UTF-8",
        hint: "The database does not check its encoding: convert the column with add_columns")
    }
    return Fault(
      "malformed_copy", .data,
      "Column \(column.name): \(length.map { "\($0) bytes" } ?? "this text") cannot be read as \(column.type.sqlName)",
      hint: "The column's type may have changed since the plan was made")
  }

  static func malformed(_ sentence: String) -> Fault {
    Fault("malformed_copy", .data, sentence)
  }

  private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00]

  /// The length of the stream's header with its extension area; `nil` where it is not all there.
  private static func headerLength(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> Int? {
    guard bytes.prefix(signature.count).elementsEqual(signature.prefix(bytes.count)) else {
      throw malformed("The stream does not begin as a binary COPY does")
    }
    let fixed = signature.count + 8
    guard bytes.count >= fixed, let start = bytes.baseAddress else { return nil }
    let flags = start.bigEndian32(signature.count)
    let extensionLength = start.bigEndian32(signature.count + 4)
    // The upper half of the flags is for what a reader must understand; none of it is in use.
    guard flags >> 16 == 0, extensionLength < 1 << 20 else {
      throw malformed("The COPY stream's header has flags that are not known")
    }
    return bytes.count >= fixed + Int(extensionLength) ? fixed + Int(extensionLength) : nil
  }
}

extension UnsafeRawPointer {
  @inline(__always)
  func bigEndian16(_ offset: Int) -> UInt16 {
    UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  @inline(__always)
  func bigEndian32(_ offset: Int) -> UInt32 {
    UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  @inline(__always)
  func bigEndian64(_ offset: Int) -> UInt64 {
    UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

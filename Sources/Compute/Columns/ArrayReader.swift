package import Model

/// Takes the binary form of a Postgres array (`array_send`) apart.
package struct ArrayReader {
  package struct Dimension: Hashable, Sendable {
    package let count: Int
    /// The first subscript; 1 unless somebody asked for another.
    package let lowerBound: Int
  }

  package let element: SQLType
  /// Outermost first; none for an empty array.
  package let dimensions: [Dimension]
  private let bytes: UnsafeBufferPointer<UInt8>
  private let start: Int
  private let count: Int

  /// - Parameter bytes: must live as long as the reader.
  /// - Returns: `nil` for bytes that are no such array, or one of elements that are only carried.
  package init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard bytes.count >= 12 else { return nil }
    func word(_ offset: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[offset + $1]) }
    }
    let depth = Int(word(0))
    guard (0...6).contains(depth), bytes.count >= 12 + depth * 8,
      let element = SQLType(arrayElement: word(8))
    else { return nil }
    self.bytes = bytes
    self.element = element
    dimensions = (0..<depth).map {
      Dimension(
        count: Int(word(12 + $0 * 8)), lowerBound: Int(Int32(bitPattern: word(16 + $0 * 8))))
    }
    var count = dimensions.isEmpty ? 0 : 1
    for dimension in dimensions {
      // Each element takes four bytes at least.
      guard dimension.count <= bytes.count, count <= bytes.count else { return nil }
      count *= dimension.count
    }
    self.count = count
    start = 12 + depth * 8
  }

  /// Calls `body` for each element, the last dimension running fastest, with a column whose row 0 is the element.
  /// - Returns: false where the bytes end too early, go on too long, or are no value of the element's type.
  package func forEach(_ body: (Column) -> Void) -> Bool {
    guard let base = bytes.baseAddress else { return false }
    let column = Column(element)
    var target = FieldTarget(column)
    var position = start
    for _ in 0..<count {
      guard position + 4 <= bytes.count else { return false }
      let length = Int(
        Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[position + $1]) }))
      position += 4
      target.start()
      if length < 0 {
        target.setNull(0)
      } else {
        let left = bytes.count - position
        guard length <= left,
          target.decode(UnsafeRawPointer(base + position), length: length, available: left, row: 0)
        else { return false }
        position += length
      }
      target.seal(count: 1)
      body(column)
    }
    return position == bytes.count
  }
}

extension SQLType {
  /// The type with a number that is the same in every Postgres, as arrays name their elements; nil for types
  /// that are only carried.
  init?(arrayElement oid: UInt32) {
    let types: [SQLType] = [
      .boolean, .bytea, .name, .bigint, .smallint, .integer, .text, .json, .real, .double, .char(nil),
      .varchar(nil), .date, .timestamp, .timestamptz, .interval, .numeric(nil), .uuid, .jsonb,
    ]
    guard let type = types.first(where: { $0.oid == oid }) else { return nil }
    self = type
  }
}

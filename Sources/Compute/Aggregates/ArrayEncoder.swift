import Model

/// Builds the binary form of a one-dimensional Postgres array (`array_recv`).
struct ArrayEncoder {
  private let elementOID: UInt32
  private(set) var count = 0
  private var hasNulls = false
  private let elements = ByteWriter()

  static let longestArray = 1 << 28

  init(elementOID: UInt32) { self.elementOID = elementOID }

  var byteCount: Int { elements.count }

  mutating func removeAll() {
    count = 0
    hasNulls = false
    elements.removeAll()
  }

  mutating func append(_ column: Column, _ row: Int, type: SQLType) {
    count += 1
    if column.isNull(row) { hasNulls = true }
    CopyEncoder.appendField(column, row, as: FieldForm(type), to: elements)
  }

  var bytes: [UInt8] {
    var result: [UInt8] = []
    func append(_ word: UInt32) { withUnsafeBytes(of: word.bigEndian) { result.append(contentsOf: $0) } }
    append(count == 0 ? 0 : 1)
    append(hasNulls ? 1 : 0)
    append(elementOID)
    if count > 0 {
      append(UInt32(truncatingIfNeeded: count))
      append(1)
    }
    return result + elements.bytes
  }
}

extension SQLType {
  /// The type's number in every Postgres; nil for types that a database defines itself.
  var oid: UInt32? {
    switch self {
    case .boolean: 16
    case .bytea: 17
    case .name: 19
    case .bigint: 20
    case .smallint: 21
    case .integer: 23
    case .text: 25
    case .json: 114
    case .real: 700
    case .double: 701
    case .char: 1042
    case .varchar: 1043
    case .date: 1082
    case .timestamp: 1114
    case .timestamptz: 1184
    case .interval: 1186
    case .numeric: 1700
    case .uuid: 2950
    case .jsonb: 3802
    case .opaque(let oid, _, _): oid
    case .enumeration: nil
    }
  }
}

internal import Model

/// Any value as the text that Postgres prints in a session of the job's time zone.
struct ToText: UnaryKernel {
  let type: SQLType
  let zone: ZoneRules
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    out.mapBytes(rows, frame) { row throws(RowFault) in
      Self.append(from, row, type, zone, to: out)
    }
  }

  /// Adds a value's text behind the bytes in `out`. The value is not NULL.
  static func append(_ from: Column, _ row: Int, _ type: SQLType, _ zone: ZoneRules, to out: Column) {
    switch type {
    case .boolean: out.addText(from.integers[row] != 0 ? "true" : "false")
    case .smallint, .integer, .bigint: out.addInteger(from.integers[row])
    case .numeric:
      if from.width == .narrow {
        out.addNumber(from.integers[row], scale: from.scale(ofRow: row))
      } else {
        out.addText(from.decimal(row).description)
      }
    case .real: out.addText(PostgresFloat.text(Float(from.doubles[row])))
    case .timestamptz: out.addText(Timestamp(microseconds: from.integers[row]).text(in: zone))
    case .text, .varchar, .name, .enumeration, .json, .jsonb: out.addBytes(from.bytes(row))
    case .char: out.addBytes(Comparing.withoutTrailingBlanks(from.bytes(row)))
    case .double, .date, .timestamp, .interval, .uuid, .bytea, .opaque:
      out.addText(from.value(at: row).postgresText ?? "")
    }
  }
}

extension Column {
  @inline(__always)
  func addBytes(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let start = bytes.baseAddress { addBytes(start, bytes.count) }
  }

  func addBytes(repeating byte: UInt8, count: Int) {
    guard count > 0 else { return }
    reserveData(count)
    (data + dataCount).update(repeating: byte, count: count)
    dataCount += count
  }

  func addText(_ text: String) {
    var text = text
    text.withUTF8 { addBytes($0) }
  }

  /// Adds an integer in decimal.
  func addInteger(_ value: Int64) { addNumber(value, scale: 0) }

  /// Adds `mantissa * 10^-scale` with all its decimals.
  func addNumber(_ mantissa: Int64, scale: Int) {
    let width = 21 + scale
    reserveData(width)
    let end = dataCount + width
    var position = end
    var rest = mantissa.magnitude
    var digits = 0
    while rest > 0 || digits <= scale {
      if digits == scale && scale > 0 {
        position -= 1
        data[position] = UInt8(ascii: ".")
      }
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      position -= 1
      data[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
      rest = quotient
      digits += 1
    }
    if mantissa < 0 {
      position -= 1
      data[position] = UInt8(ascii: "-")
    }
    let count = end - position
    (data + dataCount).update(from: data + position, count: count)
    dataCount += count
  }
}

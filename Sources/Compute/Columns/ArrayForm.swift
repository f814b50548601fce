package import Model

/// The elements of an array value as text, put together as Postgres or JSON writes arrays.
package struct ArrayForm {
  private let dimensions: [ArrayReader.Dimension]
  private let elements: [[UInt8]]

  /// - Parameter write: appends the element at row 0 of the column, which may be NULL.
  /// - Returns: `nil` where the value is no array, or one of elements that are only carried.
  package init?(
    _ column: Column, _ row: Int, as type: SQLType,
    _ write: (_ element: Column, _ type: SQLType, _ bytes: inout [UInt8]) -> Void
  ) {
    guard case .opaque(_, let name, _) = type, name.hasSuffix("[]"),
      let reader = ArrayReader(column.bytes(row))
    else { return nil }
    var elements: [[UInt8]] = []
    let isWhole = reader.forEach { element in
      var bytes: [UInt8] = []
      write(element, reader.element, &bytes)
      elements.append(bytes)
    }
    guard isWhole else { return nil }
    self.elements = elements
    dimensions = reader.dimensions
  }

  /// The text that Postgres prints, such as `{1,NULL,"two words"}`.
  static func postgres(_ column: Column, _ row: Int, as type: SQLType) -> [UInt8]? {
    let form = ArrayForm(column, row, as: type) { element, type, bytes in
      guard element.isValid(0) else { return bytes.append(contentsOf: "NULL".utf8) }
      if type == .boolean { return bytes.append(UInt8(ascii: element.integers[0] != 0 ? "t" : "f")) }
      quote(Array((element.postgresText(0, as: type) ?? "").utf8), to: &bytes)
    }
    guard let form else { return nil }
    var bytes: [UInt8] = []
    if form.dimensions.contains(where: { $0.lowerBound != 1 }) {
      let bounds = form.dimensions.map { "[\($0.lowerBound):\($0.lowerBound + $0.count - 1)]" }
      bytes.append(contentsOf: (bounds.joined() + "=").utf8)
    }
    form.append(open: UInt8(ascii: "{"), close: UInt8(ascii: "}"), to: &bytes)
    return bytes
  }

  /// As `array_out` quotes: what is empty, reads as NULL, or has a byte that means something.
  private static func quote(_ text: [UInt8], to bytes: inout [UInt8]) {
    let isNull = text.count == 4 && String(decoding: text, as: UTF8.self).uppercased() == "NULL"
    let special = Array("{}\",\\ \t\n\r\u{B}\u{C}".utf8)
    guard text.isEmpty || isNull || text.contains(where: special.contains) else {
      return bytes.append(contentsOf: text)
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Nested as deep as there are dimensions.
  package func append(open: UInt8, close: UInt8, to bytes: inout [UInt8]) {
    if dimensions.isEmpty { return bytes.append(contentsOf: [open, close]) }
    var next = 0
    append(depth: 0, open, close, &next, to: &bytes)
  }

  private func append(
    depth: Int, _ open: UInt8, _ close: UInt8, _ next: inout Int, to bytes: inout [UInt8]
  ) {
    bytes.append(open)
    for index in 0..<dimensions[depth].count {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      if depth + 1 < dimensions.count {
        append(depth: depth + 1, open, close, &next, to: &bytes)
      } else {
        bytes.append(contentsOf: elements[next])
        next += 1
      }
    }
    bytes.append(close)
  }
}

package import Model

/// Array values as text, put together as Postgres or JSON writes arrays.
package enum ArrayForm {
  /// Appends the text of an array, nested as deep as it has dimensions.
  /// - Parameters:
  ///   - begin: appends what stands before the first bracket.
  ///   - write: appends the element at row 0 of the column, which may be NULL.
  /// - Returns: false, and nothing is appended, where the value is no array, or one of elements that are only carried.
  package static func append(
    _ column: Column, _ row: Int, as type: SQLType, open: UInt8, close: UInt8, to bytes: inout [UInt8],
    begin: (ArrayReader, inout [UInt8]) -> Void = { _, _ in },
    _ write: (_ element: Column, _ type: SQLType, _ bytes: inout [UInt8]) -> Void
  ) -> Bool {
    guard case .opaque(_, let name, _) = type, name.hasSuffix("[]"),
      let reader = ArrayReader(column.bytes(row))
    else { return false }
    let start = bytes.count
    begin(reader, &bytes)
    // Of each dimension: how many elements one of its arrays holds, the outermost first.
    var sizes: [Int] = []
    for dimension in reader.dimensions.reversed() {
      sizes.insert((sizes.first ?? 1) * dimension.count, at: 0)
    }
    var number = 0
    let isWhole = reader.forEach { element in
      if number > 0 { bytes.append(UInt8(ascii: ",")) }
      for size in sizes where number % size == 0 { bytes.append(open) }
      write(element, reader.element, &bytes)
      number += 1
      for size in sizes where number % size == 0 { bytes.append(close) }
    }
    if number == 0 { bytes.append(contentsOf: [open, close]) }
    if !isWhole { bytes.removeSubrange(start...) }
    return isWhole
  }

  /// The text that Postgres prints, such as `{1,NULL,"two words"}`; `nil` where `append` appends nothing.
  package static func postgres(_ column: Column, _ row: Int, as type: SQLType) -> [UInt8]? {
    var bytes: [UInt8] = []
    let isArray = append(
      column, row, as: type, open: UInt8(ascii: "{"), close: UInt8(ascii: "}"), to: &bytes,
      begin: { reader, bytes in
        // An element has four bytes about it in the value, and hardly more in the text.
        bytes.reserveCapacity(column.bytes(row).count)
        guard reader.dimensions.contains(where: { $0.lowerBound != 1 }) else { return }
        let bounds = reader.dimensions.map { "[\($0.lowerBound):\($0.lowerBound + $0.count - 1)]" }
        bytes.append(contentsOf: (bounds.joined() + "=").utf8)
      }
    ) { element, type, bytes in
      guard element.isValid(0) else { return bytes.append(contentsOf: "NULL".utf8) }
      if type == .boolean { return bytes.append(UInt8(ascii: element.integers[0] != 0 ? "t" : "f")) }
      quote(Array((element.postgresText(0, as: type) ?? "").utf8), to: &bytes)
    }
    return isArray ? bytes : nil
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
}

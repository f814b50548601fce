package import Model

/// Reads CSV with a header (RFC 4180), row by row. An unquoted empty field is NULL.
package struct CSVReader: Sendable {
  private let bytes: [UInt8]
  private let file: String
  private var at = 0
  private var line = 1
  package private(set) var header: [String] = []

  /// - Throws: `Fault` `bad_csv` naming file and line.
  package init(_ bytes: [UInt8], file: String) throws(Fault) {
    self.bytes = bytes
    self.file = file
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    guard let names = try record() else { throw bad("has no header", line: 1) }
    header = names.map { $0 ?? "" }
    if Set(header).count != header.count { throw bad("names a column twice", line: 1) }
  }

  /// The next row, as many fields as the header has; `nil` after the last.
  /// - Throws: `Fault` `bad_csv`.
  package mutating func next() throws(Fault) -> [String?]? {
    let start = line
    guard let fields = try record() else { return nil }
    guard fields.count == header.count else {
      throw bad("has \(fields.count) fields where the header has \(header.count)", line: start)
    }
    return fields
  }

  private func bad(_ what: String, line: Int) -> Fault {
    Fault("bad_csv", .data, "The CSV file \(what)", place: Place(file: file, line: line, column: 1))
  }

  private mutating func record() throws(Fault) -> [String?]? {
    if at >= bytes.count { return nil }
    var fields: [String?] = []
    while true {
      fields.append(try field())
      guard at < bytes.count else { return fields }
      let byte = bytes[at]
      at += 1
      if byte == UInt8(ascii: ",") { continue }
      if byte == 0x0D, at < bytes.count, bytes[at] == 0x0A { at += 1 }
      line += 1
      return fields
    }
  }

  private mutating func field() throws(Fault) -> String? {
    if at < bytes.count, bytes[at] == UInt8(ascii: "\"") { return try quoted() }
    let start = at
    while at < bytes.count, ![UInt8(ascii: ","), 0x0A, 0x0D].contains(bytes[at]) {
      if bytes[at] == UInt8(ascii: "\"") { throw bad("has a quote inside an unquoted field", line: line) }
      at += 1
    }
    return start == at ? nil : try text(bytes[start..<at])
  }

  private mutating func quoted() throws(Fault) -> String {
    let start = line
    at += 1
    var content: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte == UInt8(ascii: "\"") {
        if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
          content.append(byte)
          at += 1
          continue
        }
        if at < bytes.count, ![UInt8(ascii: ","), 0x0A, 0x0D].contains(bytes[at]) {
          throw bad("goes on behind a closing quote", line: line)
        }
        return try text(content[...])
      }
      if byte == 0x0A { line += 1 }
      content.append(byte)
    }
    throw bad("has a quote that is never closed", line: start)
  }

  private func text(_ content: ArraySlice<UInt8>) throws(Fault) -> String {
    guard let text = String(validating: content, as: UTF8.self) else { throw bad("is not UTF-8", line: line) }
    return text
  }
}

package import Compute
package import Model

/// Writes result batches as the bytes of a file, in one of its formats.
package struct FileEncoder: Sendable {
  private enum Form {
    case csv(CSVForm)
    case jsonLines(JSONLinesForm)
  }

  private let form: Form

  package init(_ format: FileSinkRule.FileFormat, schema: [ColumnSchema]) {
    switch format {
    case .csv: form = .csv(CSVForm(schema))
    case .jsonl: form = .jsonLines(JSONLinesForm(schema))
    }
  }

  /// What stands before the first row.
  package var header: [UInt8] {
    switch form {
    case .csv(let form): form.header
    case .jsonLines: []
    }
  }

  /// Adds the rows of a batch to `bytes`, and calls `empty` whenever there are many, also amid a long value.
  package func append(
    _ batch: borrowing Batch, to bytes: inout [UInt8], _ empty: (inout [UInt8]) throws(Fault) -> Void
  ) throws(Fault) {
    let rows = batch.rows
    for position in 0..<rows.count {
      switch form {
      case .csv(let form): try form.append(batch.columns, rows[position], to: &bytes, empty)
      case .jsonLines(let form): try form.append(batch.columns, rows[position], to: &bytes, empty)
      }
      if bytes.count >= Self.many { try empty(&bytes) }
    }
  }

  /// Adds two hexadecimal digits a byte.
  static func append<Failure: Error>(
    hexadecimal value: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8],
    _ empty: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    try forEachPart(of: value, to: &bytes, empty) { Value.append(hexadecimal: $0, to: &$1) }
  }

  private static let many = 256 << 10
  private static let partSize = 64 << 10

  /// Hands `body` a value part by part, none of which ends within a character of a text, and has the bytes that it adds
  /// taken away.
  static func forEachPart<Failure: Error>(
    of text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8],
    _ empty: (inout [UInt8]) throws(Failure) -> Void,
    _ body: (UnsafeBufferPointer<UInt8>, inout [UInt8]) -> Void
  ) throws(Failure) {
    var start = 0
    while start < text.count {
      var end = min(start + partSize, text.count)
      while end < text.count, end > start + partSize - 4, text[end] & 0xC0 == 0x80 { end -= 1 }
      body(UnsafeBufferPointer(rebasing: text[start..<end]), &bytes)
      start = end
      if bytes.count >= many { try empty(&bytes) }
    }
  }
}

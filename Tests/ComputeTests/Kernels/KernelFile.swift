import CaseFiles
import Compute
import Expressions
import Model
import Testing

/// A file of `fixtures/kernels`: rows as Postgres sent them, and expressions with Postgres's answer per row.
struct KernelFile {
  struct Case {
    var expression: String
    /// Per row: Postgres's text, `\N` for NULL, or `!` and the SQLSTATE.
    var expected: [String]
  }

  var schema: [ColumnSchema] = []
  var stream: [UInt8] = []
  var cases: [Case] = []

  static let paths = (try? Checkout.files(in: "fixtures/kernels", ending: ".txt")) ?? []

  init(_ path: String) throws {
    for line in try Checkout.text(path).split(separator: "\n") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      switch fields[0] {
      case "columns":
        schema = try fields.dropFirst().map { field in
          let parts = field.split(separator: ":", maxSplits: 1).map(String.init)
          return ColumnSchema(name: parts[0], type: try TypeNames.parse(SourceText(parts[1])))
        }
      case "copy": stream = Self.bytes(hexadecimal: fields[1])
      case "case": cases.append(Case(expression: fields[1], expected: Array(fields.dropFirst(2))))
      default: continue
      }
    }
  }

  static func bytes(hexadecimal text: String) -> [UInt8] {
    let digits = text.utf8.map { UInt8($0 < 0x3A ? $0 - 0x30 : $0 - 0x57) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// The results of one case for the given rows, in the file's form.
  static func evaluate(
    _ expression: TypedExpression, _ decoder: borrowing CopyDecoder, rows: [Int], zones: ZoneContext
  ) throws -> [String] {
    let text = TypedExpression(.cast(expression), type: .text)
    let program = try Program([text], schema: decoder.schema, zones: zones)
    let indices = rows.map { UInt16($0) }
    indices.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      let isWhole = rows.count == decoder.count
      program.run(
        decoder.columns, isWhole ? Rows(count: rows.count) : Rows(indices: start, count: rows.count))
    }
    for faulted in program.faults { #expect(rows.contains(faulted.row), "a row that was not asked for") }
    let faults = Dictionary(
      program.faults.map { ($0.row, $0.fault) }, uniquingKeysWith: { first, _ in first })
    return rows.map { row in
      if let fault = faults[row] { return "!" + fault.sqlState }
      guard case .text(let text) = program.result(0).value(at: row) else { return "\\N" }
      return Self.escaped(text)
    }
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\t", with: "\\t").replacing("\n", with: "\\n")
  }
}

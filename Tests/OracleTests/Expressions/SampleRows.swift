import Compute
import Expressions
import Model
import Runtime

/// The rows of `sample` as Tidemark decoded them, and what it makes of expressions over them.
struct SampleRows: ~Copyable {
  private let decoder: CopyDecoder
  private let zones: ZoneContext

  private init(_ decoder: consuming CopyDecoder, zones: ZoneContext) {
    self.decoder = decoder
    self.zones = zones
  }

  static func decode(_ stream: [UInt8]) throws -> SampleRows {
    let zones = try ZoneFiles.system.context(session: SampleOracle.zone)
    var decoder = CopyDecoder(SampleColumns.schema)
    try stream.withUnsafeBytes { bytes in
      var rest = bytes
      _ = try decoder.decode(&rest)
    }
    try decoder.finish()
    decoder.sealBatch()
    return SampleRows(decoder, zones: zones)
  }

  /// What Tidemark answers to each of `expressions`, many in one program as the steps of a job are.
  func answers(_ expressions: [GeneratedExpression]) throws -> [SampleOracle.Answer] {
    var answers: [SampleOracle.Answer] = []
    var typed: [(number: Int, expression: TypedExpression)] = []
    for expression in expressions {
      do {
        let checked = try ExpressionChecker.check(
          SourceText(expression.text), columns: SampleColumns.schema)
        typed.append((answers.count, checked))
        answers.append(SampleOracle.Answer(type: checked.type.base.sqlName, rows: []))
      } catch {
        answers.append(
          SampleOracle.Answer(type: "", rows: error.all.map { "\($0.code): \($0.sentence)" }))
      }
    }
    let program = try Program(
      typed.map { TypedExpression(.cast($0.expression), type: .text) }, schema: SampleColumns.schema,
      zones: zones)
    program.run(decoder.columns, Rows(count: decoder.count))
    var faults: [Int: [Int: String]] = [:]
    for faulted in program.faults {
      faults[faulted.expression, default: [:]][faulted.row] = faulted.fault.sqlState
    }
    for (place, entry) in typed.enumerated() {
      let result = program.result(place)
      answers[entry.number].rows = (0..<decoder.count).map { row in
        if let state = faults[place]?[row] { return "!" + state }
        guard case .text(let text) = result.value(at: row) else { return "null" }
        return "=" + text
      }
    }
    return answers
  }
}

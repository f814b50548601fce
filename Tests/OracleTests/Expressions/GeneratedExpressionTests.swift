import DemoServer
import Model
import Postgres
import Seeds
import Testing

/// Postgres is the oracle for generated expressions: type, value, scale, text form and fault are the same in
/// every row.
@Suite(.timeLimit(.minutes(10))) struct GeneratedExpressionTests {
  /// So many expressions are over the same rows.
  private static let section = 500
  private static let rows = 12
  /// More differences than this are counted, not made smaller.
  private static let shown = 12

  /// An expression that the two answer differently, as small as it got.
  private struct Difference: CustomStringConvertible {
    var number: Int
    var expression: GeneratedExpression
    var tidemark: SampleOracle.Answer
    var postgres: SampleOracle.Answer
    var values: [[String?]]

    var description: String {
      var lines = ["case \(number): \(expression.text)"]
      guard tidemark.type == postgres.type, !tidemark.type.isEmpty else {
        return (lines + ["  Tidemark \(tidemark)", "  Postgres \(postgres)"]).joined(separator: "\n")
      }
      let columns = SampleColumns.columns.indices.filter {
        GeneratedExpressionTests.columns(of: expression).contains(SampleColumns.columns[$0].name)
      }
      for (row, pair) in zip(tidemark.rows, postgres.rows).enumerated()
      where GeneratedExpressionTests.compared(pair.0) != GeneratedExpressionTests.compared(pair.1) {
        let shown = columns.map { "\(SampleColumns.columns[$0].name) = \(values[row][$0] ?? "NULL")" }
        lines.append("  Tidemark \(pair.0)  Postgres \(pair.1)  where \(shown.joined(separator: ", "))")
      }
      return lines.prefix(4).joined(separator: "\n")
    }
  }

  @Test func answersAsPostgresDoes() async throws {
    let cases = GeneratedCases(20_000)
    let sections = (cases.count + Self.section - 1) / Self.section
    var differences: [Difference] = []
    var refused: [String: Int] = [:]
    try await withThrowingTaskGroup(of: (differences: [Difference], refused: [String: Int]).self) { group in
      for lane in 0..<2 {
        group.addTask {
          try await SharedServer.withDatabase { settings in
            let oracle = try await SampleOracle.open(settings)
            var found: [Difference] = []
            var refused: [String: Int] = [:]
            for section in stride(from: lane, to: sections, by: 2) {
              let numbers = section * Self.section..<min((section + 1) * Self.section, cases.count)
              found += try await Self.differences(
                cases, numbers, oracle, limit: Self.shown - found.count, &refused)
            }
            await oracle.close()
            return (found, refused)
          }
        }
      }
      for try await result in group {
        differences += result.differences
        refused.merge(result.refused, uniquingKeysWith: +)
      }
    }
    let report = differences.sorted { $0.number < $1.number }.map(\.description).joined(separator: "\n")
    let isEqual = differences.isEmpty
    #expect(isEqual, "\(cases): \(differences.count) differences\n\(report)")
    let count = refused.values.reduce(0, +)
    #expect(count * 50 < cases.count, "\(count) expressions were refused: \(refused)")
  }

  private static func differences(
    _ cases: GeneratedCases, _ numbers: Range<Int>, _ oracle: SampleOracle, limit: Int,
    _ refused: inout [String: Int]
  ) async throws -> [Difference] {
    var random = cases.numbers(-1 - numbers.lowerBound)
    let values = (0..<rows).map { _ in SampleColumns.row(&random) }
    try await oracle.fill(values)
    let sample = try await oracle.decoded()
    let expressions = numbers.map { number in
      var generator = ExpressionGenerator(cases.numbers(number))
      return generator.expression()
    }
    async let asked = oracle.answers(expressions)
    var ours: [SampleOracle.Answer] = []
    for start in stride(from: 0, to: expressions.count, by: 50) {
      ours += try sample.answers(Array(expressions[start..<min(start + 50, expressions.count)]))
    }
    let theirs = try await asked
    var found: [Difference] = []
    for (index, pair) in zip(ours, theirs).enumerated() {
      if pair.0.type.isEmpty { refused[String(pair.0.rows[0].prefix { $0 != ":" }), default: 0] += 1 }
      guard differ(pair.0, pair.1), found.count < limit else { continue }
      found.append(
        try await shrunk(
          Difference(
            number: numbers.lowerBound + index, expression: expressions[index], tidemark: pair.0,
            postgres: pair.1,
            values: values), oracle, sample))
    }
    return found
  }

  /// What Tidemark refuses is no difference: the type checker may. What only Postgres refuses is one, unless its
  /// planner met the fault of something constant. Faults are compared by their class.
  private static func differ(_ ours: SampleOracle.Answer, _ theirs: SampleOracle.Answer) -> Bool {
    if ours.type.isEmpty || theirs.type.isEmpty && theirs.rows[0].hasPrefix("22") { return false }
    return ours.type != theirs.type || ours.rows.map(compared) != theirs.rows.map(compared)
  }

  private static func compared(_ answer: String) -> Substring {
    answer.hasPrefix("!") ? answer.prefix(3) : answer[...]
  }

  /// Puts simpler expressions in the place of the first while they differ too.
  private static func shrunk(
    _ difference: Difference, _ oracle: SampleOracle, _ sample: borrowing SampleRows
  ) async throws -> Difference {
    var smallest = difference
    for _ in 0..<50 {
      let simpler = Array(
        smallest.expression.simplifications.filter { $0.size < smallest.expression.size && $0.isOfRows }
          .prefix(200))
      let theirs = try await oracle.answers(simpler)
      var found = false
      for (expression, postgres) in zip(simpler, theirs) {
        let tidemark = try sample.answers([expression])[0]
        guard differ(tidemark, postgres) else { continue }
        smallest.expression = expression
        smallest.tidemark = tidemark
        smallest.postgres = postgres
        found = true
        break
      }
      if !found { break }
    }
    return smallest
  }

  private static func columns(of expression: GeneratedExpression) -> Set<String> {
    expression.operands.reduce(into: Set([expression.column].compactMap { $0 })) {
      $0.formUnion(columns(of: $1))
    }
  }
}

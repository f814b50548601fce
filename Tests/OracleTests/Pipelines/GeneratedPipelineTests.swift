import DemoServer
import Model
import Seeds
import Testing

/// Postgres is the oracle for whole pipelines: steps of every kind in any order, and an aggregate, give the same rows, refuse the
/// same rows for the same reasons, and fail on the same row as the equivalent SQL does, row by row. With filters moved into the query
/// nothing of it changes.
@Suite(.timeLimit(.minutes(10))) struct GeneratedPipelineTests {
  /// So many pipelines are over the same rows.
  private static let section = 25
  private static let rows = 50
  /// More differences than this are not made smaller.
  private static let shown = 6

  private struct Tally {
    var differences: [String] = []
    var refused: [String: Int] = [:]
    /// How often each thing happened, so that the test is known to test it.
    var seen: [String: Int] = [:]

    mutating func add(_ other: Tally) {
      differences += other.differences
      refused.merge(other.refused, uniquingKeysWith: +)
      seen.merge(other.seen, uniquingKeysWith: +)
    }
  }

  @Test func givesWhatPostgresGives() async throws {
    let cases = GeneratedCases(500)
    let sections = (cases.count + Self.section - 1) / Self.section
    var tally = Tally()
    try await withThrowingTaskGroup(of: Tally.self) { group in
      for lane in 0..<2 {
        group.addTask {
          try await SharedServer.withDatabase { settings in
            let oracle = try await PipelineOracle.open(settings)
            var tally = Tally()
            for section in stride(from: lane, to: sections, by: 2) {
              let numbers = section * Self.section..<min((section + 1) * Self.section, cases.count)
              try await Self.compare(cases, numbers, oracle, &tally)
            }
            await oracle.close()
            return tally
          }
        }
      }
      for try await part in group { tally.add(part) }
    }
    let report = tally.differences.joined(separator: "\n")
    let isEqual = tally.differences.isEmpty
    #expect(isEqual, "\(cases): \(tally.differences.count) differences\n\(report)")
    let refused = tally.refused.values.reduce(0, +)
    #expect(refused * 10 < cases.count, "\(refused) pipelines were refused: \(tally.refused)")
    guard cases.count >= 500 else { return }
    for what in ["moved", "rejected", "dropped", "filtered", "fault", "rows", "hits"] {
      #expect(
        tally.seen[what, default: 0] * 50 > cases.count, "\(what) came \(tally.seen[what, default: 0]) times")
    }
  }

  private static func compare(
    _ cases: GeneratedCases, _ numbers: Range<Int>, _ oracle: PipelineOracle, _ tally: inout Tally
  ) async throws {
    var random = cases.numbers(-1 - numbers.lowerBound)
    try await oracle.fill(&random, rows: rows)
    for number in numbers {
      var generator = PipelineGenerator(cases.numbers(number))
      let pipeline = generator.pipeline()
      let answers = try await Answers(pipeline, oracle)
      answers.count(in: &tally)
      guard answers.differ else { continue }
      if tally.differences.count < shown {
        let smallest = try await shrunk(answers, oracle)
        tally.differences.append("case \(number): \(smallest)")
      } else {
        tally.differences.append("case \(number)")
      }
    }
  }

  /// What all sides make of one pipeline.
  private struct Answers: CustomStringConvertible {
    var pipeline: GeneratedPipeline
    var postgres: PipelineOutcome
    var tidemark: PipelineOutcome
    /// Tidemark again, with what may move moved.
    var moved: PipelineOutcome

    init(_ pipeline: GeneratedPipeline, _ oracle: PipelineOracle) async throws {
      self.pipeline = pipeline
      postgres = try await oracle.postgres(pipeline)
      tidemark = try await oracle.tidemark(pipeline, moved: false)
      moved = try await oracle.tidemark(pipeline, moved: true)
    }

    /// What Tidemark refuses is no difference: the type checker may. What only Postgres refuses is one, unless its planner met the
    /// fault of something constant.
    var differ: Bool {
      if !tidemark.agrees(with: moved) { return true }
      if !tidemark.refused.isEmpty || postgres.refused.contains("(SQLSTATE 22") { return false }
      return !tidemark.agrees(with: postgres)
    }

    func count(in tally: inout Tally) {
      if !tidemark.refused.isEmpty {
        tally.refused[String(tidemark.refused.prefix { $0 != ":" }), default: 0] += 1
      }
      func add(_ what: String, _ isSeen: Bool) { if isSeen { tally.seen[what, default: 0] += 1 } }
      add("moved", tidemark.filtered > 0 && moved.rowsRead < tidemark.rowsRead)
      add("rejected", !tidemark.rejected.isEmpty)
      add("dropped", tidemark.dropped > 0)
      add("filtered", tidemark.filtered > 0)
      add("fault", tidemark.fault != nil)
      add("rows", tidemark.result.count > 1)
      add("hits", tidemark.lookups.contains { !$0.hasSuffix(": 0 0") && !$0.contains(": 0 ") })
    }

    var description: String {
      """
      \(pipeline.yaml())
          Tidemark: \(tidemark)\(tidemark.difference(from: postgres))
          moved:    \(moved)\(moved.difference(from: tidemark))
          Postgres: \(postgres)\(postgres.difference(from: tidemark))
      """
    }
  }

  /// Puts simpler pipelines in the place of the first while they differ too.
  private static func shrunk(_ answers: Answers, _ oracle: PipelineOracle) async throws -> Answers {
    var smallest = answers
    var tries = 0
    search: while tries < 400 {
      for simpler in smallest.pipeline.simplifications {
        tries += 1
        let found = try await Answers(simpler, oracle)
        if found.differ {
          smallest = found
          continue search
        }
        if tries >= 400 { break }
      }
      break
    }
    return smallest
  }
}

internal import Model
internal import Postgres

/// `tidemark explain`: what the code of a fault means.
enum ExplainCommand {
  static let spec = CommandSpec(
    name: "explain",
    summary: "Explain the code of a fault, a SQLSTATE or the outcome of a fire: what it means and what to do",
    operands: [
      .init(
        name: "CODE", help: "as in error[CODE], or an outcome; all codes of faults where left out",
        isRequired: false)
    ],
    example: "tidemark explain outside_window",
    run: { try run($0) })

  private static func run(_ invocation: Invocation) throws -> ExitCode {
    guard let code = invocation.operands.first else {
      tell(FaultCatalogue.withPostgres, invocation)
      return .ok
    }
    var found = FaultCatalogue.withPostgres.filter { $0.code == code }
    if let state = SQLState(ofKnownClass: code) { found.append(FaultCatalogue.entry(of: state.meaning)) }
    if let outcome = FireOutcome(rawValue: code) { found.append(FaultCatalogue.entry(of: outcome)) }
    guard !found.isEmpty else {
      throw Fault(
        "unknown_code", .notFound, "There is no fault with the code `\(code)`",
        hint: DidYouMean.hint(for: code, among: FaultCatalogue.entries.map(\.code))
          ?? "`tidemark explain` lists them; one that a step of a job gives may be a SQLSTATE")
    }
    tell(found, invocation)
    return .ok
  }

  private static func tell(_ entries: [FaultCatalogue.Entry], _ invocation: Invocation) {
    if invocation.has("json") {
      let list: [JSONValue] = entries.map { entry in
        .object([
          .init("code", .string(entry.code)), .init("class", .string(entry.kind)),
          .init("exit", exit(entry).map { .integer(Int($0.rawValue)) } ?? .null),
          .init("meaning", .string(entry.meaning)),
          .init("remedy", .string(entry.remedy)),
        ])
      }
      Terminal.print(JSONValue.object([.init("codes", .array(list))]).prettyText)
      return
    }
    guard let first = entries.first, entries.allSatisfy({ $0.code == first.code }) else {
      for line in TextTable(
        header: ["code", "class", "exit", "means"],
        rows: entries.map { [$0.code, $0.kind, exit($0).map { "\($0.rawValue)" } ?? "", $0.meaning] },
        numeric: [2]
      ).lines { Terminal.print(line) }
      return
    }
    for entry in entries {
      let standing = exit(entry).map { "class \(entry.kind), exit code \($0.rawValue)" } ?? entry.kind
      Terminal.print("\(entry.code)  (\(standing))")
      Terminal.print("  \(entry.meaning).")
      Terminal.print("  What to do: \(entry.remedy).")
    }
  }

  /// `nil` of an outcome, which is no fault.
  private static func exit(_ entry: FaultCatalogue.Entry) -> ExitCode? {
    FaultClass(rawValue: entry.kind)?.exitCode
  }
}

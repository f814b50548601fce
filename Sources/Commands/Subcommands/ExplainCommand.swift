internal import Model
internal import Postgres

/// `tidemark explain`: what the code of a fault means.
enum ExplainCommand {
  static let spec = CommandSpec(
    name: "explain", summary: "Explain the code of a fault, or a SQLSTATE: what it means and what to do",
    operands: [.init(name: "CODE", help: "as in error[CODE]; all codes where left out", isRequired: false)],
    example: "tidemark explain outside_window",
    run: { try run($0) })

  private static func run(_ invocation: Invocation) throws -> ExitCode {
    guard let code = invocation.operands.first else {
      tell(FaultCatalogue.entries, invocation)
      return .ok
    }
    var found = FaultCatalogue.entries.filter { $0.code == code }
    if let meaning = SQLState(ofKnownClass: code)?.meaning ?? SQLState.meaning(named: code) {
      let entry = FaultCatalogue.Entry(
        code: meaning.name, kind: meaning.kind.rawValue, meaning: meaning.sentence,
        remedy: FaultCatalogue.remedy(of: meaning))
      if !found.contains(where: { $0.code != entry.code || exit($0) == exit(entry) }) { found.append(entry) }
    }
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
          .init("exit", .integer(Int(exit(entry).rawValue))), .init("meaning", .string(entry.meaning)),
          .init("remedy", .string(entry.remedy)),
        ])
      }
      Terminal.print(JSONValue.object([.init("codes", .array(list))]).prettyText)
      return
    }
    guard let first = entries.first, entries.allSatisfy({ $0.code == first.code }) else {
      for line in TextTable(
        header: ["code", "class", "exit", "means"],
        rows: entries.map { [$0.code, $0.kind, "\(exit($0).rawValue)", $0.meaning] }, numeric: [2]
      ).lines { Terminal.print(line) }
      return
    }
    for entry in entries {
      Terminal.print("\(entry.code)  (class \(entry.kind), exit code \(exit(entry).rawValue))")
      Terminal.print("  \(entry.meaning).")
      Terminal.print("  What to do: \(entry.remedy).")
    }
  }

  private static func exit(_ entry: FaultCatalogue.Entry) -> ExitCode {
    FaultClass(rawValue: entry.kind)?.exitCode ?? .runFailed
  }
}

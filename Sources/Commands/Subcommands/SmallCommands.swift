internal import JobFiles
internal import Model
internal import Runtime
internal import Sinks
internal import StateStore

/// `tidemark version`.
enum VersionCommand {
  static let spec = CommandSpec(
    name: "version", summary: "Print the version", example: "tidemark version",
    run: { invocation in
      if invocation.has("json") {
        Terminal.print(JSONValue.object([.init("version", .string(Tool.version))]).prettyText)
      } else {
        Terminal.print("tidemark \(Tool.version)")
      }
      return .ok
    })
}

/// `tidemark schema`: the JSON Schema of job files, for editors.
enum SchemaCommand {
  static let spec = CommandSpec(
    name: "schema", summary: "Print the JSON Schema of job files, for editors",
    example: "tidemark schema > job.schema.json",
    run: { _ in
      Terminal.print(JobSchema.text)
      return .ok
    })
}

/// `tidemark failpoints`: the places where `TIDEMARK_FAILPOINT` can make a run die. For crash tests.
enum FailpointsCommand {
  static var all: [Failpoint] { Failpoint.ofRuns + StateFailpoints.all }

  static let spec = CommandSpec(
    name: "failpoints", summary: "List the failpoints of crash tests", example: "tidemark failpoints",
    isHidden: true,
    run: { _ in
      for point in all { Terminal.print(point.name) }
      return .ok
    })
}

/// `tidemark grants`: what an administrator runs where a role may not make the ledger itself.
enum GrantsCommand {
  static let spec = CommandSpec(
    name: "grants", summary: "Print the SQL that lets a role publish: the ledger and its grants",
    options: [
      OptionSpec("role", value: "ROLE", help: "the role that Tidemark connects as (required)"),
      OptionSpec("connection", value: "NAME", help: "the connection whose ledger schema is meant"),
    ],
    example: "tidemark grants --role tidemark | psql warehouse",
    run: { invocation in
      guard let role = invocation["role"] else {
        throw Fault("missing_value", .usage, "`tidemark grants` needs `--role ROLE`")
      }
      var schema = "tidemark"
      if let name = invocation["connection"] {
        let context = try ProjectContext(invocation)
        guard let rule = context.project.connections[name] else {
          throw Fault(
            "unknown_connection", .config, "There is no connection `\(name)`",
            hint: DidYouMean.hint(for: name, among: context.project.connections.keys.sorted()))
        }
        schema = rule.ledgerSchema
      }
      let ledger = PublicationLedger(schema: try Identifier(checking: schema))
      for statement in ledger.grants(to: try Identifier(checking: role)) {
        Terminal.print(statement.text + ";")
      }
      return .ok
    })
}

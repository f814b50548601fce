internal import Model
internal import Sinks

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
        throw Fault(
          "missing_value", .usage, "`tidemark grants` needs `--role ROLE`",
          hint: "For example: \(invocation.spec.example)")
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
      let statements = ledger.grants(to: try Identifier(checking: role)).map { $0.text + ";" }
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([.init("statements", .array(statements.map(JSONValue.string)))]).prettyText)
      } else {
        for statement in statements { Terminal.print(statement) }
      }
      return .ok
    })
}

internal import Model
internal import Runtime
internal import StateStore

/// `tidemark failpoints`: the places where `TIDEMARK_FAILPOINT` can make a run die. For crash tests.
enum FailpointsCommand {
  static var all: [Failpoint] { Failpoint.ofRuns + StateFailpoints.all }

  static let spec = CommandSpec(
    name: "failpoints", summary: "List the failpoints of crash tests", example: "tidemark failpoints",
    isHidden: true,
    run: { invocation in
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([.init("failpoints", .array(all.map { .string($0.name) }))]).prettyText)
      } else {
        for point in all { Terminal.print(point.name) }
      }
      return .ok
    })
}

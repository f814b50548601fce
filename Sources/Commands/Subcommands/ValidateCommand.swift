internal import JobFiles
internal import Model

/// `tidemark validate`: all faults of job files, before 2 a.m.
enum ValidateCommand {
  static let spec = CommandSpec(
    name: "validate", summary: "Check job files, without touching a database",
    operands: [
      .init(
        name: "JOB", help: "files or names; all jobs where left out", isRequired: false, isRepeatable: true)
    ],
    example: "tidemark validate jobs/daily-revenue.yaml",
    run: { try run($0) })

  private static func run(_ invocation: Invocation) throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let paths =
      invocation.operands.isEmpty
      ? try JobFolder.list(root: context.root)
      : try invocation.operands.map { try JobFolder.find($0, root: context.root) }
    var faults: [Fault] = []
    var warnings: [Fault] = []
    for path in paths {
      switch JobFile.read(path: path, project: context.file) {
      case .success(let reading): warnings += reading.warnings
      case .failure(let found): faults += found.all
      }
    }
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init("files", .array(paths.map(JSONValue.string))),
          .init("faults", .array(faults.map { FaultText(fault: $0).json })),
          .init("warnings", .array(warnings.map { FaultText(fault: $0, severity: "warning").json })),
        ]).prettyText)
      return faults.isEmpty ? .ok : .config
    }
    FaultReport.warn(warnings)
    if !faults.isEmpty {
      _ = FaultReport.print(faults, asJSON: false)
      return .config
    }
    Terminal.print("\(paths.count) job \(paths.count == 1 ? "file is" : "files are") in order")
    return .ok
  }
}

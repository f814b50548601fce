internal import JobFiles
internal import Model
internal import Postgres

/// `tidemark validate`: all faults of job files, before 2 a.m.
enum ValidateCommand {
  static let spec = CommandSpec(
    name: "validate", summary: "Check job files, without touching a database",
    discussion: """
      Finds all but what hangs on tables, on the types of columns and values, and on the files of lookups:
      `tidemark plan JOB` finds that, before anything runs.
      """,
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
      : try invocation.operands.map { try JobFolder.find($0, root: context.root).path }
    var (faults, warnings) = unusable(context)
    warnings = context.file.warnings + warnings
    var jobs: [Job] = []
    for path in paths {
      switch JobFile.read(path: path, project: context.file) {
      case .success(let reading):
        warnings += reading.warnings
        jobs.append(reading.job)
      case .failure(let found): faults += found.all
      }
    }
    faults += jobs.flatMap(\.matrixZoneFaults)
    faults += try together(jobs, context, isWhole: invocation.operands.isEmpty)
    faults = faults.eachOnce
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

  /// What is written out in the project file and leads nowhere; what has references is known only where they are.
  private static func unusable(_ context: ProjectContext) -> (faults: [Fault], warnings: [Fault]) {
    var faults: [Fault] = []
    var warnings: [Fault] = []
    for rule in context.project.connections.values.sorted(by: { $0.name < $1.name })
    where rule.url.literal != nil {
      do throws(Fault) {
        _ = try ConnectionSettings(rule: rule, values: context.values, applicationName: "tidemark")
      } catch {
        if error.code == "libpq_too_old" { warnings.append(error) } else { faults.append(error) }
      }
    }
    if context.project.state?.literal != nil {
      do throws(Fault) {
        _ = try context.statePath
      } catch {
        faults.append(error)
      }
    }
    return (faults, warnings)
  }

  /// What `jobs` get wrong together with each other and the rest of the project, where there is one.
  private static func together(
    _ jobs: [Job], _ context: ProjectContext, isWhole: Bool
  ) throws -> [Fault] {
    var faults: [Fault] = []
    if isWhole {
      for twins in Dictionary(grouping: jobs, by: \.name).values.sorted(by: { $0[0].file < $1[0].file }) {
        faults += twins.dropFirst().map { .twins($0.file, twins[0].file, named: $0.name) }
      }
    }
    guard jobs.contains(where: { $0.schedule?.after != nil }) else { return faults }
    let isProject = JobFolder.exists(root: context.root)
    let names = isProject ? try JobFolder.names(root: context.root).map(\.name) : []
    let others = isWhole || !isProject ? [] : try context.jobs().readings.map(\.job)
    let set = JobSet(
      names: names + jobs.map(\.name.text),
      jobs: jobs + others.filter { other in !jobs.contains { $0.name == other.name } })
    return faults + jobs.flatMap { set.faults(of: $0) }
  }
}

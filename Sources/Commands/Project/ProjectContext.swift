internal import Engine
internal import Glibc
internal import JobFiles
internal import Model
internal import Postgres
internal import Runtime
internal import StateStore

/// What a command works in: the project's files, its secrets, its log and its state.
struct ProjectContext: Sendable {
  let file: ProjectFile
  let values: ExternalValues
  let log: Log
  let invocation: Invocation
  private let stateLocation: Result<String, Fault>

  var project: Project { file.project }
  var root: String { file.project.root }
  var queries: ScheduleQueries { ScheduleQueries(project: project, values: values) }

  /// A command that needs no state is not stopped by a state whose place cannot be told, for example
  /// one whose credential only the service has.
  /// - Throws: of a reference in tidemark.yaml.
  var statePath: String {
    get throws(Fault) { try stateLocation.get() }
  }

  /// - Throws: `Faults` of the project's files; `Fault` `no_project` where `--project` names no folder.
  init(_ invocation: Invocation) throws {
    let environment = Environment.process
    let redactor = Redactor()
    let root = try ProjectContext.root(invocation)
    var configs = invocation.all("config")
    if configs.isEmpty, let listed = environment["TIDEMARK_CONFIG"] {
      configs = listed.split(separator: ":").map(String.init)
    }
    file = try ProjectFile.read(root: root, configs: configs).get()
    values = ExternalValues(environment: environment, root: file.project.root, redactor: redactor)
    log = try Log(
      path: invocation["log-file"], least: ProjectContext.level(invocation), redactor: redactor,
      now: { SystemClock.now })
    stateLocation = Result { [file, values] () throws(Fault) in
      try StateLocation.path(
        option: invocation["state"], environment: environment, project: file.project, values: values)
    }
    self.invocation = invocation
  }

  private static func level(_ invocation: Invocation) -> RunEvent.Level {
    if invocation.has("quiet") { return .error }
    return invocation.count("verbose") > 0 ? .debug : .info
  }

  /// The folder that `--project` names, or the nearest one above with a tidemark.yaml or jobs/: above here, else
  /// above a job's file that the command line names.
  private static func root(_ invocation: Invocation) throws(Fault) -> String {
    if let given = invocation["project"] {
      guard isFolder(given) else {
        throw Fault("no_project", .config, "There is no folder `\(given)`")
      }
      return given
    }
    if let found = nearest(above: ".") { return found }
    for operand in invocation.operands where isFile(operand) {
      guard let slash = operand.lastIndex(of: "/") else { continue }
      if let found = nearest(above: String(operand[...slash]) + ".") { return found }
    }
    return "."
  }

  private static func nearest(above start: String) -> String? {
    var folder = start
    for _ in 0..<32 {
      if isFile(folder + "/" + ProjectFile.name) || isFolder(folder + "/jobs") { return folder }
      if isRoot(folder) { break }
      folder += "/.."
    }
    return nil
  }

  private static func facts(_ path: String) -> stat? {
    var facts = stat()
    return stat(path, &facts) == 0 ? facts : nil
  }

  private static func isFolder(_ path: String) -> Bool {
    facts(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
  }

  private static func isFile(_ path: String) -> Bool {
    facts(path).map { $0.st_mode & S_IFMT == S_IFREG } ?? false
  }

  private static func isRoot(_ path: String) -> Bool {
    guard let here = facts(path), let top = facts("/") else { return true }
    return here.st_ino == top.st_ino && here.st_dev == top.st_dev
  }

  // MARK: Jobs

  /// A job as named on a command line, with the matrix row in `job[tenant=acme]` split off.
  func job(_ name: String) throws -> (reading: JobFile.Reading, row: String?) {
    let (job, path) = try named(name)
    return (try reading(of: path), job.row)
  }

  func reading(of path: String) throws -> JobFile.Reading {
    try JobFile.read(path: path, project: file).get()
  }

  /// A job that something but a person fires, as named on a command line.
  /// - Throws: `no_schedule` too.
  func scheduledJob(_ name: String) throws -> Job {
    let job = try job(name).reading.job
    guard job.schedule != nil else { throw ProjectContext.noSchedule(name) }
    return job
  }

  static func noSchedule(_ name: String) -> Fault {
    Fault(
      "no_schedule", .usage, "Job \(name) has no schedule, so nothing fires it",
      hint: "Give it one, such as `schedule: \"15 2 * * *\"`, or start it yourself: tidemark run \(name)")
  }

  /// Every job of the project; files that cannot be read give faults and no job.
  func jobs() throws -> (readings: [JobFile.Reading], faults: [Fault]) {
    var readings: [JobFile.Reading] = []
    var faults: [Fault] = []
    for path in try JobFolder.list(root: root) {
      switch JobFile.read(path: path, project: file) {
      case .success(let reading): readings.append(reading)
      case .failure(let found): faults += found.all
      }
    }
    return (readings, faults.eachOnce)
  }

  // MARK: State

  /// The state for a command that only looks: where there is none yet, it makes none.
  func openStoreToRead() async throws -> Store {
    let path = try statePath
    let folder: String
    if StateLocation.isDatabase(path) {
      do {
        return try await openPostgres(path, makesSchema: false)
      } catch let fault as Fault where fault.code == "no_state" {
        folder = root + "/.tidemark"
      }
    } else {
      if try FileTimes(of: path) != nil { return try await openStore() }
      folder = FolderTree.parent(of: path)
    }
    return try await Store.openEmpty(
      inPlaceOf: StateLocation.isDatabase(path) ? settings(path).description : path,
      locks: folder + "/runs", now: { SystemClock.now })
  }

  func openStore() async throws -> Store {
    let path = try statePath
    if StateLocation.isDatabase(path) { return try await openPostgres(path, makesSchema: true) }
    return try await Store.openSQLite(path: path, now: { SystemClock.now })
  }

  private func openPostgres(_ path: String, makesSchema: Bool) async throws -> Store {
    try await Store.openPostgres(settings(path), lease: ProjectContext.lease, makesSchema: makesSchema)
  }

  private func settings(_ path: String) throws -> ConnectionSettings {
    try ConnectionSettings(
      name: "state", connectionString: path, applicationName: "tidemark state", redactor: values.redactor)
  }

  /// How long an owner that says nothing is taken to live; a test of dead and sleeping owners does not
  /// wait that long.
  private static var lease: Duration {
    Environment.process["TIDEMARK_LEASE_MS"].flatMap { Int64($0) }.map { .milliseconds($0) } ?? .seconds(12)
  }

  /// Beside the state where that is a file, else where this machine lets us write.
  private var scratchFolder: String {
    if case .success(let path) = stateLocation, !StateLocation.isDatabase(path) {
      return FolderTree.parent(of: path) + "/scratch"
    }
    return (StateLocation.systemdFolder(.process) ?? root + "/.tidemark") + "/scratch"
  }

  func environment(
    store: Store, report: @escaping @Sendable (RunID, RunEvent) -> Void
  ) -> EngineEnvironment {
    let file = file
    return EngineEnvironment(
      store: store, project: project, values: values, scratchFolder: scratchFolder,
      outputRoot: Path.joined(project.output, to: root),
      now: { SystemClock.now }, zones: .system, report: report,
      readJob: { text, name, defaults throws(Faults) in
        try JobFile.read(saved: text, file: name, defaults: defaults, project: file).get().job
      })
  }
}

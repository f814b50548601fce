internal import Engine
internal import Glibc
internal import JobFiles
internal import Model
internal import Runtime

/// `tidemark systemd`: hardened units for the scheduler, or for one job without it.
enum SystemdCommand {
  static let spec = CommandSpec(
    name: "systemd", summary: "Print or install systemd units for the scheduler or for one job",
    discussion: """
      print|install scheduler   one service that runs all jobs
      print|install JOB         a service and a timer that look every minute whether the job is due; its schedule
                                stays in its file
      `install` writes into /etc/systemd/system, with --user into ~/.config/systemd/user; it may be repeated after a
      change. It starts nothing, and says what to do next. A file that it has not written, or that was changed since,
      is not replaced: your own settings belong into UNIT.d/*.conf, which `systemctl edit UNIT` makes. Every
      ${credential.NAME} that the project's files use is loaded from /etc/credstore/NAME unless an option says
      otherwise.
      """,
    operands: [
      .init(name: "print|install", help: "what to do"), .init(name: "scheduler|JOB", help: "whose units"),
    ],
    options: [
      OptionSpec("user", help: "for your own manager (`systemctl --user`) instead of the machine's"),
      OptionSpec("to", value: "DIR", help: "install: write there instead"),
      OptionSpec("force", help: "install: replace files that somebody else has written or changed"),
      OptionSpec("name", value: "NAME", help: "what the units' names begin with (default: tidemark)"),
      OptionSpec("run-as", value: "USER", help: "a user that exists, instead of one made for the service"),
      OptionSpec(
        "credential", value: "NAME[:FILE]", help: "a secret to load; may be repeated", isRepeatable: true),
      OptionSpec(
        "encrypted-credential", value: "NAME[:FILE]",
        help: "the same, as `systemd-creds encrypt` wrote it (default: /etc/credstore.encrypted/NAME)",
        isRepeatable: true),
    ],
    example: "tidemark systemd print scheduler",
    run: { try run($0) })

  private enum Action: String, CaseIterable { case print, install }

  private static func run(_ invocation: Invocation) throws -> ExitCode {
    guard let action = Action(rawValue: invocation.operands[0]) else {
      throw Fault(
        "bad_value", .usage, "`tidemark systemd \(invocation.operands[0])` does nothing",
        hint: DidYouMean.hint(for: invocation.operands[0], among: Action.allCases.map(\.rawValue))
          ?? "Write `tidemark systemd print scheduler` or `tidemark systemd install scheduler`")
    }
    let context = try ProjectContext(invocation)
    let units = try units(context)
    let named = invocation.operands[1]
    let isScheduler = named == "scheduler"
    let files: [UnitFile] =
      isScheduler ? [units.scheduler] : units.job(try context.scheduledJob(named).name)
    let folder = try folder(invocation)
    switch action {
    case .print:
      if invocation.has("json") {
        let list = files.map { file in
          JSONValue.object([
            .init("path", .string("\(folder)/\(file.name)")), .init("text", .string(file.text)),
          ])
        }
        Terminal.print(JSONValue.object([.init("files", .array(list))]).prettyText)
      } else {
        // One unit can go into its file as it is; of several each is named.
        for file in files {
          if files.count > 1 { Terminal.print("# \(folder)/\(file.name)") }
          Terminal.print(file.text)
        }
      }
    case .install:
      try install(
        files, in: folder, units, isScheduler: isScheduler, try warnings(context, units, files, in: folder),
        invocation)
    }
    return .ok
  }

  // MARK: Installing

  private static func install(
    _ files: [UnitFile], in folder: String, _ units: SystemdUnits, isScheduler: Bool, _ warnings: [Fault],
    _ invocation: Invocation
  ) throws {
    var standings: [UnitFile.Standing] = []
    // All are looked at before one is written: a service without its timer would be half a job.
    for file in files {
      let standing = try file.standing(in: folder)
      if [.changed, .foreign].contains(standing), !invocation.has("force") {
        throw refusal("\(folder)/\(file.name)", standing)
      }
      standings.append(standing)
    }
    if invocation["to"] == nil { try make(folder) }
    for (file, standing) in zip(files, standings) where standing != .same {
      try file.write(to: folder)
    }
    let next = nextSteps(units, files.last?.name ?? "", standings, isScheduler: isScheduler)
    if invocation.has("json") {
      let list = zip(files, standings).map { file, standing in
        JSONValue.object([
          .init("path", .string("\(folder)/\(file.name)")), .init("did", .string(did(standing))),
        ])
      }
      Terminal.print(
        JSONValue.object([
          .init("files", .array(list)), .init("next", .array(next.map(JSONValue.string))),
          .init("warnings", FaultReport.json(warnings, severity: "warning")),
        ]).prettyText)
      return
    }
    for (file, standing) in zip(files, standings) {
      Terminal.print("\(did(standing)) \(folder)/\(file.name)")
    }
    FaultReport.warn(warnings)
    if invocation.has("quiet") { return }
    explain(units)
    Terminal.print("Next:")
    for line in next { Terminal.print("  \(line)") }
  }

  /// What is to be done so that the unit goes by what was written.
  private static func nextSteps(
    _ units: SystemdUnits, _ started: String, _ standings: [UnitFile.Standing], isScheduler: Bool
  ) -> [String] {
    let manager = units.manager == .user ? "systemctl --user" : "systemctl"
    let enable = "\(manager) enable --now \(started)"
    if standings.allSatisfy({ $0 == .same }) { return [enable] }
    let mayRun = isScheduler && !standings.contains(.absent)
    return ["\(manager) daemon-reload", enable] + (mayRun ? ["\(manager) restart \(started)"] : [])
  }

  /// What the units go by that somebody has to see to.
  private static func explain(_ units: SystemdUnits) {
    if !units.credentials.isEmpty {
      Terminal.print(
        "Secrets: " + units.credentials.map { "\($0.name) from \(place(of: $0))" }.joined(separator: ", "))
    }
    if units.manager == .system {
      let user = units.runAs ?? "a user of its own (`--run-as USER` names one that exists)"
      if !units.writable.isEmpty {
        Terminal.print(
          "It runs as \(user), who must be able to write \(units.writable.joined(separator: ", "))")
      }
      if !units.namesState {
        Terminal.print(
          "The state lies in /var/lib/\(units.prefix)/state.db: commands by hand find it by `state:` in tidemark.yaml"
        )
      }
    }
  }

  /// Of what the service will not have that the project needs.
  private static func warnings(
    _ context: ProjectContext, _ units: SystemdUnits, _ files: [UnitFile], in folder: String
  ) throws -> [Fault] {
    let paths = context.project.files + (try JobFolder.list(root: context.root))
    var warnings: [Fault] = []
    if units.manager == .system, let reader = ServiceReader(units.runAs),
      let path = try reader.firstUnreadable(of: paths + [units.program])
    {
      warnings.append(
        Fault(
          "service_cannot_read", .config, "The user of the service cannot read `\(path)`",
          cause: "It runs as \(units.runAs ?? "a user of its own, who is in nobody's group")",
          hint: "Let it be read: `chmod o+rX`; or name a user who can, by `--run-as USER`"))
    }
    let settings = try files.flatMap { try dropIns(of: "\(folder)/\($0.name)") }
    let variables = try ExternalUse(in: paths).variables.sorted().filter { name in
      !settings.contains { $0.contains("\(name)=") || $0.contains("EnvironmentFile=") }
    }
    if !variables.isEmpty {
      let unit = files[0].name
      let names = variables.map { "${env.\($0)}" }.joined(separator: ", ")
      warnings.append(
        Fault(
          "service_lacks_variable", .config,
          "The service will not have \(names), which the project's files use",
          cause: "A service starts without the variables of your shell",
          hint:
            "`\(units.manager == .user ? "systemctl --user" : "systemctl") edit \(unit)` takes `[Service]` and `Environment=\(variables[0])=...`; a secret is better a `${credential.NAME}`"
        ))
    }
    return warnings
  }

  /// The settings that somebody has put beside a unit.
  private static func dropIns(of unit: String) throws(Fault) -> [String] {
    let folder = unit + ".d"
    if try FileTimes(of: folder) == nil { return [] }
    var texts: [String] = []
    for name in try FolderTree.names(in: folder) where name.hasSuffix(".conf") {
      texts.append(
        String(
          decoding: try FileContents.read("\(folder)/\(name)", atMost: ByteCount(1 << 20)), as: UTF8.self))
    }
    return texts
  }

  /// A user's folder of units may not be there yet.
  private static func make(_ folder: String) throws(Fault) {
    if mkdir(folder, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, folder != "/" else { throw SystemFault.fault("make the folder", folder) }
    try make(FolderTree.parent(of: folder))
    try make(folder)
  }

  private static func did(_ standing: UnitFile.Standing) -> String {
    switch standing {
    case .absent: "wrote"
    case .same: "unchanged"
    case .earlier, .changed, .foreign: "replaced"
    }
  }

  private static func place(of credential: SystemdUnits.Credential) -> String {
    credential.path
      ?? (credential.isEncrypted ? "/etc/credstore.encrypted/" : "/etc/credstore/") + credential.name
  }

  private static func refusal(_ path: String, _ standing: UnitFile.Standing) -> Fault {
    let isChanged = standing == .changed
    return Fault(
      "unit_not_ours", .conflict,
      isChanged
        ? "`\(path)` was changed after Tidemark had written it" : "`\(path)` was not written by Tidemark",
      cause: "Nothing was written",
      hint: isChanged
        ? "Move the changes into `\(path).d/local.conf`, then give `--force`"
        : "Choose other names by `--name`, move the file away, or give `--force` to replace it")
  }

  // MARK: What the command line says

  private static func folder(_ invocation: Invocation) throws(Fault) -> String {
    if let folder = invocation["to"] {
      do throws(Fault) {
        return try Path.absolute(folder)
      } catch {
        throw Fault(
          "bad_value", .usage, "`--to \(folder)` names no folder that can be used", cause: error.cause,
          hint: "Make it first: `mkdir -p \(folder)`")
      }
    }
    guard invocation.has("user") else { return "/etc/systemd/system" }
    if let config = Environment.process["XDG_CONFIG_HOME"], config.hasPrefix("/") {
      return config + "/systemd/user"
    }
    guard let home = Environment.process["HOME"], home.hasPrefix("/") else {
      throw Fault(
        "unset_variable", .config, "The environment variable `HOME` is not set, so your units have no folder",
        hint: "Name one by `--to DIR`")
    }
    return home + "/.config/systemd/user"
  }

  private static func units(_ context: ProjectContext) throws -> SystemdUnits {
    let invocation = context.invocation
    let manager: SystemdUnits.Manager = invocation.has("user") ? .user : .system
    let root = try Path.absolute(context.root)
    let prefix = invocation["name"] ?? "tidemark"
    guard !prefix.isEmpty, prefix.unicodeScalars.allSatisfy({ isPlain($0) }), prefix.utf8.count <= 31 else {
      throw Fault(
        "bad_value", .usage, "`--name \(prefix)` cannot begin the name of a unit and be a user's name",
        hint: "Write 1 to 31 letters, digits, `-` and `_`")
    }
    let state = try StateLocation.elsewhere(invocation["state"], writtenInto: "a unit file")
    return SystemdUnits(
      program: try Path.absolute("/proc/self/exe"), project: root,
      configs: try invocation.all("config").map(Path.absolute), state: state,
      credentials: try credentials(context), manager: manager,
      runAs: invocation["run-as"], writable: try writable(context, root: root, state: state), prefix: prefix,
      namesState: state != nil || context.project.state != nil)
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
    default: false
    }
  }

  /// Where results go, and a state that does not lie in systemd's folder for it.
  private static func writable(_ context: ProjectContext, root: String, state: String?) throws -> [String] {
    var folders: [String] = []
    let writesFiles = try context.jobs().readings.contains { reading in
      reading.job.sinks.contains { if case .file = $0 { true } else { false } }
    }
    if writesFiles { folders.append(Path.joined(context.project.output, to: root)) }
    // A template names a place that only the service will know.
    let named = state ?? context.project.state?.literal
    if let named, !StateLocation.isDatabase(named) {
      folders.append(FolderTree.parent(of: Path.joined(named, to: root)))
    }
    return folders
  }

  /// Those that are named, and those that the project's files use.
  private static func credentials(_ context: ProjectContext) throws -> [SystemdUnits.Credential] {
    var credentials: [SystemdUnits.Credential] = []
    for (option, isEncrypted) in [("credential", false), ("encrypted-credential", true)] {
      for text in context.invocation.all(option) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
          String.init)
        guard parts[0].unicodeScalars.allSatisfy({ isPlain($0) || $0 == "." }), !parts[0].isEmpty,
          parts.count == 1 || parts[1].hasPrefix("/")
        else {
          throw Fault(
            "bad_value", .usage, "`--\(option) \(text)` names no credential",
            hint: "Write a name, or a name and an absolute path: `--\(option) pepper:/etc/tidemark/pepper`")
        }
        credentials.append(
          .init(name: parts[0], path: parts.count > 1 ? parts[1] : nil, isEncrypted: isEncrypted))
      }
    }
    let named = Set(credentials.map(\.name))
    let used = try ExternalUse(in: context.project.files + (try JobFolder.list(root: context.root)))
    return credentials
      + used.credentials.subtracting(named).sorted().map { .init(name: $0, path: nil, isEncrypted: false) }
  }
}

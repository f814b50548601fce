internal import Model
internal import Runtime

/// Where a project's state lies: `--state`, then `TIDEMARK_STATE`, then tidemark.yaml, then systemd's
/// state folder, then the project itself. Never per user: cron and a person must find the same.
enum StateLocation {
  /// - Throws: `Fault` of a reference in tidemark.yaml, or `bad_state` for a URL of anything but Postgres, which as a
  ///   file's name would be a state that nobody finds again.
  static func path(
    option: String?, environment: Environment, project: Project, values: ExternalValues
  ) throws(Fault) -> String {
    let path = try named(option: option, environment: environment, project: project, values: values)
    if let scheme = path.split(separator: ":").first, path.hasPrefix("\(scheme)://"), !isDatabase(path) {
      throw Fault(
        "bad_state", .config, "The state cannot lie at `\(scheme)://...`",
        hint: "Name a SQLite file, or a database as postgres://...")
    }
    return path
  }

  private static func named(
    option: String?, environment: Environment, project: Project, values: ExternalValues
  ) throws(Fault) -> String {
    if let option { return option }
    if let variable = environment["TIDEMARK_STATE"], !variable.isEmpty { return variable }
    if let template = project.state {
      let path = try values.text(of: template)
      return path.contains("://") ? path : Path.joined(path, to: project.root)
    }
    if let folder = systemdFolder(environment) { return folder + "/state.db" }
    return project.root + "/.tidemark/state.db"
  }

  /// Where a unit names several folders they stand with colons between.
  static func systemdFolder(_ environment: Environment) -> String? {
    environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
  }

  /// The text of `--state` for a command line that another process runs from wherever it stands.
  /// - Parameter file: what the command line is written into, for the message.
  /// - Throws: `Fault` `bad_value` for a database, whose password would stand there.
  static func elsewhere(_ option: String?, writtenInto file: String) throws(Fault) -> String? {
    guard let option else { return nil }
    if isDatabase(option) {
      throw Fault(
        "bad_value", .usage, "`--state` names a database, which does not belong into \(file)",
        cause: "Others may read it there",
        hint: "Write `state: \"${credential.state}\"` into tidemark.yaml")
    }
    return option.hasPrefix("/") ? option : try Path.absolute(".") + "/" + option
  }

  /// True where the state lies in a Postgres database and not in a file.
  static func isDatabase(_ path: String) -> Bool {
    path.hasPrefix("postgres://") || path.hasPrefix("postgresql://")
  }
}

internal import Glibc
internal import Model
internal import Runtime

/// `tidemark init`: a project to begin with, whose first job runs on any Postgres.
enum InitCommand {
  static let spec = CommandSpec(
    name: "init", summary: "Make a project: tidemark.yaml and a first job that runs on any Postgres",
    discussion: """
      Writes tidemark.yaml, jobs/relation-sizes.yaml and .gitignore. Files that are there already are never changed.
      """,
    operands: [
      .init(name: "DIR", help: "the folder, made where it is missing (default: here)", isRequired: false)
    ],
    example: "tidemark init reports",
    run: { try run($0) })

  private static func run(_ invocation: Invocation) throws -> ExitCode {
    let folder = invocation.operands.first ?? "."
    let files = [
      ("tidemark.yaml", InitFiles.project(named: projectName(folder))),
      ("jobs/relation-sizes.yaml", InitFiles.job), (".gitignore", InitFiles.ignored),
    ]
    for name in ["tidemark.yaml", "jobs/relation-sizes.yaml"] where access("\(folder)/\(name)", F_OK) == 0 {
      throw Fault(
        "file_exists", .conflict, "There is a \(name) in \(folder) already",
        hint: "Name another folder: `tidemark init NEW`")
    }
    for path in [folder, folder + "/jobs"] where mkdir(path, 0o755) != 0 && errno != EEXIST {
      throw SystemFault.fault("make", path)
    }
    var written: [String] = []
    for (name, text) in files where access("\(folder)/\(name)", F_OK) != 0 {
      // They hold no secret, and services read them as another user.
      let file = try FileDescriptor("\(folder)/\(name)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o666)
      try file.write(Array(text.utf8))
      written.append("\(folder == "." ? "" : folder + "/")\(name)")
    }
    if invocation.has("json") {
      Terminal.print(JSONValue.object([.init("files", .array(written.map(JSONValue.string)))]).prettyText)
      return .ok
    }
    for name in written { Terminal.print("wrote \(name)") }
    Terminal.print("")
    Terminal.print("Next, with a Postgres that you may read from:")
    if folder != "." { Terminal.print("  cd \(folder)") }
    Terminal.print("  export DATABASE=postgresql://user@host/database    # the password in ~/.pgpass")
    Terminal.print("  tidemark validate")
    Terminal.print("  tidemark run relation-sizes && cat out/relation-sizes.csv")
    return .ok
  }

  /// The folder's own name, as far as it can be a project's.
  private static func projectName(_ folder: String) -> String {
    let name = folder == "." ? Path.real(folder) ?? folder : folder
    let last = name.split(separator: "/").last.map(String.init) ?? ""
    let plain = String(
      last.lowercased().unicodeScalars.map { scalar in
        ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) ? Character(scalar) : "-"
      })
    let trimmed = plain.drop { $0 == "-" }
    return trimmed.isEmpty ? "reports" : String(trimmed.prefix(60))
  }
}

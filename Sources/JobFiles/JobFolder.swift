package import Model

/// Finds job files: `jobs/*.yaml` of a project.
package enum JobFolder {
  static let endings = [".yaml", ".yml"]

  package static func exists(root: String) -> Bool { TextFile.exists(root + "/jobs") }

  /// Paths of all job files, sorted. Names that begin with a dot are left out.
  /// - Throws: `Fault` `no_project` where there is no folder `jobs`.
  package static func list(root: String) throws(Fault) -> [String] {
    guard exists(root: root) else {
      throw Fault(
        "no_project", .config, "There is no folder `jobs` in \(root)",
        hint: "Go to the folder with tidemark.yaml, name it with --project, or make one: `tidemark init`")
    }
    let folder = root + "/jobs"
    return try TextFile.names(in: folder)
      .filter { name in !name.hasPrefix(".") && endings.contains { name.hasSuffix($0) } }
      .map { folder + "/" + $0 }
  }

  /// The name of every job, and its file. One that cannot be read is named as its file.
  package static func names(root: String) throws(Fault) -> [(name: String, path: String)] {
    var named: [(name: String, path: String)] = []
    for path in try list(root: root) {
      named.append((declaredName(path) ?? stem(path), path))
    }
    return named
  }

  /// The job that is named on a command line, with its file: by `job: NAME`, else by its file's name, or by the
  /// path of a file, of this folder or another. The one way from what people write to a job.
  /// - Throws: `Fault` `unknown_job`, with a suggestion; `ambiguous_job` where another file of the folder has the
  ///   same job, however the two were told apart: they would share their runs.
  package static func find(_ text: String, root: String) throws(Fault) -> (name: String, path: String) {
    if text.contains("/") || endings.contains(where: { text.hasSuffix($0) }) {
      return try file(at: text, root: root)
    }
    let named = try names(root: root)
    guard
      let found = named.first(where: { $0.name == text }) ?? named.first(where: { stem($0.path) == text })
    else { throw unknown(text, among: named, root: root) }
    try refuseTwins(of: found.name, among: named)
    return found
  }

  /// The file of the job that a run is of: one that only its file's name suggests is another job.
  /// - Throws: `Fault` `unknown_job`, `ambiguous_job`.
  package static func file(of job: JobName, root: String) throws(Fault) -> String {
    let named = try names(root: root)
    guard let found = named.first(where: { $0.name == job.text }) else {
      throw unknown(job.text, among: named, root: root)
    }
    try refuseTwins(of: found.name, among: named)
    return found.path
  }

  private static func file(at text: String, root: String) throws(Fault) -> (name: String, path: String) {
    guard let path = [text, root + "/" + text].first(where: TextFile.exists) else {
      throw Fault(
        "unknown_job", .notFound, "There is no file \(text.shortened)", hint: hint(forPath: text, root: root))
    }
    let named = exists(root: root) ? try names(root: root) : []
    let place = TextFile.absolute(path)
    guard let listed = named.first(where: { TextFile.absolute($0.path) == place }) else {
      return (declaredName(path) ?? stem(path), path)
    }
    try refuseTwins(of: listed.name, among: named)
    return (listed.name, path)
  }

  private static func refuseTwins(
    of name: String, among named: [(name: String, path: String)]
  ) throws(Fault) {
    let twins = named.filter { $0.name == name }
    if twins.count > 1 { throw .twins(twins[1].path, twins[0].path, named: JobName(name)) }
  }

  private static func unknown(
    _ name: String, among named: [(name: String, path: String)], root: String
  ) -> Fault {
    Fault(
      "unknown_job", .notFound, "There is no job \(name.shortened) in \(root)/jobs",
      hint: DidYouMean.hint(for: name, among: named.map(\.name))
        ?? (named.isEmpty ? nil : "There are " + named.map(\.name).listed))
  }

  /// The files that there are, for a path that leads nowhere.
  private static func hint(forPath path: String, root: String) -> String? {
    do throws(Fault) {
      let known = try list(root: root).map {
        "jobs/" + ($0.split(separator: "/").last.map(String.init) ?? $0)
      }
      let meant = stem(path)
      if let near = DidYouMean.nearest(to: meant, among: known.map(stem)),
        let file = known.first(where: { stem($0) == near })
      {
        return "Did you mean `\(file)`?"
      }
      return known.isEmpty ? nil : "There are " + known.listed
    } catch {
      return "The project \(root) has no folder jobs/: name it with --project"
    }
  }

  /// What `job:` says; nil where it is left out or the file cannot be read, whose faults are told by whoever
  /// reads the job.
  private static func declaredName(_ path: String) -> String? {
    do throws(Fault) {
      let bytes = try TextFile.read(path, atMost: YAMLLimits.standard.bytes)
      return try YAMLReader.read(bytes, file: path).node.mapping?["job"]?.text?.text
    } catch {
      return nil
    }
  }

  static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    for ending in endings where name.hasSuffix(ending) { return String(name.dropLast(ending.count)) }
    return name
  }
}

extension Fault {
  /// Two files have one job's name.
  package static func twins(_ path: String, _ owner: String, named name: JobName) -> Fault {
    Fault(
      "ambiguous_job", .config, "\(path) and \(owner) are both named \(name)",
      hint: "Change `job:` in one of them")
  }
}

extension [String] {
  /// For hints: the first twenty, and how many more there are.
  var listed: String {
    let more = count > 20 ? " and \(count - 20) more" : ""
    return prefix(20).joined(separator: ", ") + more
  }
}

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

  /// The file of a job that is named on a command line: a path, `jobs/NAME.yaml`, or the file that has
  /// `job: NAME`.
  /// - Throws: `Fault` `unknown_job`, with a suggestion; `ambiguous_job` where two files have that name.
  package static func find(_ name: String, root: String) throws(Fault) -> String {
    if name.contains("/") || endings.contains(where: { name.hasSuffix($0) }) {
      for path in [name, root + "/" + name] where TextFile.exists(path) { return path }
      throw Fault(
        "unknown_job", .notFound, "There is no file \(name.shortened)", hint: hint(forPath: name, root: root))
    }
    let named = try names(root: root)
    let found = named.filter { $0.name == name }
    if found.count > 1 {
      throw Fault(
        "ambiguous_job", .config, "Two files are named \(name): \(found[0].path) and \(found[1].path)",
        hint: "Change `job:` in one of them, or name the file")
    }
    if let path = found.first?.path ?? named.first(where: { stem($0.path) == name })?.path { return path }
    throw Fault(
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

extension [String] {
  /// For hints: the first twenty, and how many more there are.
  var listed: String {
    let more = count > 20 ? " and \(count - 20) more" : ""
    return prefix(20).joined(separator: ", ") + more
  }
}

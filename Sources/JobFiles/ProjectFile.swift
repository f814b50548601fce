package import Model

/// What the jobs of a project share, as read from `tidemark.yaml`.
package struct ProjectFile: Hashable, Sendable {
  package var project: Project
  package var warnings: [Fault]
  /// Keys for jobs that leave them out.
  private(set) var defaults: YAMLMapping

  package static let name = "tidemark.yaml"

  /// Reads a project's file or files.
  ///
  /// - Parameters:
  ///   - root: the project's folder.
  ///   - configs: files to read in place of `tidemark.yaml`, later ones over earlier ones, mapping by mapping.
  ///     Empty: `tidemark.yaml` of the root, or a project without settings where there is none.
  package static func read(root: String, configs: [String] = []) -> Result<ProjectFile, Faults> {
    let standard = root + "/" + name
    let paths = configs.isEmpty ? (TextFile.exists(standard) ? [standard] : []) : configs
    var faults: [Fault] = []
    var files: [(path: String, bytes: [UInt8])] = []
    for path in paths {
      do throws(Fault) {
        files.append((path, try TextFile.read(path, atMost: YAMLLimits.standard.bytes)))
      } catch {
        faults.append(error)
      }
    }
    return faults.isEmpty ? read(files: files, root: root) : .failure(Faults(faults))
  }

  /// Reads project files out of bytes, base first.
  package static func read(
    files: [(path: String, bytes: [UInt8])], root: String
  ) -> Result<ProjectFile, Faults> {
    var merged = YAMLMapping()
    var faults: [Fault] = []
    for (path, bytes) in files {
      do throws(Fault) {
        let (written, found) = try YAMLReader.read(bytes, file: path)
        let (node, misfits) = ShapeCheck.repairing(written, against: .record(ProjectShape.project))
        faults += found + misfits
        merged = Defaults.merge(node.mapping ?? YAMLMapping(), over: merged)
      } catch {
        // A file of remarks alone sets nothing.
        if error.code != "yaml_empty" { faults.append(error) }
      }
    }
    var decoder = ProjectDecoder(merged, root: TextFile.absolute(root), files: files.map(\.path))
    var project = decoder.project()
    faults += decoder.faults
    if !faults.isEmpty { return .failure(Faults(faults.inOrder(of: files.map(\.path)))) }
    let defaults = merged["defaults"]?.mapping ?? YAMLMapping()
    project.defaults = CanonicalText.flow(YAMLMapping(defaults.entries.filter { !isOfToday($0) }))
    return .success(ProjectFile(project: project, warnings: decoder.warnings, defaults: defaults))
  }

  /// What says how a run is worked on and who is told, and nothing of its result, counts as it is today: notifiers and
  /// pools of then may be gone.
  private static func isOfToday(_ entry: YAMLMapping.Entry) -> Bool {
    ["notify", "errors", "limits", "retention", "schedule"].contains(entry.key.text)
  }

  /// The same project with other defaults for what decides a result.
  /// - Parameter text: as in `Project.defaults`.
  /// - Throws: `Fault` of a text that is no YAML.
  func having(defaults text: String) throws(Fault) -> ProjectFile {
    var file = self
    let saved = try YAMLReader.read(Array(text.utf8), file: "saved \(ProjectFile.name)").node.mapping
    file.defaults = YAMLMapping(
      (saved?.entries ?? []).filter { !ProjectFile.isOfToday($0) }
        + defaults.entries.filter(ProjectFile.isOfToday))
    return file
  }
}

package import Model

/// Reads job files: the way from a path or bytes to a `Job`, or to all that is wrong with them.
package enum JobFile {
  /// A job as read, with what may not be as its author thought.
  package struct Reading: Hashable, Sendable {
    package var job: Job
    package var warnings: [Fault]
    /// SHA-256 of what the file says once merged with the project's defaults: the same for files that differ
    /// only in layout, remarks, quoting, anchors, `x-` keys or the order of keys outside of lists.
    package var hash: String
    /// The file as it was, for receipts.
    package var text: String
  }

  /// Reads the file at `path`. Faults name it as given here.
  package static func read(path: String, project: ProjectFile) -> Result<Reading, Faults> {
    do throws(Fault) {
      let bytes = try TextFile.read(path, atMost: YAMLLimits.standard.bytes)
      return read(bytes: bytes, file: path, project: project)
    } catch {
      return .failure(Faults([error]))
    }
  }

  /// Reads a job out of bytes that came otherwise; `file` is what faults name, and its stem is the job's name
  /// where the text gives none.
  package static func read(bytes: [UInt8], file: String, project: ProjectFile) -> Result<Reading, Faults> {
    read(bytes: bytes, file: file, project: project, isSaved: false)
  }

  /// Reads what a run was begun by, which is to be finished whatever is refused by now.
  /// - Parameter defaults: the project's of then; `nil` where an older Tidemark has not saved them.
  package static func read(
    saved text: String, file: String, defaults: String?, project: ProjectFile
  ) -> Result<Reading, Faults> {
    do throws(Fault) {
      let project = if let defaults { try project.having(defaults: defaults) } else { project }
      return read(bytes: Array(text.utf8), file: file, project: project, isSaved: true)
    } catch {
      return .failure(Faults([error]))
    }
  }

  private static func read(
    bytes: [UInt8], file: String, project: ProjectFile, isSaved: Bool
  ) -> Result<Reading, Faults> {
    let written: YAMLNode
    var faults: [Fault]
    do throws(Fault) {
      (written, faults) = try YAMLReader.read(bytes, file: file)
    } catch {
      return .failure(Faults([error]))
    }
    let (node, found) = ShapeCheck.repairing(written, against: .record(JobShape.job))
    guard let own = node.mapping else {
      let fault = Fault(
        "wrong_type", .validation, "A job file is a mapping, but this is \(node.kindName)", place: node.place,
        hint: "Write `key: value` lines")
      return .failure(Faults((faults + [fault]).inOrder(of: [file])))
    }
    faults += found
    let merged = YAMLNode(
      place: node.place, content: .mapping(Defaults.merge(job: own, over: project.defaults)))
    guard let root = Fields(merged) else { return .failure(Faults(faults)) }
    var decoder = JobDecoder(root: root, file: file, project: project.project, isSaved: isSaved)
    let job = decoder.job(namedAfter: JobFolder.stem(file))
    faults += decoder.faults
    guard faults.isEmpty, let job else {
      return .failure(Faults(faults.inOrder(of: [file])))
    }
    return .success(
      Reading(
        job: job, warnings: decoder.warnings.inOrder(of: [file]), hash: CanonicalText.hash(merged),
        text: String(decoding: bytes, as: UTF8.self)))
  }
}

extension [Fault] {
  /// By place, each once: what has no place first, then file by file.
  func inOrder(of files: [String]) -> [Fault] {
    func rank(_ fault: Fault) -> (Int, Int, Int) {
      guard let place = fault.place else { return (-1, 0, 0) }
      return (files.firstIndex(of: place.file) ?? files.count, place.line, place.column)
    }
    var seen: Set<Fault> = []
    return enumerated().sorted { left, right in
      let (a, b) = (rank(left.element), rank(right.element))
      return a == b ? left.offset < right.offset : a < b
    }
    .map(\.element).filter { seen.insert($0).inserted }
  }
}

internal import Formats
internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// The files among a job's stores: where they go, who may write them, and which of them have appeared.
extension Publisher {
  /// Takes the files away from every owner before this one. To be done before anything that may fail: whoever
  /// ends this run for good relies on it.
  /// - Parameter run: the one run that they are taken away from; `nil` for all of the identity.
  static func fenceFiles(
    of job: Job, references: ReferenceScope, identity: RunIdentity, run: RunID? = nil,
    in environment: EngineEnvironment
  ) throws(Fault) {
    for case .file(let rule) in job.sinks {
      let path = try path(of: rule, references, in: environment)
      do throws(Fault) {
        try PreparedFile.fence(path, in: environment.outputRoot, identity, of: run)
      } catch {
        throw error.at(rule.place)
      }
    }
  }

  /// The files of a run that have appeared, whether or not the state came to know of it: what lies at their paths is
  /// what the run had written. One that was moved away or written over since does not count.
  /// - Returns: the names of their sinks.
  static func appearedFiles(
    of job: Job, references: ReferenceScope, marks: [SinkMark], in environment: EngineEnvironment
  ) throws(Fault) -> [String] {
    var appeared: [String] = []
    for (position, rule) in job.sinks.enumerated() {
      guard case .file(let file) = rule else { continue }
      let sink = TargetResolver.name(position, rule)
      guard let mark = marks.first(where: { $0.sink == sink }) else { continue }
      let path = "\(environment.outputRoot)/\(try path(of: file, references, in: environment))"
      if let found = try FileMark(of: path), mark.details == known(by: found) { appeared.append(sink) }
    }
    return appeared
  }

  /// A file's path within the output folder.
  static func path(
    of rule: FileSinkRule, _ references: ReferenceScope, in environment: EngineEnvironment
  ) throws(Fault) -> String {
    environment.project.pathInOutput(try NameResolver(references: references).text(rule.path))
  }

  /// The same, where it stays inside that folder and a file can hold the result.
  static func outputPath(
    of rule: FileSinkRule, _ plan: Plan, _ resolver: TargetResolver, _ environment: EngineEnvironment
  ) throws -> String {
    let path = try path(of: rule, resolver.references, in: environment)
    _ = try OutputFile.parts(path)
    let faults = plan.result.filter { !$0.type.hasFileForm }.map { column in
      Fault(
        "target_misfit", .validation,
        "A file has no form for column `\(column.name)`, which is \(column.type.sqlName)", place: rule.place,
        hint: TargetFit.hint(takingAsText: column.name))
    }
    if !faults.isEmpty { throw Faults(faults) }
    return path
  }
}

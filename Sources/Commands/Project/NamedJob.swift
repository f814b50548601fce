internal import Engine
internal import JobFiles
internal import Model
internal import StateStore

/// A job as somebody named it on a command line: `daily`, `jobs/daily.yaml`, `daily[tenant=acme]`.
struct NamedJob: Hashable, Sendable, CustomStringConvertible {
  var name: JobName
  /// As it stands in the brackets.
  var row: String?

  var description: String { name.subject(row: row ?? "") }

  /// To be given to a shell.
  var argument: String { ShellWord.quoted("\(self)") }
}

/// What `RUN|JOB` of a command line names.
enum NamedSubject: Sendable {
  case run(RunRecord)
  case job(NamedJob)
}

extension ProjectContext {
  /// A job that has a file.
  /// - Throws: `Fault` `unknown_job`, `ambiguous_job`; `no_project` where there is no folder of jobs.
  func named(_ text: String) throws(Fault) -> (job: NamedJob, path: String) {
    let (name, row) = ProjectContext.parts(text)
    let found = try JobFolder.find(name, root: root)
    return (NamedJob(name: JobName(found.name), row: row), found.path)
  }

  /// A job that has a file or runs, and of its matrix a row that it has or had.
  /// - Throws: as without a state; `unknown_matrix_row` or `no_matrix`, or of what is asked for the rows.
  func named(_ text: String, in store: Store) async throws -> NamedJob {
    let job: NamedJob
    let path: String
    do throws(Fault) {
      (job, path) = try named(text)
    } catch {
      let (name, row) = ProjectContext.parts(text)
      let left = NamedJob(name: JobName(name), row: row)
      if error.code != "ambiguous_job", try await hasRuns(left, in: store) { return left }
      throw error
    }
    if job.row != nil, try await !hasRuns(job, in: store) {
      _ = try await JobRows(reading(of: path).job, queries).rows(named: job.row)
    }
    return job
  }

  private func hasRuns(_ job: NamedJob, in store: Store) async throws -> Bool {
    try await !runs(of: job, in: store, RunFilter(limit: 1)).isEmpty
  }

  /// A run by its id, or a job.
  /// - Throws: `Fault` `no_such_run` where it is neither; else as `named`.
  func subject(_ text: String, in store: Store) async throws -> NamedSubject {
    if let run = try await store.run(RunID(text)) { return .run(run) }
    do {
      return .job(try await named(text, in: store))
    } catch let fault as Fault where fault.code == "unknown_job" {
      throw Fault(
        "no_such_run", .notFound, "There is no run and no job named `\(text)`",
        hint: fault.hint ?? "`tidemark history` lists runs")
    }
  }

  /// `daily` and `tenant=acme` of `daily[tenant=acme]`.
  private static func parts(_ name: String) -> (job: String, row: String?) {
    guard name.hasSuffix("]"), let open = name.firstIndex(of: "[") else { return (name, nil) }
    return (String(name[..<open]), String(name[name.index(after: open)...].dropLast()))
  }
}

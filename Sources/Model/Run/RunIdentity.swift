/// What a run is for. Two runs of one identity make the same result, and only one may be going.
package struct RunIdentity: Hashable, Sendable {
  package var project: String
  package var job: JobName
  /// The matrix row's name, as in `daily[tenant=acme]`; empty where the job has no matrix.
  package var matrixRow: String
  /// `nil` for a job with neither schedule nor interval.
  package var interval: TimeRange?
  /// Name and value in text form, sorted by name.
  package var parameters: [String: String]
  /// For jobs without interval, where each run is one of its own.
  package var serial: Int

  package init(
    project: String, job: JobName, matrixRow: String, interval: TimeRange?,
    parameters: [String: String], serial: Int = 0
  ) {
    self.project = project
    self.job = job
    self.matrixRow = matrixRow
    self.interval = interval
    self.parameters = parameters
    self.serial = serial
  }

  /// As `JobName.subject`.
  package var subject: String { job.subject(row: matrixRow) }

  /// One line that is equal exactly for equal identities: the key in stores and ledgers.
  package var key: String {
    let (head, tail) = keyAroundSpan
    let span = interval.map { "\($0.start.microseconds)/\($0.end.microseconds)" } ?? "#\(serial)"
    return head + span + tail
  }

  /// What stands in the key before and behind the one part that tells the runs of a job, a matrix row and parameters
  /// apart, which itself holds no `|`.
  package var keyAroundSpan: (head: String, tail: String) {
    func escaped(_ text: String) -> String {
      var out = ""
      for scalar in text.unicodeScalars {
        if scalar == "|" || scalar == "\\" || scalar == "=" || scalar == "&" {
          out += "\\"
        }
        out.unicodeScalars.append(scalar)
      }
      return out
    }
    let given = parameters.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
      .map { "\(escaped($0.key))=\(escaped($0.value))" }.joined(separator: "&")
    return ([project, job.text, matrixRow].map { escaped($0) + "|" }.joined(), "|\(given)")
  }
}

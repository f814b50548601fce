package import Model
package import StateStore

/// What somebody asks to be run.
package struct RunRequest: Sendable {
  package var job: Job
  /// The job file as read, and the hash of what it says.
  package var jobText: String
  package var jobHash: String
  package var project: Project
  package var choice: IntervalChoice
  /// `--set name=value`, as given.
  package var parameters: [String: String]
  /// The row of the job's matrix; `nil` where it has none.
  package var matrixRow: MatrixRow?
  /// Over the job's own.
  package var parallelism: Int?
  /// A new revision of an identity that has succeeded.
  package var again: Bool
  /// Lets `replace` put an older interval in place of a newer one.
  package var force: Bool
  /// The fire to claim; `nil` also for going on with a run that has claimed its fire already.
  package var fire: FireKey?
  /// What the ledger shall say of the run's fires after a success: `ran` or `caught_up`.
  package var fireOutcome: FireOutcome
  /// A success after this moment makes `ran` into `late`.
  package var finishBy: Instant?
  /// What is told with a success after that moment.
  package var lateNotices: [NoticeDraft] = []
  /// Pauses the job where its fires have failed too often with the one that ends now, by this fault.
  package var pause: (@Sendable (Fault?) -> FailurePause?)?
  package var startedBy = Starter.hand
  /// Who asks carries `errors.rerun` out, also where no fire does.
  package var waitsToRerun = false

  /// Who asks.
  package enum Starter: String, Hashable, Sendable { case hand, schedule, backfill }

  package init(
    job: Job, jobText: String, jobHash: String, project: Project, choice: IntervalChoice,
    parameters: [String: String] = [:], matrixRow: MatrixRow? = nil, parallelism: Int? = nil,
    again: Bool = false, force: Bool = false, fire: FireKey? = nil,
    fireOutcome: FireOutcome = .ran, finishBy: Instant? = nil
  ) {
    self.job = job
    self.jobText = jobText
    self.jobHash = jobHash
    self.project = project
    self.choice = choice
    self.parameters = parameters
    self.matrixRow = matrixRow
    self.parallelism = parallelism
    self.again = again
    self.force = force
    self.fire = fire
    self.fireOutcome = fireOutcome
    self.finishBy = finishBy
  }

  /// What the ledger shall say of the run's fires after a success at that moment.
  package func outcome(at moment: Instant) -> FireOutcome {
    fireOutcome == .ran && isLate(at: moment) ? .late : fireOutcome
  }

  /// What is told with a success at that moment: that it is late, also of a fire that was caught up.
  package func lateNotices(at moment: Instant) -> [NoticeDraft] {
    isLate(at: moment) ? lateNotices : []
  }

  private func isLate(at moment: Instant) -> Bool { finishBy.map { moment > $0 } ?? false }
}

/// Which interval a run is for.
package enum IntervalChoice: Hashable, Sendable {
  /// The last one that has ended.
  case latest
  /// `yesterday`, `2026-03`, `2026-W12`.
  case named(String)
  /// As given, whole pieces or not.
  case range(TimeRange)
  /// What the fire at that moment is for. Under `span: fire` that is what the ledger has entered it with: the fire before
  /// it may be one of a schedule that the job no longer has.
  case fire(Instant, entered: TimeRange?)
}

/// One row of a matrix: a name and its cells.
package struct MatrixRow: Hashable, Sendable {
  package var cells: [String: String]

  package init(_ cells: [String: String]) {
    self.cells = cells
  }

  /// `tenant=acme` for `job[tenant=acme]`: the cells by name, as many as tell rows apart.
  package func name(by columns: [String]) -> String {
    columns.map { "\($0)=\(cells[$0] ?? "")" }.joined(separator: ",")
  }
}

extension RunRecord {
  /// Whether it was begun to take the place of what there is.
  var isAgain: Bool { settings["again"]?.boolValue == true }

  /// The row of the matrix that the run was begun for, with the cells of then; `nil` where there is none, or an older
  /// Tidemark has begun it.
  package var savedRow: MatrixRow? {
    guard case .object(let members)? = settings[MatrixRow.setting] else { return nil }
    return MatrixRow(
      Dictionary(
        members.compactMap { cell in cell.value.stringValue.map { (cell.name, $0) } },
        uniquingKeysWith: { $1 }))
  }
}

extension MatrixRow {
  fileprivate static let setting = "matrix"

  /// As a run's settings keep it.
  var settings: [JSONValue.Member] {
    let cells = cells.sorted { $0.key < $1.key }
    return [.init(MatrixRow.setting, .object(cells.map { .init($0.key, .string($0.value)) }))]
  }
}

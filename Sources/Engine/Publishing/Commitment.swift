internal import Model
internal import Planning
internal import StateStore

/// What a run goes by once a sink has committed: the job as it was, with the project's defaults, the moment it stood for,
/// and what databases had said when it was planned.
///
/// From there a run only goes forward, so nothing of it may depend on the job file or the source any
/// more: either may have changed, or be gone.
struct Commitment {
  var jobFile: String
  var jobText: String
  /// What the project's file had for jobs that leave it out; `nil` where an older Tidemark has saved this.
  var defaults: String?
  /// What `${fire.time}` stands for.
  var fireTime: Instant
  var answers: [[PlanAnswer]]

  private static let version = 1

  var bytes: [UInt8] {
    Array(
      JSONValue.object([
        .init("version", .integer(Commitment.version)), .init("job_file", .string(jobFile)),
        .init("job", .string(jobText)), .init("defaults", .optional(defaults)),
        .init("fire_time", .integer(fireTime.microseconds)),
        .init("answers", .array(answers.map { .array($0.map(\.json)) })),
      ]).text.utf8)
  }

  init(_ request: RunRequest, fireTime: Instant, answers: [[PlanAnswer]]) {
    jobFile = request.job.file
    jobText = request.jobText
    defaults = request.project.defaults
    self.fireTime = fireTime
    self.answers = answers
  }

  /// - Throws: `Fault` `bad_plan` for one of another version or a damaged one.
  init(bytes: [UInt8]) throws(Fault) {
    let document = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
    guard document["version"]?.intValue == Commitment.version,
      let file = document["job_file"]?.stringValue, let text = document["job"]?.stringValue,
      let fireTime = document["fire_time"]?.intValue
    else {
      throw Fault(
        "bad_plan", .data, "The saved job of the run was written by another version of Tidemark",
        hint: "Go on with the version that began to publish it")
    }
    jobFile = file
    jobText = text
    defaults = document["defaults"]?.stringValue
    self.fireTime = Instant(microseconds: Int64(fireTime))
    answers = []
    for round in document["answers"]?.elements ?? [] {
      var list: [PlanAnswer] = []
      for answer in round.elements { list.append(try PlanAnswer(json: answer)) }
      answers.append(list)
    }
  }

  /// What is another by now, for a sentence; `nil` where nothing is.
  func changed(to present: RunRequest) -> String? {
    if jobText != present.jobText { return "the job file has" }
    return defaults == nil || defaults == present.project.defaults ? nil : "the project's `defaults` have"
  }

  /// Its places are lines of what was saved: where the file says something else by now they are not the file's.
  private func job(
    of run: RunRecord, _ present: RunRequest, in environment: EngineEnvironment
  ) throws(Faults) -> Job {
    if jobText == present.jobText { return try environment.readJob(jobText, jobFile, defaults) }
    var job = try environment.readJob(jobText, "saved with run \(run.id)/\(jobFile)", defaults)
    job.file = jobFile
    return job
  }

  /// What was asked for when the run began to publish.
  /// - Parameter present: what is asked for now.
  /// - Throws: `Faults` where the saved job cannot be read any more.
  func request(
    for run: RunRecord, _ present: RunRequest, in environment: EngineEnvironment
  ) throws -> (RunRequest, RunContext) {
    var bound = present
    bound.job = try job(of: run, present, in: environment)
    bound.jobText = jobText
    bound.choice = run.identity.interval.map(IntervalChoice.range) ?? .latest
    bound.parameters = run.identity.parameters
    bound.matrixRow = run.savedRow ?? present.matrixRow
    var context = try RunContext(
      bound, matrixRowName: run.identity.matrixRow, now: fireTime, zones: environment.zones)
    context.identity = run.identity
    return (bound, context)
  }
}

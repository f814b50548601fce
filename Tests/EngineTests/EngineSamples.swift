import Model
import Runtime
import Timetable

@testable import Engine

/// Jobs and requests that the engine's tests share.
enum EngineSamples {
  static let place = Place(file: "jobs/a.yaml", line: 3, column: 5)

  static func job(
    zone: String = "UTC", interval: IntervalRule = IntervalRule(), parameters: [Parameter] = [],
    notify: [NotifyRule] = []
  ) -> Job {
    Job(
      name: JobName("a"), file: "jobs/a.yaml", description: nil, labels: [:],
      timezone: Template(literal: zone),
      interval: interval, schedule: nil, parameters: parameters, matrix: nil, sources: [], steps: [],
      aggregate: nil, checks: [], sinks: [], errors: .standard, limits: Limits(), notify: notify,
      retention: .standard)
  }

  static let project = Project(
    name: "p", root: "/", connections: ["shop": connection], state: nil, output: "out", notifiers: [:],
    pools: [:],
    files: [])

  static let connection = ConnectionRule(
    name: "shop", url: Template(literal: "postgresql://"), maximumConnections: nil, searchPath: ["public"],
    ledgerSchema: "tidemark", allowsRowSecurity: false, place: place)

  static func request(
    _ job: Job, _ choice: IntervalChoice = .latest, parameters: [String: String] = [:],
    matrixRow: MatrixRow? = nil
  ) -> RunRequest {
    RunRequest(
      job: job, jobText: "", jobHash: "", project: project, choice: choice, parameters: parameters,
      matrixRow: matrixRow)
  }

  static func context(
    _ job: Job, _ choice: IntervalChoice, _ parameters: [String: String] = [:], matrixRow: MatrixRow? = nil
  ) throws -> RunContext {
    try RunContext(
      request(job, choice, parameters: parameters, matrixRow: matrixRow), matrixRowName: "",
      now: instant("2026-06-15T12:00:00Z"),
      zones: .system)
  }

  /// An RFC 3339 moment; the epoch for what is none, which no test means.
  static func instant(_ text: String) -> Instant {
    Instant(rfc3339: text) ?? Instant(microseconds: 0)
  }
}

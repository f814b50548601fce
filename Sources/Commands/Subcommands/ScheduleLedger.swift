internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore
internal import Timetable

/// `tidemark schedule ledger JOB`: every fire of a job with its one outcome.
struct ScheduleLedger {
  private let invocation: Invocation

  init(_ invocation: Invocation) {
    self.invocation = invocation
  }

  func print() async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let (reading, row) = try context.job(invocation.operands[1])
    let scheduled = try await ScheduleReading(
      context, names: [reading.job.file], punctuality: .seconds(60)
    ).scheduled
    let count = try invocation.integer("count", in: 1...100_000) ?? 50
    let from = try invocation.instant("from", scheduled.first?.zone ?? .utc) ?? Instant(microseconds: 0)
    let store = try await context.openStoreToRead()
    let range = TimeRange(start: from, end: Instant(microseconds: Int64.max))
    let fires = try await store.fires(
      project: context.project.name, job: reading.job.name, matrixRow: row, in: range
    ).suffix(count)
    let sightings = try await store.sightings(project: context.project.name)
      .filter { $0.job == reading.job.name && (row == nil || $0.matrixRow == row) }
    await store.close()
    let lines = fires.map { record in
      (record, FireText(record, scheduled.first { $0.id.row == record.key.matrixRow }))
    }
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init("job", .string(reading.job.name.text)),
          .init("first_seen", .optional(sightings.map(\.firstSeen).min()?.text())),
          .init("fires", .array(lines.map { .object($1.members + ScheduleLedger.members($0)) })),
        ]).prettyText)
      return .ok
    }
    guard let first = sightings.map(\.firstSeen).min() else {
      let name = reading.job.name
      Terminal.print(
        reading.job.schedule == nil
          ? "\(name) has no schedule, and so no fires: `tidemark history \(name)` lists its runs"
          : "\(name) has not been seen by a scheduler yet: `tidemark tick` begins its ledger")
      return .ok
    }
    if lines.isEmpty {
      Terminal.print("\(reading.job.name) has had no fire since it was first seen, at \(first.text())")
      return .ok
    }
    let rows = lines.map { record, text in
      [
        text.fire, text.name, text.interval ?? "-", record.outcome.rawValue, record.run?.text ?? "-",
        record.note.map(FaultText.oneLine) ?? "",
      ]
    }
    for line in TextTable(header: ["fire", "job", "interval", "outcome", "run", "note"], rows: rows).lines {
      Terminal.print(line)
    }
    return .ok
  }

  private static func members(_ record: FireRecord) -> [JSONValue.Member] {
    [
      .init("outcome", .string(record.outcome.rawValue)), .init("run", .optional(record.run?.text)),
      .init("note", .optional(record.note)), .init("entered_at", .string(record.createdAt.text())),
      .init("closed_at", .optional(record.closedAt?.text())),
    ]
  }
}

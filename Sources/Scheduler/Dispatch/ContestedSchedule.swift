internal import Model
internal import StateStore

/// A schedule that two hosts turn back and forth, since their files differ.
struct ContestedSchedule {
  let fault: Fault

  /// How soon one host turns back what another has turned, where each only looks now and then.
  static let time = Duration.seconds(2 * 3600)

  /// - Parameters:
  ///   - other: the schedule that this host finds, and puts its own in the place of.
  ///   - before: the change of another host that has put it there.
  /// - Returns: `nil` where that one had not found what this host has: the schedule was edited.
  init?(_ job: ScheduledJob, other: JSONValue, before: ScheduleChange, host: String) {
    guard before.from == job.clock else { return nil }
    let differing = job.clock.members.filter { other[$0.name] != $0.value }.map(\.name)
    fault = Fault(
      "schedule_contested", .conflict,
      "The schedule of \(job.id.job) goes back and forth: host \(before.host) put another one in its place at \(before.at.text()), and host \(host) puts back its own",
      place: job.job.schedule?.place,
      cause:
        "The two hosts have different files of the job, of its `except` or of the project (\(differing.joined(separator: ", ")))",
      hint:
        "Bring both hosts to the same files: each look begins its own schedule now, and the fires in between are lost"
    )
  }
}

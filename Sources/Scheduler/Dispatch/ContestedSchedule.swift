internal import Model
internal import StateStore

/// A schedule that two hosts turn back and forth, since their files differ.
struct ContestedSchedule {
  let fault: Fault

  /// How soon one host turns back what another has turned, where each only looks now and then.
  static let time = Duration.seconds(2 * 3600)

  /// - Parameters:
  ///   - other: the schedule that this host finds, and puts its own in the place of.
  ///   - before: the changes that have put it there, the newest first.
  /// - Returns: `nil` where no other host has put it in the place of what this host had put there before: hosts that
  ///   share one folder of files turn a schedule once each where somebody edits it and takes the edit back.
  init?(_ job: ScheduledJob, other: JSONValue, before: [ScheduleChange], host: String) {
    guard before.count == 2 else { return nil }
    let (theirs, own) = (before[0], before[1])
    guard theirs.host != host, theirs.from == job.clock, own.host == host, own.to == job.clock else {
      return nil
    }
    let differing = job.clock.members.filter { other[$0.name] != $0.value }.map(\.name)
    fault = Fault(
      "schedule_contested", .conflict,
      "The schedule of \(job.id.job) goes back and forth: host \(theirs.host) put another one in its place at \(theirs.at.text()), and host \(host) puts back its own",
      place: job.job.schedule?.place,
      cause:
        "The two hosts have different files of the job, of its `except` or of the project (\(differing.joined(separator: ", ")))",
      hint:
        "Bring both hosts to the same files: each look begins its own schedule now, and the fires in between are lost"
    )
  }
}

internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import Timetable

/// The jobs of a running scheduler: of each file the last version that could be read.
struct SchedulerCatalogue: Sendable {
  private struct Entry: Sendable {
    var file: ScheduledFile
    /// Of the file when it was read; `nil` for one that is to be read again.
    var times: FileTimes?
  }

  private var entries: [String: Entry] = [:]
  private static let punctuality = Duration.seconds(60)

  /// Every matrix row of every job that has a schedule.
  private(set) var scheduled: [ScheduledJob] = []
  /// Every job.
  private(set) var jobs: [Job] = []

  /// A file that cannot be read, and whether an earlier version of it goes on.
  struct Broken: Sendable {
    var path: String
    var faults: [Fault]
    var isKept: Bool
  }

  /// What is to be read again.
  enum Extent: Hashable, Sendable {
    /// Every file, with what it names: dates, rows of a matrix.
    case all
    /// The files that have changed.
    case changes
    /// The matrices that come from queries.
    case matrices
  }

  /// Reads job files anew. Jobs whose files are gone are gone.
  /// - Throws: `Fault` where the folder of jobs is not there.
  func reloaded(_ extent: Extent, _ context: ProjectContext) async throws -> (SchedulerCatalogue, [Broken]) {
    var kept: [String: Entry] = [:]
    var times: [String: FileTimes] = [:]
    var stale: [String] = []
    for path in try JobFolder.list(root: context.root) {
      times[path] = try FileTimes(of: path)
      if let entry = entries[path], isCurrent(entry, times[path], extent) {
        kept[path] = entry
      } else {
        stale.append(path)
      }
    }
    var files = await ScheduledFile.read(stale, context, punctuality: SchedulerCatalogue.punctuality)
    var broken: [Broken] = []
    for index in files.indices where !files[index].faults.isEmpty {
      let path = files[index].path
      broken.append(Broken(path: path, faults: files[index].faults, isKept: entries[path] != nil))
      if let last = entries[path] {
        files[index] = last.file
      } else {
        files[index].job = nil
      }
    }
    let brokenPaths = Set(broken.map(\.path))
    var all = kept.values.map(\.file) + files.filter { $0.job != nil }
    all.sort { $0.path < $1.path }
    for index in all.indices { all[index].faults = [] }
    ScheduledFile.refuseTwins(&all)
    broken += all.filter { !$0.faults.isEmpty }.map {
      Broken(path: $0.path, faults: $0.faults, isKept: false)
    }
    var catalogue = SchedulerCatalogue()
    for file in all {
      guard let job = file.job else { continue }
      catalogue.jobs.append(job)
      catalogue.scheduled += file.scheduled
      let isBroken = brokenPaths.contains(file.path)
      catalogue.entries[file.path] = Entry(
        file: file, times: isBroken ? nil : kept[file.path]?.times ?? times[file.path])
    }
    return (catalogue, broken)
  }

  private func isCurrent(_ entry: Entry, _ times: FileTimes?, _ extent: Extent) -> Bool {
    switch extent {
    case .all: false
    case .changes: times != nil && entry.times == times
    case .matrices: !entry.file.asksForRows && entry.times != nil
    }
  }

  /// When to ask for the rows of matrices again: shortly before a fire that they decide, and now
  /// and then. `nil` where there are none.
  func nextMatrices(after now: Instant) -> Instant? {
    let asking = entries.values.filter(\.file.asksForRows).flatMap(\.file.scheduled)
    let hasEmpty = entries.values.contains { $0.file.asksForRows && $0.file.scheduled.isEmpty }
    if asking.isEmpty, !hasEmpty { return nil }
    let soon = now.advanced(by: SchedulerCatalogue.lead)
    let fire = asking.compactMap { $0.ledger.intervals.fires.next(after: soon)?.instant }.min()
    return min(
      fire?.advanced(by: .zero - SchedulerCatalogue.lead) ?? now.advanced(by: SchedulerCatalogue.patience),
      now.advanced(by: SchedulerCatalogue.patience))
  }

  /// How long before a fire its rows are asked for.
  private static let lead = Duration.seconds(10)
  /// The longest time between two looks.
  private static let patience = Duration.seconds(300)
}

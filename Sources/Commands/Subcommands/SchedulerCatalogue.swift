internal import JobFiles
internal import Model
internal import Scheduler

/// The jobs of a running scheduler: of each file the last version that could be read.
struct SchedulerCatalogue {
  private struct Entry {
    var scheduled: [ScheduledJob]
    var jobs: [Job]
  }

  private var entries: [String: Entry] = [:]

  /// Every matrix row of every job that has a schedule.
  var scheduled: [ScheduledJob] { entries.keys.sorted().flatMap { entries[$0]?.scheduled ?? [] } }

  /// Every job.
  var jobs: [Job] { entries.keys.sorted().flatMap { entries[$0]?.jobs ?? [] } }

  /// A file that cannot be read, and whether an earlier version of it goes on.
  struct Broken {
    var path: String
    var faults: [Fault]
    var isKept: Bool
  }

  /// Reads all job files anew. Jobs whose files are gone are gone.
  /// - Throws: `Fault` where the folder of jobs is not there; nothing is changed then.
  mutating func reload(_ context: ProjectContext) throws -> [Broken] {
    var next: [String: Entry] = [:]
    var broken: [Broken] = []
    for path in try JobFolder.list(root: context.root) {
      var faults: [Fault]
      do {
        let reading = try ScheduleReading(context, names: [path], punctuality: .seconds(60))
        faults = reading.faults
        if faults.isEmpty { next[path] = Entry(scheduled: reading.scheduled, jobs: reading.jobs) }
      } catch let fault as Fault {
        // Gone between the listing and the reading.
        faults = [fault]
      }
      if faults.isEmpty { continue }
      next[path] = entries[path]
      broken.append(Broken(path: path, faults: faults, isKept: entries[path] != nil))
    }
    broken += SchedulerCatalogue.dropTwins(&next)
    entries = next
    return broken
  }

  /// Of two files with one job's name only the first counts: they would share a ledger.
  private static func dropTwins(_ entries: inout [String: Entry]) -> [Broken] {
    var owners: [JobName: String] = [:]
    var broken: [Broken] = []
    for path in entries.keys.sorted() {
      guard let name = entries[path]?.jobs.first?.name else { continue }
      guard let owner = owners[name] else {
        owners[name] = path
        continue
      }
      entries[path] = nil
      let fault = Fault(
        "ambiguous_job", .config, "\(path) and \(owner) are both named \(name)",
        hint: "Change `job:` in one of them")
      broken.append(Broken(path: path, faults: [fault], isKept: false))
    }
    return broken
  }
}

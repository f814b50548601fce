internal import Engine
internal import Model
internal import Scheduler
internal import StateStore

/// Rows of a matrix query that are named by other columns than the rows that were seen before.
///
/// Which columns name them hangs on the data. With another name a row has another identity: its runs, fires and
/// intervals begin anew.
struct RenamedRows {
  let job: JobName
  /// Which columns name the rows, and named them.
  let now: String
  let before: String

  /// Those of which none has been seen yet: behind the first look nobody is told again.
  static func find(_ scheduled: [ScheduledJob], _ sightings: [Sighting]) -> [RenamedRows] {
    var columns: [JobName: (now: String, seen: Set<String>)] = [:]
    for job in scheduled {
      guard case .query? = job.job.matrix, columns[job.id.job] == nil, let row = job.request.matrixRow
      else { continue }
      let seen = sightings.filter { $0.job == job.id.job && !$0.matrixRow.isEmpty }
      columns[job.id.job] = (
        row.columns(naming: job.id.row), Set(seen.map { row.columns(naming: $0.matrixRow) })
      )
    }
    return columns.compactMap { job, columns in
      guard let before = columns.seen.min(), !columns.seen.contains(columns.now) else { return nil }
      return RenamedRows(job: job, now: columns.now, before: before)
    }.sorted { $0.job.text < $1.job.text }
  }

  func tell(_ log: SchedulerLog) {
    log.write(
      .warning, "matrix_renamed",
      [
        .init("job", .string(job.text)), .init("named_by", .string(now)), .init("before", .string(before)),
        .init(
          "reason",
          .string(
            "the first column that tells all rows apart is another now: the rows begin anew, as other ones")),
      ])
  }
}

extension MatrixRow {
  /// Which of its columns make a name of a row: one, or all.
  fileprivate func columns(naming name: String) -> String {
    let columns = cells.keys.sorted()
    let isByAll = columns.count > 1 && columns.dropFirst().allSatisfy { name.contains(",\($0)=") }
    return isByAll ? columns.joined(separator: ",") : String(name.prefix { $0 != "=" })
  }
}

internal import Engine
internal import Model
internal import StateStore

/// Rows of a matrix query that may be named by another column than before.
///
/// Which columns name them hangs on the data. With another name a row has another identity: its runs, fires and
/// intervals begin anew, also where the name is one that rows had before.
struct RenamedRows {
  /// In the audit trail, and the fault's code.
  static let event = "matrix_renamed"

  private let job: ScheduledJob
  /// Which columns name the rows.
  private let now: String
  /// Those that rows have been named by, of all that were ever seen.
  private let seen: Set<String>

  /// Those whose rows were not always named as they are now.
  static func find(_ jobs: [ScheduledJob], _ sightings: [Sighting]) -> [RenamedRows] {
    var found: [JobName: RenamedRows] = [:]
    for job in jobs {
      guard case .query? = job.job.matrix, found[job.id.job] == nil, let row = job.request.matrixRow
      else { continue }
      let seen = sightings.filter { $0.job == job.id.job && !$0.matrixRow.isEmpty }
      found[job.id.job] = RenamedRows(
        job: job, now: row.columns(naming: job.id.row),
        seen: Set(seen.map { row.columns(naming: $0.matrixRow) }))
    }
    return found.values.filter { !$0.seen.isSubset(of: [$0.now]) }.sorted { $0.name.text < $1.name.text }
  }

  var name: JobName { job.id.job }

  /// - Parameter last: what the audit trail says of the time before, as `facts`.
  /// - Returns: what named the rows before; `nil` where they are named as they were.
  func before(_ last: JSONValue?) -> String? {
    let before = last?["named_by"]?.stringValue ?? (seen.contains(now) ? now : seen.min())
    return before == now ? nil : before
  }

  func facts(before: String) -> JSONValue {
    .object([.init("named_by", .string(now)), .init("before", .string(before))])
  }

  func fault(before: String) -> Fault {
    Fault(
      RenamedRows.event, .data,
      "The rows of the matrix of \(name) are named by `\(now)`, and were named by `\(before)`: they begin anew, as other rows",
      place: matrixPlace,
      cause: "The first column that tells all rows apart names them, and that is another one now",
      hint:
        "Let the column that is meant come first in the alphabet: `SELECT tenant AS a_tenant, factor`; the runs, fires and intervals of the rows as they were named stay theirs"
    )
  }

  private var matrixPlace: Place? {
    if case .query(_, let sql)? = job.job.matrix { sql.place } else { nil }
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

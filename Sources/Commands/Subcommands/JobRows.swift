internal import Engine
internal import Model

/// The matrix rows that one command line runs a job for.
struct JobRows {
  private let job: Job

  init(_ job: Job) {
    self.job = job
  }

  /// Name and row: the one named, or all of them; one without name for a job without matrix.
  /// - Throws: `Fault` `unknown_matrix_row`, `no_matrix`, `matrix_query`.
  func rows(named name: String?) throws(Fault) -> [(String, MatrixRow?)] {
    switch job.matrix {
    case nil:
      if let name {
        throw Fault("no_matrix", .usage, "Job \(job.name) has no matrix, so `[\(name)]` means nothing")
      }
      return [("", nil)]
    case .rows(let cells, _):
      let rows = MatrixRows(cells)
      if let name { return [(name, try rows.row(named: name))] }
      return rows.rows.map { (rows.name(of: $0), $0) }
    case .query(let connection, let sql):
      throw Fault(
        "not_yet", .config, "A matrix from a query (on `\(connection)`) does not work yet", place: sql.place,
        hint: "List the rows: matrix: [{tenant: acme}, {tenant: globex}]")
    }
  }
}

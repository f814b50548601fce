internal import Engine
internal import Model

/// The matrix rows that one command line runs a job for.
struct JobRows: Sendable {
  private let job: Job
  private let queries: ScheduleQueries
  private let parameters: [String: String]

  /// - Parameter parameters: as given, for a matrix whose query takes some.
  init(_ job: Job, _ queries: ScheduleQueries, parameters: [String: String] = [:]) {
    self.job = job
    self.queries = queries
    self.parameters = parameters
  }

  /// Name and row: the one named, or all of them; one without name for a job without matrix.
  /// - Throws: `Fault` `unknown_matrix_row`, `no_matrix`, or of the matrix's query.
  func rows(named name: String?) async throws -> [(String, MatrixRow?)] {
    let rows: MatrixRows
    switch job.matrix {
    case nil:
      if let name {
        throw Fault("no_matrix", .usage, "Job \(job.name) has no matrix, so `[\(name)]` means nothing")
      }
      return [("", nil)]
    case .rows(let cells, _): rows = MatrixRows(cells)
    case .query(let connection, let sql):
      rows = try await queries.matrix(of: job, connection: connection, sql, parameters: parameters)
    }
    if let name { return [(name, try rows.row(named: name))] }
    return rows.rows.map { (rows.name(of: $0), $0) }.sorted { $0.0 < $1.0 }
  }
}

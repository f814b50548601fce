package import Model

/// Which runs to list; `nil` and empty mean any.
package struct RunFilter: Sendable {
  package var project: String?
  package var job: JobName?
  package var matrixRow: String?
  package var pool: String?
  package var states: Set<RunState>
  /// Only runs that are not over.
  package var isUnfinished: Bool
  package var createdSince: Instant?
  package var limit: Int

  package init(
    project: String? = nil, job: JobName? = nil, matrixRow: String? = nil, pool: String? = nil,
    states: Set<RunState> = [], isUnfinished: Bool = false, createdSince: Instant? = nil,
    limit: Int = 1000
  ) {
    self.project = project
    self.job = job
    self.matrixRow = matrixRow
    self.pool = pool
    self.states = states
    self.isUnfinished = isUnfinished
    self.createdSince = createdSince
    self.limit = limit
  }

  /// One text each for what an index answers: a condition that may be left out would make every
  /// look at the unfinished runs of a job one at all runs that there ever were.
  var statement: StaticString {
    switch (isUnfinished, project != nil && job != nil) {
    case (true, _): RunFilter.unfinished
    case (false, true): RunFilter.ofJob
    case (false, false): RunFilter.any
    }
  }

  private static let unfinished: StaticString = """
    SELECT * FROM runs
    WHERE is_open = 1 AND (CAST($1 AS TEXT) IS NULL OR project = $1)
      AND (CAST($2 AS TEXT) IS NULL OR job = $2) AND (CAST($3 AS TEXT) IS NULL OR matrix_row = $3)
      AND (CAST($4 AS TEXT) IS NULL OR pool = $4)
      AND (CAST($5 AS TEXT) IS NULL OR $5 LIKE '%,' || state || ',%') AND created_at >= $6
    ORDER BY run_id DESC LIMIT $7
    """

  private static let ofJob: StaticString = """
    SELECT * FROM runs
    WHERE project = $1 AND job = $2 AND (CAST($3 AS TEXT) IS NULL OR matrix_row = $3)
      AND (CAST($4 AS TEXT) IS NULL OR pool = $4)
      AND (CAST($5 AS TEXT) IS NULL OR $5 LIKE '%,' || state || ',%') AND created_at >= $6
    ORDER BY run_id DESC LIMIT $7
    """

  private static let any: StaticString = """
    SELECT * FROM runs
    WHERE (CAST($1 AS TEXT) IS NULL OR project = $1) AND (CAST($2 AS TEXT) IS NULL OR job = $2)
      AND (CAST($3 AS TEXT) IS NULL OR matrix_row = $3) AND (CAST($4 AS TEXT) IS NULL OR pool = $4)
      AND (CAST($5 AS TEXT) IS NULL OR $5 LIKE '%,' || state || ',%') AND created_at >= $6
    ORDER BY run_id DESC LIMIT $7
    """

  var values: [StateValue] {
    let states = states.map(\.rawValue).sorted().joined(separator: ",")
    return [
      .optional(project), .optional(job?.text), .optional(matrixRow), .optional(pool),
      states.isEmpty ? .null : .text(",\(states),"), .integer(createdSince?.microseconds ?? .min),
      .integer(limit),
    ]
  }
}

/// `limits:`; `nil` is the built-in default of whoever uses the limit.
package struct Limits: Hashable, Sendable {
  package var parallelism: Int?
  package var memory: ByteCount?
  package var timeout: Duration?
  package var statementTimeout: Duration?
  package var lockTimeout: Duration?
  package var pool: String?
  /// Of fires that wait for a place the highest goes first.
  package var priority: Int
  /// How many runs of the job, over all rows of its matrix, its schedule may have going at once.
  package var maximumConcurrentRuns: Int?
  package var maximumRowsPerSecond: Int?
  package var maximumReplicationLag: Duration?
  package var place: Place?

  package init(
    parallelism: Int? = nil, memory: ByteCount? = nil, timeout: Duration? = nil,
    statementTimeout: Duration? = nil, lockTimeout: Duration? = nil, pool: String? = nil,
    priority: Int = 0, maximumConcurrentRuns: Int? = nil, maximumRowsPerSecond: Int? = nil,
    maximumReplicationLag: Duration? = nil, place: Place? = nil
  ) {
    self.parallelism = parallelism
    self.memory = memory
    self.timeout = timeout
    self.statementTimeout = statementTimeout
    self.lockTimeout = lockTimeout
    self.pool = pool
    self.priority = priority
    self.maximumConcurrentRuns = maximumConcurrentRuns
    self.maximumRowsPerSecond = maximumRowsPerSecond
    self.maximumReplicationLag = maximumReplicationLag
    self.place = place
  }
}

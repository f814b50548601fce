package import Model

/// Hands a pool's free places to the fires that wait for one.
package enum PoolQueue {
  package struct Candidate: Hashable, Sendable {
    package var job: JobName
    package var matrixRow: String
    package var fire: Instant
    /// Higher goes first.
    package var priority: Int

    package init(job: JobName, matrixRow: String = "", fire: Instant, priority: Int = 0) {
      self.job = job
      self.matrixRow = matrixRow
      self.fire = fire
      self.priority = priority
    }
  }

  /// Those that may start now: by priority, then the longest wait, then the name, so that every
  /// scheduler that looks at the same facts chooses the same ones.
  package static func admitted(_ candidates: [Candidate], size: Int, running: Int) -> [Candidate] {
    let ordered = candidates.sorted {
      ($1.priority, $0.fire, $0.job.text, $0.matrixRow) < ($0.priority, $1.fire, $1.job.text, $1.matrixRow)
    }
    return Array(ordered.prefix(max(0, size - running)))
  }
}

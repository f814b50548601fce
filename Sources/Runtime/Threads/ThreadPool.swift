package import Model

/// A fixed number of own threads for tasks that compute for long:
/// `group.addTask(executorPreference: pool) { ... }` keeps them off Swift's cooperative pool, so
/// timers and signals stay prompt. The threads end when nothing holds the pool.
package final class ThreadPool: TaskExecutor {
  private let queue = JobQueue<ThreadPool>()

  /// - Throws: `Fault` `no_thread`.
  package init(name: String, threads: Int) throws(Fault) {
    let queue = queue
    for number in 0..<max(threads, 1) {
      do {
        try OwnThread.start(name: "\(name)-\(number)") {
          queue.run { job, pool in job.runSynchronously(on: pool.asUnownedTaskExecutor()) }
        }
      } catch {
        queue.close()
        throw error
      }
    }
  }

  deinit { queue.close() }

  package func enqueue(_ job: consuming ExecutorJob) {
    queue.append(UnownedJob(job), of: self)
  }
}

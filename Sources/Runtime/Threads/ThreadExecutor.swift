internal import Glibc
package import Model
internal import Synchronization

/// One thread of its own, for an actor whose work blocks (a database connection) or for tasks
/// that prefer it.
///
/// Swift's cooperative pool has as many threads as the machine has cores: work that blocks there
/// stops every timer and every other task. The thread ends when nothing holds the executor.
package final class ThreadExecutor: SerialExecutor, TaskExecutor {
  private let queue = JobQueue<ThreadExecutor>()
  private let thread = Mutex<pthread_t?>(nil)

  /// - Throws: `Fault` `no_thread`.
  package init(name: String) throws(Fault) {
    let queue = queue
    try OwnThread.start(name: name) {
      queue.run { job, executor in
        executor.thread.withLock { $0 = pthread_self() }
        job.runSynchronously(
          isolatedTo: executor.asUnownedSerialExecutor(),
          taskExecutor: executor.asUnownedTaskExecutor())
      }
    }
  }

  deinit { queue.close() }

  package func enqueue(_ job: consuming ExecutorJob) {
    queue.append(UnownedJob(job), of: self)
  }

  /// True on the executor's thread: what debug checks ask.
  package var isCurrent: Bool {
    thread.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
  }
}

/// The jobs that wait for one or more own threads, first in, first out.
///
/// Each job is kept with its executor, so that an executor outlives what was given to it.
final class JobQueue<Executor: Sendable>: Sendable {
  private struct State {
    // Taken from `next` on; cut when half of it is gone, which keeps taking at constant cost.
    var jobs: [(job: UnownedJob, executor: Executor)] = []
    var next = 0
    var isClosed = false
  }

  private let monitor = Monitor(State())

  func append(_ job: UnownedJob, of executor: Executor) {
    monitor.update { $0.jobs.append((job, executor)) }
  }

  /// Threads leave `run` once the jobs given so far are done.
  func close() {
    monitor.update { $0.isClosed = true }
  }

  /// Runs jobs on the calling thread until the queue is closed.
  func run(_ perform: (UnownedJob, Executor) -> Void) {
    while true {
      let next: Next = monitor.wait { state in
        if state.next < state.jobs.count {
          let (job, executor) = state.jobs[state.next]
          state.next += 1
          if state.next * 2 >= state.jobs.count {
            state.jobs.removeFirst(state.next)
            state.next = 0
          }
          return .job(job, executor)
        }
        return state.isClosed ? .closed : nil
      }
      guard case .job(let job, let executor) = next else { return }
      perform(job, executor)
    }
  }

  private enum Next: Sendable {
    case job(UnownedJob, Executor)
    case closed
  }
}

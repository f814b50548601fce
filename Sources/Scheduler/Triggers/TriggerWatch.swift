package import Engine
package import Model
internal import StateStore
internal import Synchronization

/// Listens for the triggers of a running scheduler, from `update` to `stop`.
///
/// A notification on a channel with a query is only a hint to ask the query, which knows all that was
/// sent, also while nobody listened; what two schedulers hear both, they enter once. Channels without a
/// query are heard by one scheduler at a time: what is sent while nobody listens is lost, and so whoever listens
/// already goes on when jobs are read again, and takes up or lets go the channels that have come or gone.
package final class TriggerWatch: Sendable {
  private let entered: @Sendable (ScheduledJob.ID) async -> Void
  private let waiting: @Sendable (_ connection: String, _ holder: String) -> Void
  private let trouble: @Sendable (Fault) -> Void
  private let state = Mutex(State())

  private struct State {
    var parts: Parts?
    var listening: [Listener: Listening] = [:]
    var looking: Task<Void, Never>?
  }

  /// What a reload may replace.
  package struct Parts: Sendable {
    package var clerk: TriggerClerk
    package var queries: ScheduleQueries

    package init(clerk: TriggerClerk, queries: ScheduleQueries) {
      self.clerk = clerk
      self.queries = queries
    }
  }

  /// One connection, with all that is to be heard there.
  private struct Listening: Sendable {
    var jobs: [ScheduledJob]
    var rule: ConnectionRule?
    var task: Task<Void, Never>
  }

  private struct Listener: Hashable, Sendable {
    var connection: String
    var isAlone: Bool
  }

  /// How soon to try again where listening has failed.
  private static let patience = Duration.seconds(5)

  /// - Parameters:
  ///   - entered: is told of jobs with new fires.
  ///   - waiting: is told by whose end channels of a connection come to be heard here.
  ///   - trouble: is told why somebody could not be asked or listened to; it will be tried again.
  package init(
    entered: @escaping @Sendable (ScheduledJob.ID) async -> Void,
    waiting: @escaping @Sendable (_ connection: String, _ holder: String) -> Void,
    trouble: @escaping @Sendable (Fault) -> Void
  ) {
    self.entered = entered
    self.waiting = waiting
    self.trouble = trouble
  }

  // MARK: Which jobs

  /// Takes these jobs in place of those so far. One call at a time.
  /// - Parameter files: gives an element when files may have changed.
  package func update(_ jobs: [ScheduledJob], parts: Parts, files: AsyncStream<Void>) {
    var wanted: [Listener: [ScheduledJob]] = [:]
    var filed: [ScheduledJob] = []
    for job in jobs {
      switch job.trigger {
      case nil: continue
      case .file: filed.append(job)
      case .channel(let connection, _, let missed):
        wanted[Listener(connection: connection, isAlone: missed == nil), default: []].append(job)
      }
    }
    state.withLock { state in
      state.parts = parts
      var known: [ScheduledJob] = []
      for (listener, old) in state.listening where wanted[listener] == nil {
        old.task.cancel()
        state.listening[listener] = nil
      }
      for (listener, jobs) in wanted {
        let rule = parts.queries.rule(of: listener.connection)
        let old = state.listening[listener]
        if let old, old.rule == rule {
          state.listening[listener]?.jobs = jobs
          known += jobs
          continue
        }
        old?.task.cancel()
        let task = Task {
          // Where only one may listen, the new one cannot begin before.
          await old?.task.value
          await self.listen(listener)
        }
        state.listening[listener] = Listening(jobs: jobs, rule: rule, task: task)
      }
      state.looking?.cancel()
      state.looking = Task { [known, filed] in
        // Neither waits for the other's troubles.
        async let asked: Void = self.look { known }
        await self.look { filed }
        for await _ in files { await self.look { filed } }
        await asked
      }
    }
  }

  /// Ends listening and looking.
  package func stop() {
    state.withLock { state in
      for listening in state.listening.values { listening.task.cancel() }
      state.listening = [:]
      state.looking?.cancel()
    }
  }

  private func jobs(of listener: Listener) -> [ScheduledJob] {
    state.withLock { $0.listening[listener]?.jobs ?? [] }
  }

  private var parts: Parts? { state.withLock(\.parts) }

  // MARK: Listening

  private enum Message: Sendable {
    case listening
    case heard(channel: String, payload: String)
  }

  /// Goes on after every trouble.
  private func listen(_ listener: Listener) async {
    var told: Fault?
    while !Task.isCancelled, let queries = parts?.queries {
      let messages = AsyncStream.makeStream(of: Message.self)
      let fault = await withTaskGroup(of: Fault?.self) { group in
        group.addTask {
          for await message in messages.stream { await self.take(message, of: listener) }
          return nil
        }
        group.addTask {
          defer { messages.continuation.finish() }
          do {
            try await queries.listen(
              connection: listener.connection,
              channels: { Set(self.jobs(of: listener).compactMap(\.channel)) }, isAlone: listener.isAlone,
              onHeld: { self.waiting(listener.connection, $0) },
              onListening: { messages.continuation.yield(.listening) }
            ) { messages.continuation.yield(.heard(channel: $0, payload: $1)) }
            return nil
          } catch {
            return Fault(describing: error)
          }
        }
        var fault: Fault?
        for await end in group {
          fault = fault ?? end
          // Whoever listens again asks for all that came: nobody waits for a query that fails to tell of a connection that
          // is lost. What nobody can be asked about is written first.
          if !listener.isAlone { group.cancelAll() }
        }
        return fault
      }
      // One trouble is told once.
      if let fault, fault.code != told?.code, !Task.isCancelled {
        told = fault
        trouble(fault)
      }
      await pause()
    }
  }

  private func pause(_ time: Duration = TriggerWatch.patience) async {
    do {
      try await Task.sleep(for: time)
    } catch {
      // Cancelled, which the caller looks at.
    }
  }

  /// Tries something for a job.
  /// - Parameter told: the troubles that were told already: each is told once.
  /// - Returns: `nil` where it is to be tried again.
  private func attempt<Result>(
    for job: ScheduledJob, telling told: inout Set<String>, _ body: () async throws -> Result
  ) async -> Result? {
    do {
      return try await body()
    } catch {
      let fault = Fault(describing: error)
      if told.insert("\(job.id) \(fault.code)").inserted { trouble(fault) }
      return nil
    }
  }

  private func take(_ message: Message, of listener: Listener) async {
    switch message {
    case .listening: await look { self.jobs(of: listener) }
    case .heard(let channel, let payload):
      await look {
        self.jobs(of: listener).filter { $0.channel == channel && $0.hasQuery }
      } then: {
        self.jobs(of: listener).filter(\.hasQuery)
      }
      for job in jobs(of: listener) where job.channel == channel && !job.hasQuery {
        await heard(payload, job)
      }
    }
  }

  /// Nobody could be asked about it later: it is tried until it is written.
  private func heard(_ payload: String, _ job: ScheduledJob) async {
    var told: Set<String> = []
    while !Task.isCancelled {
      let isWritten = await attempt(for: job, telling: &told) {
        try await parts?.clerk.heard(payload, job)
        return true
      }
      if isWritten == true { return await entered(job.id) }
      await pause()
    }
  }

  /// Looks at jobs until each has been asked and none is to be looked at again soon. What could not be asked is asked
  /// again, though no word of it may come any more.
  /// - Parameters:
  ///   - jobs: those of now.
  ///   - others: in whose place these are looked at from the second time on, so that none of them waits for another's
  ///     trouble.
  private func look(
    _ jobs: @Sendable () -> [ScheduledJob], then others: (@Sendable () -> [ScheduledJob])? = nil
  ) async {
    var isFirst = true
    var told: Set<String> = []
    while !Task.isCancelled, let clerk = parts?.clerk {
      var naps: [Duration] = []
      let meant = if !isFirst, let others { others() } else { jobs() }
      for job in meant {
        guard let look = await attempt(for: job, telling: &told, { try await clerk.look(job) }) else {
          naps.append(TriggerWatch.patience)
          continue
        }
        if look.entered > 0 { await entered(job.id) }
        if let again = look.again { naps.append(max(clerk.wait(until: again), .milliseconds(10))) }
      }
      isFirst = false
      guard let nap = naps.min() else { return }
      await pause(nap)
    }
  }
}

extension ScheduledJob {
  fileprivate var channel: String? {
    if case .channel(_, let name, _) = trigger { name } else { nil }
  }

  fileprivate var hasQuery: Bool {
    if case .channel(_, _, missed: _?) = trigger { true } else { false }
  }
}

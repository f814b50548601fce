package import Engine
package import Model
internal import StateStore

/// Listens for the triggers of a running scheduler, until its task is cancelled.
///
/// A notification on a channel with a query is only a hint to ask the query, which knows all that was
/// sent, also while nobody listened; what two schedulers hear both, they enter once. Channels without a
/// query are heard by one scheduler at a time.
package struct TriggerWatch: Sendable {
  private let clerk: TriggerClerk
  private let queries: ScheduleQueries
  private let entered: @Sendable (ScheduledJob.ID) async -> Void
  private let trouble: @Sendable (Fault) -> Void

  /// How soon to try again where listening has failed.
  private static let patience = Duration.seconds(5)

  /// - Parameters:
  ///   - entered: is told of jobs with new fires.
  ///   - trouble: is told why somebody could not be asked or listened to; it will be tried again.
  package init(
    clerk: TriggerClerk, queries: ScheduleQueries,
    entered: @escaping @Sendable (ScheduledJob.ID) async -> Void,
    trouble: @escaping @Sendable (Fault) -> Void
  ) {
    self.clerk = clerk
    self.queries = queries
    self.entered = entered
    self.trouble = trouble
  }

  /// - Parameter files: gives an element when files may have changed.
  package func run(_ jobs: [ScheduledJob], files: AsyncStream<Void>) async {
    var listeners: [Listener: [ScheduledJob]] = [:]
    var filed: [ScheduledJob] = []
    for job in jobs {
      switch job.trigger {
      case nil: continue
      case .file: filed.append(job)
      case .channel(let connection, _, let missed):
        listeners[Listener(connection: connection, isAlone: missed == nil), default: []].append(job)
      }
    }
    await withTaskGroup(of: Void.self) { group in
      for (listener, jobs) in listeners {
        group.addTask { await self.listen(listener, jobs) }
      }
      group.addTask { [filed] in
        await self.look(filed)
        for await _ in files { await self.look(filed) }
      }
    }
  }

  private struct Listener: Hashable, Sendable {
    var connection: String
    var isAlone: Bool
  }

  private enum Message: Sendable {
    case listening
    case heard(channel: String, payload: String)
  }

  /// Goes on after every trouble.
  private func listen(_ listener: Listener, _ jobs: [ScheduledJob]) async {
    let channels = Set(jobs.compactMap(\.channel)).sorted()
    var told: Fault?
    while !Task.isCancelled {
      let messages = AsyncStream.makeStream(of: Message.self)
      let fault = await withTaskGroup(of: Fault?.self) { group in
        group.addTask {
          for await message in messages.stream { await self.take(message, jobs) }
          return nil
        }
        group.addTask {
          defer { messages.continuation.finish() }
          do {
            try await queries.listen(
              connection: listener.connection, channels: channels, isAlone: listener.isAlone,
              onListening: { messages.continuation.yield(.listening) }
            ) { messages.continuation.yield(.heard(channel: $0, payload: $1)) }
            return nil
          } catch {
            return Fault(describing: error)
          }
        }
        var fault: Fault?
        for await end in group { fault = fault ?? end }
        return fault
      }
      // That another one listens is in order, and one trouble is told once.
      if let fault, fault.code != "trigger_held", fault.code != told?.code, !Task.isCancelled {
        told = fault
        trouble(fault)
      }
      await pause()
    }
  }

  private func pause() async {
    do {
      try await Task.sleep(for: TriggerWatch.patience)
    } catch {
      // Cancelled, which the caller looks at.
    }
  }

  private func take(_ message: Message, _ jobs: [ScheduledJob]) async {
    switch message {
    case .listening: await look(jobs)
    case .heard(let channel, let payload):
      let meant = jobs.filter { $0.channel == channel }
      await look(meant.filter(\.hasQuery))
      for job in meant where !job.hasQuery {
        do {
          try await clerk.heard(payload, job)
          await entered(job.id)
        } catch {
          trouble(Fault(describing: error))
        }
      }
    }
  }

  private func look(_ jobs: [ScheduledJob]) async {
    var again: Instant?
    for job in jobs {
      do {
        let look = try await clerk.look(job)
        if look.entered > 0 { await entered(job.id) }
        again = [again, look.again].compactMap { $0 }.min()
      } catch {
        trouble(Fault(describing: error))
      }
    }
    guard let again, !Task.isCancelled else { return }
    do {
      try await Task.sleep(for: max(clerk.wait(until: again), .milliseconds(10)))
    } catch {
      return
    }
    await look(jobs)
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

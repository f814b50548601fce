package import StateStore

/// Renews the lease of a run while somebody works on it; where somebody else has taken the run over the work ends.
package struct LeaseKeeper: Sendable {
  private let store: Store
  /// Of the run that is worked on now: another one once its plan was superseded.
  private let ownership: @Sendable () -> Ownership

  /// How often it looks whether a renewal is due.
  static let interval = Duration.seconds(1)

  package init(store: Store, ownership: @escaping @Sendable () -> Ownership) {
    self.store = store
    self.ownership = ownership
  }

  /// - Parameter others: what goes on beside the work, and ends it where it throws.
  /// - Throws: what the work throws, or whoever goes on beside it; `Fault` `fenced`.
  package func watch<Output: Sendable>(
    besides others: [@Sendable () async throws -> Void] = [],
    _ work: @escaping @Sendable () async throws -> Output
  ) async throws -> Output {
    try await withThrowingTaskGroup(of: Output?.self) { group in
      group.addTask { try await work() }
      for other in others + [renew] {
        group.addTask {
          try await other()
          return nil
        }
      }
      defer { group.cancelAll() }
      do {
        while let result = try await group.next() {
          if let result { return result }
        }
      } catch {
        group.cancelAll()
        // The end may have come when the work was about to end well.
        while let result = await group.nextResult() {
          if case .success(let output?) = result { return output }
        }
        throw error
      }
      throw CancellationError()
    }
  }

  /// Keeps the lease, whatever else has to wait for its turn in the state.
  @Sendable private func renew() async throws {
    var last = ContinuousClock.now
    while true {
      try await Task.sleep(for: LeaseKeeper.interval)
      let ownership = ownership()
      let now = ContinuousClock.now
      guard let every = ownership.renewEvery, now - last >= every else { continue }
      try await store.renew(ownership)
      last = now
    }
  }
}

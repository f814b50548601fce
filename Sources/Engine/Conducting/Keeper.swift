internal import Model
internal import StateStore

/// Watches over a run while it is worked on: renews the lease, and looks whether somebody asked for
/// its end. Either ends the work with a fault.
struct Keeper: Sendable {
  var store: Store
  /// Of the run that is worked on now: another one once its plan was superseded.
  var ownership: @Sendable () -> Ownership
  /// Of the job: its `timeout` counts.
  var limits: Limits

  func watch<Output: Sendable>(_ work: @escaping @Sendable () async throws -> Output) async throws -> Output {
    try await LeaseKeeper(store: store, ownership: ownership).watch(besides: [look], work)
  }

  @Sendable private func look() async throws {
    let start = ContinuousClock.now
    while true {
      try await Task.sleep(for: LeaseKeeper.interval)
      if let timeout = limits.timeout, ContinuousClock.now - start > timeout {
        let bound = timeout.milliseconds
        let text = bound % 1000 == 0 ? "\(bound / 1000) s" : "\(bound) ms"
        throw Fault(
          "timeout", .resource, "The run took longer than the \(text) that `limits.timeout` allows",
          place: limits.place, hint: "The finished chunks are kept: run the same command again to go on")
      }
      try await Keeper.refuseCancelled(ownership().run, in: store)
    }
  }

  /// - Throws: `Fault` `cancelled` where somebody has asked for the run's end, and may.
  static func refuseCancelled(_ run: RunID, in store: Store) async throws {
    guard let request = try await store.cancelRequest(for: run) else { return }
    throw fault(request)
  }

  /// What a fault means to the owner of a run. Behind a fence that was raised to cancel it, nobody has taken over. And
  /// who wakes up when an heir has taken over may meet what that one has done, such as a file, before any fence.
  static func meaning(of fault: Fault, to ownership: Ownership, in store: Store) async throws -> Fault {
    guard let run = try await store.run(ownership.run) else { return fault }
    if run.token == ownership.token {
      let isTakenAway = ["fenced", "output_gone"].contains(fault.code)
      return isTakenAway ? run.cancel.map(Keeper.fault) ?? fault : fault
    }
    if fault.isAnothersRun { return fault }
    var fenced = Store.fenced(run.id)
    fenced.cause = fault.sentence
    return fenced
  }

  private static func fault(_ request: CancelRequest) -> Fault {
    Fault("cancelled", .interrupted, "The run was cancelled by \(request.by): \(request.reason)")
  }
}

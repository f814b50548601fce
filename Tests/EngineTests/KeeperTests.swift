import Model
import Runtime
import StateStore
import Testing

@testable import Engine

@Suite struct KeeperTests {
  private func withStore(_ body: (Store) async throws -> Void) async throws {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-keeper-")
    let store = try await Store.openSQLite(path: folder + "/state.db", now: { Instant(seconds: 0) })
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(store)) } catch { outcome = .failure(error) }
    await store.close()
    try FolderTree.remove(folder)
    try outcome.get()
  }

  private func owned(_ run: RunID, _ store: Store) async throws -> Ownership {
    guard case .owned(let ownership) = try await store.claim(run) else {
      throw Fault("held", .internal, "Nobody else is there to have it")
    }
    return ownership
  }

  /// Whoever wakes up when an heir is at work, or is done, hears of the heir and not of what it meets.
  @Test func whateverALateOwnerMeetsIsItsHeirs() async throws {
    try await withStore { store in
      let identity = RunIdentity(
        project: "p", job: JobName("j"), matrixRow: "", interval: nil, parameters: [:])
      guard case .created(let run) = try await store.openRun(NewRun(identity: identity, jobHash: "h")) else {
        Issue.record("nothing was there before")
        return
      }
      let late = try await owned(run.id, store)
      let met = Fault("file_exists", .conflict, "`out/a.csv` is there already")
      #expect(try await Keeper.meaning(of: met, to: late, in: store) == met)
      try await store.release(late)
      let heir = try await owned(run.id, store)
      #expect(try await Keeper.meaning(of: met, to: heir, in: store) == met)
      let told = try await Keeper.meaning(of: met, to: late, in: store)
      #expect(told.code == "fenced" && told.cause == met.sentence)
      _ = try await store.requestCancel(run.id, by: "somebody", reason: "a reason")
      #expect(try await Keeper.meaning(of: Store.fenced(run.id), to: late, in: store).code == "fenced")
      #expect(try await Keeper.meaning(of: Store.fenced(run.id), to: heir, in: store).code == "cancelled")
    }
  }
}

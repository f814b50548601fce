import Glibc
import Model
import Runtime
@testable import StateStore
import Testing

@Suite struct SQLiteFileTests {
  private func open(_ path: String) async throws -> Store {
    try await Store.openSQLite(path: path, now: { Instant(microseconds: 1) })
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let file = try FileDescriptor(path, O_WRONLY | O_CREAT)
    try file.write(bytes)
  }

  private func mode(of path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  @Test func filesAreForTheirOwnerAlone() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/a/b/state.db"
      let store = try await open(path)
      _ = try await store.begin()
      #expect(mode(of: "\(folder)/a") == 0o700 && mode(of: "\(folder)/a/b") == 0o700)
      #expect(mode(of: "\(folder)/a/b/runs") == 0o700)
      for name in ["state.db", "state.db-wal", "state.db-shm"] {
        #expect(mode(of: "\(folder)/a/b/\(name)") == 0o600, "\(name)")
      }
      await store.close()
      chmod(path, 0o644)
      await (try open(path)).close()
      #expect(mode(of: path) == 0o600)
    }
  }

  @Test func settingsAreThoseOfADurableFile() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      await (try open(path)).close()
      let connection = try SQLiteConnection(path: path)
      try SQLiteLayout.prepare(connection, patience: .zero, pause: connection.pause)
      for (pragma, value) in [
        ("journal_mode", StateValue.text("wal")), ("synchronous", .integer(2)),
        ("foreign_keys", .integer(1)), ("user_version", .integer(Migration.newest)),
        ("application_id", .integer(0x5449_4445)),
      ] {
        #expect(try connection.pragma("PRAGMA \(pragma)") == [value], "\(pragma)")
      }
    }
  }

  @Test func foreignFilesAreRefusedAndLeftAlone() async throws {
    try await withScratchFolder { folder in
      let text = "\(folder)/notes.txt"
      let notes = Array("not a database, but long enough to look like one".utf8)
      try write([UInt8](repeatElement(notes, count: 50).joined()), to: text)
      await expectFault("state_foreign") { _ = try await open(text) }
      #expect(try FileContents.read(text, atMost: .megabytes(1)).count == notes.count * 50)

      let theirs = "\(folder)/theirs.db"
      try write([], to: theirs)
      try SQLiteConnection(path: theirs).execute("CREATE TABLE theirs (id INTEGER)")
      await expectFault("state_foreign") { _ = try await open(theirs) }
      #expect(
        try SQLiteConnection(path: theirs).pragma("SELECT name FROM sqlite_schema") == [.text("theirs")])

      await expectFault("state_foreign") { _ = try await open("/dev/null") }
    }
  }

  @Test func newerLayoutsAreRefused() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      await (try open(path)).close()
      try SQLiteConnection(path: path).execute("PRAGMA user_version = 99")
      await expectFault("state_newer") { _ = try await open(path) }
    }
  }

  /// Damage anywhere in the file is either named at once or found by the check; nothing crashes.
  @Test func damageIsNamed() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      var store = try await open(path)
      let owner = try await store.begin()
      for chunk in 0..<5 { try await store.checkpoint(.sample(chunk, quarantined: 20), for: owner) }
      try await store.compact()
      await store.close()
      let whole = try FileContents.read(path, atMost: .megabytes(50))
      var found = 0
      for page in 1..<(whole.count / 4096) {
        var damaged = whole
        for index in 0..<4096 { damaged[page * 4096 + index] ^= 0x5A }
        unlink(path)
        try write(damaged, to: path)
        do {
          store = try await open(path)
          let findings = try await store.check()
          await store.close()
          if !findings.isEmpty { found += 1 }
        } catch let fault as Fault {
          #expect(["state_damaged", "state_foreign"].contains(fault.code))
          found += 1
        }
      }
      #expect(found == whole.count / 4096 - 1)
      unlink(path)
      try write(Array(whole[..<(whole.count / 2)]), to: path)
      await expectFault("state_damaged") {
        let cut = try await open(path)
        if try await cut.check() != [] { throw Fault("state_damaged", .data, "Found by the check") }
      }
    }
  }

  @Test func aRemovedFileIsNoticed() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      let store = try await open(path)
      let owner = try await store.begin()
      unlink(path)
      await expectFault("state_moved") { try await store.checkpoint(.sample(0), for: owner) }
      await store.close()
    }
  }

  @Test func aBusyFileIsNamed() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      let store = try await open(path)
      let other = try SQLiteConnection(path: path)
      try other.execute("BEGIN IMMEDIATE")
      let impatient = try await SQLiteDatabase(
        path: path, now: { Instant(microseconds: 1) }, busyTimeout: .milliseconds(1))
      await expectFault("state_busy") { try await impatient.transaction(.write(.checkpoint)) { _ in } }
      // Readers do not wait for writers.
      #expect(try await store.runs(RunFilter()).isEmpty)
      try other.execute("ROLLBACK")
      try await impatient.transaction(.write(.checkpoint)) { _ in }
    }
  }

  @Test func aBusyFileIsWaitedForAsLongAsItsRunMayRetry() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      let other = try await SQLiteDatabase(path: path, now: { Instant(microseconds: 1) })
      let writer = try SQLiteConnection(path: path)
      try writer.execute("BEGIN IMMEDIATE")
      let impatient = try await SQLiteDatabase(
        path: path, now: { Instant(microseconds: 1) }, busyTimeout: .milliseconds(1))
      func waiting(_ giveUpAfter: Duration, _ tell: @escaping @Sendable (Fault) -> Void) -> PatientDatabase {
        PatientDatabase(
          base: impatient,
          retry: .init(initial: .milliseconds(1), maximum: .milliseconds(1), giveUpAfter: giveUpAfter),
          tell: tell)
      }
      do {
        try await waiting(.zero) { _ in }.transaction(.write(.checkpoint)) { _ in }
        Issue.record("nobody was waited for")
      } catch let fault as Fault {
        #expect(fault.code == "state_busy" && !fault.isTransient)
      }
      let (told, telling) = AsyncStream.makeStream(of: Fault.self)
      async let done: Void = waiting(.seconds(3600)) { telling.yield($0) }
        .transaction(.write(.checkpoint)) { _ in }
      var count = 0
      for await fault in told {
        #expect(fault.code == "state_busy")
        count += 1
        if count == 3 { break }
      }
      try writer.execute("ROLLBACK")
      try await done
      await other.close()
    }
  }

  /// Rows come and go, and the file becomes small again, while somebody reads.
  @Test func aFileShrinksInSteps() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      let store = try await open(path)
      let size = {
        guard case .integer(let pages) = try SQLiteConnection(path: path).pragma("PRAGMA page_count").first
        else { throw Unexpected() }
        return pages
      }
      let empty = try size()
      try await fill(store, 4000)
      #expect(try size() > empty + 4000)
      let reader = try SQLiteConnection(path: path)
      try reader.execute("BEGIN; SELECT COUNT(*) FROM runs")
      try await store.compact()
      #expect(try size() == empty)
      #expect(try await store.check() == [])
      await store.close()
    }
  }

  /// Leaves so many free pages behind.
  private func fill(_ store: Store, _ pages: Int) async throws {
    try await store.database.transaction(.write(.checkpoint)) { tx in
      try await tx.runEach(
        "INSERT INTO notices (notice_id, project, job, event, channel, facts, state, attempts, next_attempt, created_at) VALUES ($1, '', '', '', '', $2, '', 0, 0, 0)",
        (0..<pages).map { [.text("\($0)"), .text(String(repeating: "x", count: 4000))] })
    }
    try await store.database.transaction(.write(.purge)) { tx in try await tx.run("DELETE FROM notices", []) }
  }

  /// One that was made without that is written anew once, when nobody works.
  @Test func anOlderFileIsRewrittenAlone() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      try write([], to: path)
      try SQLiteConnection(path: path).execute("PRAGMA journal_mode = WAL")
      let store = try await open(path)
      let kind = { try SQLiteConnection(path: path).pragma("PRAGMA auto_vacuum") }
      let owner = try await store.begin()
      #expect(try kind() == [.integer(0)])
      await expectFault("state_in_use") { try await store.compact() }
      try await store.release(owner)
      try await store.compact()
      #expect(try kind() == [.integer(2)])
      #expect(try await store.check() == [])
      await store.close()
    }
  }

  @Test func manyOpenANewFileAtOnce() async throws {
    try await withScratchFolder { folder in
      let stores = try await withThrowingTaskGroup(of: Store.self) { group in
        for _ in 0..<8 { group.addTask { try await open("\(folder)/state.db") } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(stores.count == 8)
      #expect(try await stores[0].check() == [])
    }
  }

  @Test func whoMakesANewFileTooIsWaitedFor() async throws {
    try await withScratchFolder { folder in
      let path = "\(folder)/state.db"
      try write([], to: path)
      let (first, second) = (try SQLiteConnection(path: path), try SQLiteConnection(path: path))
      try first.execute("BEGIN IMMEDIATE")
      await expectFault("state_busy") {
        try SQLiteLayout.prepare(second, patience: .zero, pause: second.pause)
      }
      var pauses = 0
      try SQLiteLayout.prepare(second, patience: .seconds(1)) { () throws(Fault) in
        pauses += 1
        if pauses == 3 { try first.execute("ROLLBACK") }
        return .milliseconds(1)
      }
      #expect(pauses == 3)
    }
  }

  @Test func aBodyThatThrowsLeavesNothing() async throws {
    try await withScratchFolder { folder in
      let store = try await open("\(folder)/state.db")
      let owner = try await store.begin()
      await #expect(throws: Unexpected.self) {
        try await store.database.transaction(.write(.checkpoint)) { tx in
          try await tx.run("DELETE FROM runs", [])
          throw Unexpected()
        }
      }
      #expect(try await store.run(owner.run) != nil)
    }
  }
}

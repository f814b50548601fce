import DemoServer
import Model
import Postgres
import Synchronization
import Testing

@Suite struct LimitTests {
  @Test func aPlaceIsGivenBackHoweverAConnectionEnds() async throws {
    try await SharedServer.withDatabase { settings in
      let admin = try await Connection.open(settings)
      var settings = settings
      settings.limit = ConnectionLimit(1, patience: .milliseconds(1))
      let first = try await Connection.open(settings)
      let fault = await #expect(throws: Fault.self) { try await Connection.open(settings) }
      #expect(fault?.code == "connection_limit")
      #expect(fault?.isTransient == true)
      await first.close()
      settings.limit = ConnectionLimit(1, patience: .seconds(60))
      let second = try await Connection.open(settings)
      try await admin.query("SELECT pg_terminate_backend(\(second.backendPID))")
      await #expect(throws: Fault.self) { try await second.query("SELECT 1") }
      do {
        let third = try await Connection.open(settings)
        try await expectUsable(third)
      }
      // The third went without `close`.
      let fourth = try await Connection.open(settings)
      try await expectUsable(fourth)
      await fourth.close()
      await #expect(throws: Fault.self) { try await Connection.open(settings.database("nowhere")) }
      try await expectUsable(Connection.open(settings))
    }
  }

  /// A share's places are its own until it ends, and its connections', which go on, for as long as they do.
  @Test func aShareIsTakenAndGivenBack() async throws {
    try await SharedServer.withDatabase { settings in
      var settings = settings
      let whole = ConnectionLimit(3, patience: .milliseconds(1))
      let share = try await whole.share(2...2) {}
      #expect(share.maximum == 2)
      settings.limit = share
      let first = try await Connection.open(settings)
      let second = try await Connection.open(settings)
      await #expect(throws: Fault.self) { try await Connection.open(settings) }
      await second.close()
      share.end()
      settings.limit = whole
      let others = [try await Connection.open(settings), try await Connection.open(settings)]
      await #expect(throws: Fault.self) { try await Connection.open(settings) }
      await first.close()
      try await expectUsable(Connection.open(settings))
      for other in others { await other.close() }
      #expect(try await whole.share(1...9) {}.maximum == 3)
    }
  }

  @Test func hearsNotifications() async throws {
    try await SharedServer.withDatabase { settings in
      let listener = try await Connection.open(settings)
      let sender = try await Connection.open(settings)
      let (heard, continuation) = AsyncStream.makeStream(of: Notification?.self)
      let task = Task {
        try await listener.listen(to: { [Identifier("odd \"name"), Identifier("b")] }) {
          continuation.yield(nil)
        } _: {
          continuation.yield($0)
        }
      }
      var iterator = heard.makeAsyncIterator()
      #expect(await iterator.next() == .some(nil))
      try await sender.execute("NOTIFY b; NOTIFY c, 'not heard'; NOTIFY \"odd \"\"name\", 'it''s'")
      #expect(await iterator.next() == Notification(channel: "b", payload: ""))
      #expect(await iterator.next() == Notification(channel: "odd \"name", payload: "it's"))
      task.cancel()
      let fault = await #expect(throws: Fault.self) { try await task.value }
      #expect(fault?.code == "cancelled")
    }
  }
}

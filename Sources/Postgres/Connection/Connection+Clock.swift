package import Model

extension SQLText {
  /// A moment of the server in microseconds since 1970, as `Instant` counts them.
  package static func microseconds(of moment: SQLText) -> SQLText {
    "(extract(epoch FROM \(moment)) * 1000000)::bigint"
  }
}

extension Connection {
  /// This moment by the server's clock.
  package func clock() async throws -> Instant {
    let now = SQLText.microseconds(of: "clock_timestamp()")
    return Instant(microseconds: try await query("SELECT \(now) AS now").onlyRow.integer("now"))
  }
}

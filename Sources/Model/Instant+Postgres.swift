extension Instant {
  /// 2000-01-01T00:00:00Z, from which Postgres counts.
  private static let postgresEpoch: Int64 = 946_684_800_000_000

  /// The same moment as a `timestamptz` value; moments out of its reach give the infinities.
  package var postgresMicroseconds: Int64 {
    let (value, overflow) = microseconds.subtractingReportingOverflow(Instant.postgresEpoch)
    return overflow ? .min : value
  }

  /// The moment of a `timestamptz` value; the infinities give the farthest moments.
  package init(postgresMicroseconds value: Int64) {
    let (sum, overflow) = value.addingReportingOverflow(Instant.postgresEpoch)
    self.init(microseconds: overflow ? .max : sum)
  }
}

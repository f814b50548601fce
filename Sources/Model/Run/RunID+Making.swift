extension RunID {
  /// Makes an id of a run that begins at `moment`: eleven digits and letters of time, nine of chance.
  ///
  /// Ids made at different microseconds sort by time. `entropy` comes from the system's generator;
  /// of its bits 45 are used, so that two ids of one microsecond meet once in 2^45.
  package init(at moment: Instant, entropy: UInt64) {
    let time = RunID.digits(UInt64(clamping: moment.microseconds), count: 11)
    self.init("r" + time + RunID.digits(entropy, count: 9))
  }

  /// The lowest `count` base-32 digits, in Crockford's alphabet, which has no I, L, O or U.
  private static func digits(_ number: UInt64, count: Int) -> String {
    let alphabet: [Character] = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return String((0..<count).reversed().map { alphabet[Int(number >> (5 * $0) & 31)] })
  }
}

/// What reading a date or time text needs to know about time zones.
package struct ZoneContext: Sendable {
  /// The zone of texts that name none.
  package var session: ZoneRules
  /// The zone of a name, written in any case; nil where there is none.
  package var named: @Sendable (String) -> ZoneRules?

  package init(session: ZoneRules, named: @escaping @Sendable (String) -> ZoneRules?) {
    self.session = session
    self.named = named
  }

  /// Knows UTC only.
  package static let utc = ZoneContext(session: .utc) { name in
    ["utc", "gmt", "zulu", "uct", "etc/utc"].contains(name.lowercased()) ? .utc : nil
  }

  /// The zone that Postgres takes a name in `AT TIME ZONE` for: an abbreviation first, then a name of the data,
  /// then a POSIX text such as `<+03>-3`.
  package func zone(_ name: String) -> ZoneRules? {
    if let offset = ZoneAbbreviation.fixedOffset(name) {
      return ZoneRules(name: name, fixedOffset: offset, abbreviation: name.uppercased())
    }
    return fullZone(name)
  }

  /// As `zone`, without abbreviations.
  func fullZone(_ name: String) -> ZoneRules? {
    if let zone = named(name) { return zone }
    guard let posix = PosixZoneText(name.uppercased()) else { return nil }
    return ZoneRules(
      name: name.uppercased(), transitions: [], kindAfter: [], kinds: [posix.standard], first: posix.standard,
      firstStandard: posix.standard, tail: posix.rule)
  }
}

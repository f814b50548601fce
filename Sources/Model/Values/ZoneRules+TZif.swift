extension ZoneRules {
  /// Reads a compiled time zone file.
  ///
  /// Source: RFC 8536, "The Time Zone Information Format", versions 2 and later.
  /// - Throws: `RowFault` 22P03 for bytes that are no such file or that count leap seconds.
  package init(tzif bytes: [UInt8], name: String) throws(RowFault) {
    var reader = TZifReader(bytes: bytes)
    guard let rules = reader.read(name: name) else {
      throw RowFault.invalidBinary("time zone file")
    }
    self = rules
  }
}

private struct TZifReader {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  struct Header {
    var version: UInt8
    var utCount, standardCount, leapCount, transitionCount, kindCount, characterCount: Int

    /// The length of the data block that follows, whose times are `timeSize` bytes long.
    func dataLength(timeSize: Int) -> Int {
      transitionCount * (timeSize + 1) + kindCount * 6 + characterCount + leapCount * (timeSize + 4)
        + standardCount + utCount
    }
  }

  mutating func read(name: String) -> ZoneRules? {
    // The first block holds 32-bit times for old readers; the second, with 64-bit times, is the one to use.
    guard let old = header(), old.version >= UInt8(ascii: "2") else { return nil }
    position += old.dataLength(timeSize: 4)
    guard let header = header(), header.leapCount == 0, header.kindCount > 0 else { return nil }
    let start = position
    let end = start + header.dataLength(timeSize: 8)
    guard end <= bytes.count else { return nil }

    var transitions: [Int64] = []
    for _ in 0..<header.transitionCount { transitions.append(number(Int64.self)) }
    guard zip(transitions, transitions.dropFirst()).allSatisfy(<) else { return nil }
    let kindAfter = Array(bytes[position..<position + header.transitionCount])
    guard kindAfter.allSatisfy({ Int($0) < header.kindCount }) else { return nil }
    position += header.transitionCount
    let names = position + header.kindCount * 6
    var kinds: [ZoneRules.Period] = []
    for _ in 0..<header.kindCount {
      let offset = Int(number(Int32.self))
      let isDaylight = bytes[position] != 0
      let nameAt = names + Int(bytes[position + 1])
      position += 2
      guard nameAt < end, abs(offset) < 172_800 else { return nil }
      let abbreviation = bytes[nameAt..<end].prefix { $0 != 0 }
      kinds.append(
        ZoneRules.Period(
          offset: offset, isDaylight: isDaylight, abbreviation: String(decoding: abbreviation, as: UTF8.self))
      )
    }

    // The footer stands between two line ends; an empty one says nothing about the time after.
    position = end
    var tail: YearlyZoneRule?
    let footer = bytes[end...].dropFirst().prefix { $0 != UInt8(ascii: "\n") }
    if !footer.isEmpty {
      guard let text = PosixZoneText(String(decoding: footer, as: UTF8.self)) else { return nil }
      tail = text.rule
    }
    let firstStandard = kinds.first { !$0.isDaylight } ?? kinds[0]
    let listed = Self.listed(transitions, kindAfter, kinds, tail)
    return ZoneRules(
      name: name, transitions: listed.transitions, kindAfter: listed.kindAfter, kinds: listed.kinds,
      first: Self.first(kinds: kinds, kindAfter: kindAfter, firstStandard: firstStandard),
      firstStandard: firstStandard, tail: tail)
  }

  /// The changes of the file, and those of its rule up to 2200: what schedules and most dates ask for is
  /// then looked up and not calculated.
  private static func listed(
    _ transitions: [Int64], _ kindAfter: [UInt8], _ kinds: [ZoneRules.Period], _ tail: YearlyZoneRule?
  ) -> (transitions: [Int64], kindAfter: [UInt8], kinds: [ZoneRules.Period]) {
    let asRead = (transitions, kindAfter, kinds)
    guard let tail, var last = transitions.last, kinds.count < 254 else { return asRead }
    var (transitions, kindAfter, kinds) = asRead
    func kind(of period: ZoneRules.Period) -> UInt8 {
      if let known = kinds.firstIndex(of: period) { return UInt8(known) }
      kinds.append(period)
      return UInt8(kinds.count - 1)
    }
    for year in 1900...2200 {
      for change in tail.transitions(ofYear: year) where change.at > transitions[asRead.0.count - 1] {
        // A rule without standard time changes twice at one moment: it goes on being calculated.
        guard change.at > last else { return asRead }
        transitions.append(change.at)
        kindAfter.append(kind(of: change.after))
        last = change.at
      }
    }
    return (transitions, kindAfter, kinds)
  }

  /// The period before the first transition: the first in the file, unless old data gives it another meaning.
  private static func first(
    kinds: [ZoneRules.Period], kindAfter: [UInt8], firstStandard: ZoneRules.Period
  ) -> ZoneRules.Period {
    if !kindAfter.contains(0) { return kinds[0] }
    if let initial = kindAfter.first, kinds[Int(initial)].isDaylight,
      let standard = kinds[..<Int(initial)].last(where: { !$0.isDaylight })
    {
      return standard
    }
    return firstStandard
  }

  private mutating func header() -> Header? {
    guard position + 44 <= bytes.count, bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
      return nil
    }
    let version = bytes[position + 4]
    position += 20
    let counts = (0..<6).map { _ in Int(number(Int32.self)) }
    // A count beyond the file's own length is nonsense, and would overflow the sum of lengths.
    guard counts.allSatisfy({ $0 >= 0 && $0 <= bytes.count }) else { return nil }
    return Header(
      version: version, utCount: counts[0], standardCount: counts[1], leapCount: counts[2],
      transitionCount: counts[3], kindCount: counts[4], characterCount: counts[5])
  }

  /// The big-endian number that comes next; the caller has checked that it is there.
  private mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
    var result: Number = 0
    for _ in 0..<Number.bitWidth / 8 {
      result = result << 8 | Number(truncatingIfNeeded: bytes[position])
      position += 1
    }
    return result
  }
}

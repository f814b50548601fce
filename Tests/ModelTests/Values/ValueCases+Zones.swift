import Foundation
import Model
import Synchronization

extension ValueCases {
  struct NoZone: Error, CustomStringConvertible {
    var name: String
    var description: String {
      "the system's time zone data has no \(name): install Debian's tzdata and tzdata-legacy"
    }
  }

  private static let cache = Mutex<[String: ZoneRules]>([:])

  /// Reads a zone from the system's files, without the room that does so in the product.
  static func zone(_ name: String) throws -> ZoneRules {
    if let zone = cache.withLock({ $0[name] }) { return zone }
    if name == "UTC" { return .utc }
    guard let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)") else {
      throw NoZone(name: name)
    }
    let zone = try ZoneRules(tzif: Array(data), name: name)
    cache.withLock { $0[name] = zone }
    return zone
  }

  static func wholeNumber(_ text: String) throws -> Int64 {
    guard let value = Int64(text) else { throw NoInteger(text: text) }
    return value
  }

  /// The zones as the runtime gives them, names in any case.
  static func context(_ name: String) throws -> ZoneContext {
    ZoneContext(session: try zone(name)) { name in try? zone(spelling[name.lowercased()] ?? name) }
  }

  /// The right spelling by the lower-case one.
  private static let spelling: [String: String] = {
    let files = FileManager.default.enumerator(atPath: "/usr/share/zoneinfo")
    let names = (files?.allObjects as? [String]) ?? []
    return Dictionary(names.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
  }()

  static let zones: [String: Operation] = [
    "zone local": { arguments in
      try zone(arguments[0]).local(Timestamp(microseconds: wholeNumber(arguments[1]))).description
    },
    "zone moment": { arguments in
      let moment = try zone(arguments[0]).moment(ofLocal: Timestamp(microseconds: wholeNumber(arguments[1])))
      return moment.text(offset: 0)
    },
    "timestamptz text": { arguments in
      try Timestamp(microseconds: wholeNumber(arguments[1])).text(in: zone(arguments[0]))
    },
    "date": { try DateValue(parsing: $0[1], zones: context($0[0])).description },
    "timestamp": { try Timestamp(parsing: $0[1], zones: context($0[0])).description },
    "timestamptz": { try Timestamp(parsingMoment: $0[1], zones: context($0[0])).text(in: zone($0[0])) },
    "timestamp text": { try Timestamp(microseconds: wholeNumber($0[0])).description },
    "date text": { try DateValue(checkedDays: Int(wholeNumber($0[0]))).description },
  ]
}

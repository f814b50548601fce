import Foundation
import Model

/// Time zones from the system's files, for tests.
enum TestZones {
  struct NoZone: Error { var name: String }

  static func zone(_ name: String) throws -> ZoneRules {
    if name == "UTC" { return .utc }
    guard let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)") else {
      throw NoZone(name: name)
    }
    return try ZoneRules(tzif: Array(data), name: name)
  }

  static func context(_ name: String) throws -> ZoneContext {
    ZoneContext(session: try zone(name)) { name in try? zone(spelling[name.lowercased()] ?? name) }
  }

  /// The right spelling by the lower-case one.
  private static let spelling: [String: String] = {
    let files = FileManager.default.enumerator(atPath: "/usr/share/zoneinfo")
    let names = (files?.allObjects as? [String]) ?? []
    return Dictionary(names.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
  }()
}

import CaseFiles
import Foundation
import Model
import Testing

@testable import Timetable

/// The data files under `fixtures/cron/`: one case a line, columns parted by `" | "`, lines that
/// begin with `#` left out.
enum Fixture {
  struct Line: Sendable, CustomTestStringConvertible {
    var number: Int
    var columns: [String]
    var testDescription: String { "line \(number): \(columns[0])" }
  }

  static func lines(_ name: String) throws -> [Line] {
    try Checkout.lines("fixtures/cron/\(name)").map {
      Line(number: $0.number, columns: $0.text.components(separatedBy: " | "))
    }
  }
}

/// Zones by name, each read once.
enum Zones {
  static let all: [String: ZoneRules] = {
    var zones: [String: ZoneRules] = [:]
    for name in names { zones[name] = read(name) }
    return zones
  }()

  static func named(_ name: String) throws -> ZoneRules { try #require(all[name]) }

  private static let root = "/usr/share/zoneinfo/"

  /// The names in the table of the system's zones, with what they are linked to left out.
  static let names: [String] = {
    guard let table = try? String(contentsOfFile: root + "tzdata.zi", encoding: .utf8) else { return [] }
    var names: Set<String> = []
    for line in table.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.first == "Z" { names.insert(String(words[1])) }
      if words.first == "L" { names.insert(String(words[2])) }
    }
    return names.sorted()
  }()

  private static func read(_ name: String) -> ZoneRules? {
    (try? Data(contentsOf: URL(filePath: root + name))).flatMap {
      try? ZoneRules(tzif: Array($0), name: name)
    }
  }
}

/// A calendar of one expression.
func calendar(
  _ expression: String, _ zone: ZoneRules, _ policy: String = "", jobName: String = "job"
) throws -> FireCalendar {
  var daylight = DaylightPolicy.standard
  var except: Set<CivilDay> = []
  for word in policy.split(separator: " ") {
    let parts = word.split(separator: "=").map(String.init)
    switch parts[0] {
    case "gap": daylight.gap = try #require(.init(rawValue: parts[1]))
    case "overlap": daylight.overlap = try #require(.init(rawValue: parts[1]))
    case "except":
      except = try Set(parts[1].split(separator: ",").map { try #require(CivilDay(text: $0)) })
    default: Issue.record("unknown policy word \(word)")
    }
  }
  let cron = try CronExpression(SourceText(expression), jobName: jobName)
  let rules = FireRules([.cron(cron)], except: ExceptionDates(except), daylight: daylight)
  return FireCalendar(rules, zone: zone)
}

func instant(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

extension FireCalendar {
  func next(_ count: Int, after start: Instant) -> [Fire] {
    var fires: [Fire] = []
    var position = start
    while fires.count < count, let fire = next(after: position) {
      fires.append(fire)
      position = fire.instant
    }
    return fires
  }

  func previous(_ count: Int, before end: Instant) -> [Fire] {
    var fires: [Fire] = []
    var position = end
    while fires.count < count, let fire = previous(before: position) {
      fires.append(fire)
      position = fire.instant
    }
    return fires
  }
}

extension Fire {
  /// As the fixtures write a fire.
  var marked: String {
    switch mark {
    case .none: text
    case .afterGap: text + "~gap"
    case .firstOfTwo: text + "~first"
    case .secondOfTwo: text + "~second"
    }
  }
}

import Model

@testable import Timetable

/// Day fields of an expression made at random out of everything that may stand there, with what they mean
/// said a second time: by counting, for one day.
struct GeneratedDays {
  var ofMonth: Part
  var months: Part
  var ofWeek: Part

  /// One field: its text, and the question whether it holds a day.
  struct Part {
    var text: String
    var holds: @Sendable (CivilDate) -> Bool

    /// Said for every day, so that the other day field decides alone.
    var isOpen: Bool { text.hasPrefix("*") || text.hasPrefix("?") }
  }

  init(_ random: inout some RandomNumberGenerator) {
    ofMonth = Self.ofMonth(&random)
    ofWeek = Self.ofWeek(&random)
    months = Self.months(&random)
    // Both may not be left open by `?`.
    if ofMonth.text == "?", ofWeek.text == "?" { ofWeek = Part(text: "*") { _ in true } }
  }

  var text: String { "\(ofMonth.text) \(months.text) \(ofWeek.text)" }

  func holds(_ date: CivilDate) -> Bool {
    guard months.holds(date) else { return false }
    if ofMonth.isOpen || ofWeek.isOpen { return ofMonth.holds(date) && ofWeek.holds(date) }
    return ofMonth.holds(date) || ofWeek.holds(date)
  }

  // MARK: Fields

  /// Numbers, ranges, steps and lists of them, as every field has them.
  private static func numbers(
    _ range: ClosedRange<Int>, _ random: inout some RandomNumberGenerator, names: [String] = []
  ) -> (text: String, values: Set<Int>) {
    func name(_ number: Int) -> String {
      let index = number - range.lowerBound
      return names.indices.contains(index) && Bool.random(using: &random) ? names[index] : "\(number)"
    }
    var texts: [String] = []
    var values: Set<Int> = []
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let low = Int.random(in: range, using: &random)
      let high = Int.random(in: range, using: &random)
      let step = Int.random(in: 2...4, using: &random)
      // From the first on, over the end of the field where the second is the smaller one.
      let count = low <= high ? high - low : high - low + range.count
      let span = (0...count).map { (low - range.lowerBound + $0) % range.count + range.lowerBound }
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        texts.append(name(low))
        values.insert(low)
      case 1 where low != high:
        texts.append("\(name(low))-\(name(high))")
        values.formUnion(span)
      case 2 where low < high:
        texts.append("\(low)-\(high)/\(step)")
        values.formUnion(span.enumerated().filter { $0.offset % step == 0 }.map(\.element))
      default:
        texts.append("\(low)")
        values.insert(low)
      }
    }
    return (texts.joined(separator: ","), values)
  }

  private static func months(_ random: inout some RandomNumberGenerator) -> Part {
    switch Int.random(in: 0..<3, using: &random) {
    case 0: return Part(text: "*") { _ in true }
    case 1:
      let step = Int.random(in: 2...5, using: &random)
      return Part(text: "*/\(step)") { ($0.month - 1) % step == 0 }
    default:
      let (text, values) = numbers(
        1...12, &random,
        names: ["JAN", "feb", "Mar", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"])
      return Part(text: text) { values.contains($0.month) }
    }
  }

  private static func ofMonth(_ random: inout some RandomNumberGenerator) -> Part {
    let number = Int.random(in: 1...31, using: &random)
    let few = Int.random(in: 1...28, using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return Part(text: "*") { _ in true }
    case 1: return Part(text: "?") { _ in true }
    case 2: return Part(text: "L") { $0.day == length($0) }
    case 3: return Part(text: "L-\(few)") { $0.day == length($0) - few }
    case 4: return Part(text: "LW") { date in lastWorkday(date) == date.day }
    case 5: return Part(text: "\(number)W") { date in nearestWorkday(to: number, date) == date.day }
    case 6:
      let step = Int.random(in: 2...9, using: &random)
      return Part(text: "*/\(step)") { ($0.day - 1) % step == 0 }
    default:
      let (text, values) = numbers(1...31, &random)
      return Part(text: text) { values.contains($0.day) }
    }
  }

  private static func ofWeek(_ random: inout some RandomNumberGenerator) -> Part {
    let names = ["SUN", "MON", "tue", "Wed", "THU", "FRI", "SAT"]
    let day = Int.random(in: 0...6, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return Part(text: "*") { _ in true }
    case 1: return Part(text: "?") { _ in true }
    case 2: return Part(text: "\(day)L") { $0.dayOfWeek == day && $0.day + 7 > length($0) }
    case 3:
      let which = Int.random(in: 1...5, using: &random)
      return Part(text: "\(names[day])#\(which)") {
        $0.dayOfWeek == day && ($0.day - 1) / 7 + 1 == which
      }
    case 4: return Part(text: "7") { $0.dayOfWeek == 0 }
    default:
      let (text, values) = numbers(0...6, &random, names: names)
      return Part(text: text) { values.contains($0.dayOfWeek) }
    }
  }

  // MARK: Months, by counting

  private static func length(_ date: CivilDate) -> Int {
    CivilDate.length(ofMonth: date.month, year: date.year)
  }

  private static func workdays(_ date: CivilDate) -> [Int] {
    (1...length(date)).filter {
      (1...5).contains(CivilDate(year: date.year, month: date.month, day: $0).dayOfWeek)
    }
  }

  private static func lastWorkday(_ date: CivilDate) -> Int? { workdays(date).last }

  private static func nearestWorkday(to number: Int, _ date: CivilDate) -> Int? {
    guard number <= length(date) else { return nil }
    return workdays(date).min { abs($0 - number) < abs($1 - number) }
  }
}

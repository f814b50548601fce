/// One of the six fields of a cron expression: its numbers, its names and what messages call it.
enum CronField: String, CaseIterable {
  case second, minute, hour
  case dayOfMonth = "day-of-month"
  case month
  case dayOfWeek = "day-of-week"

  /// The numbers that may be written. In the day-of-week field both 0 and 7 are Sunday.
  var numbers: ClosedRange<Int> {
    switch self {
    case .second, .minute: 0...59
    case .hour: 0...23
    case .dayOfMonth: 1...31
    case .month: 1...12
    case .dayOfWeek: 0...7
    }
  }

  /// The numbers that `*` stands for.
  var all: ClosedRange<Int> { self == .dayOfWeek ? 0...6 : numbers }

  /// The numbers that `H` draws from: days that every month has.
  var hashed: ClosedRange<Int> { self == .dayOfMonth ? 1...28 : all }

  /// Names for the numbers from `names.first` on.
  var names: [String] {
    switch self {
    case .month:
      ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
    case .second, .minute, .hour, .dayOfMonth: []
    }
  }

  /// The number that three letters name, in either case.
  func number(named name: String) -> Int? {
    names.firstIndex(of: name.uppercased()).map { $0 + all.lowerBound }
  }

  /// What may stand in the field, for hints.
  var allowed: String {
    let numbers = "\(self.numbers.lowerBound) to \(self.numbers.upperBound)"
    return switch self {
    case .second, .minute, .hour: "a number from \(numbers), a range such as 5-9, a list, * or */15"
    case .dayOfMonth: "a number from \(numbers), a range, a list, *, ?, L, L-3, LW or 15W"
    case .month: "a number from \(numbers) or a name from JAN to DEC, a range, a list or *"
    case .dayOfWeek:
      "a number from \(numbers) or a name from SUN to SAT, a range, a list, *, ?, 5L or MON#2"
    }
  }
}

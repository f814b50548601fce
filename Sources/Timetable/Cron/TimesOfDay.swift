internal import Model

/// The times of one day at which a schedule is due, in seconds after midnight.
///
/// - Complexity: every question is a few bit operations.
enum TimesOfDay: Hashable, Sendable {
  /// Bit n of each mask stands for the value n. None is ever empty.
  case fields(seconds: UInt64, minutes: UInt64, hours: UInt64)
  /// Every so many seconds from midnight on; at most a day.
  case every(Int)

  var first: Int {
    switch self {
    case .fields(let seconds, let minutes, let hours):
      hours.trailingZeroBitCount * 3600 + minutes.trailingZeroBitCount * 60
        + seconds.trailingZeroBitCount
    case .every: 0
    }
  }

  var last: Int {
    switch self {
    case .fields(let seconds, let minutes, let hours):
      hours.highestBit * 3600 + minutes.highestBit * 60 + seconds.highestBit
    case .every(let period): (LocalTime.secondsPerDay - 1) / period * period
    }
  }

  /// The least time that is not before `time`.
  func next(atOrAfter time: Int) -> Int? {
    switch self {
    case .every(let period):
      let next = (time + period - 1) / period * period
      return next < LocalTime.secondsPerDay ? next : nil
    case .fields(let seconds, let minutes, let hours):
      let hour = time / 3600
      let minute = time / 60 % 60
      if hours.hasBit(hour) {
        if minutes.hasBit(minute), let second = seconds.nextBit(from: time % 60) {
          return time - time % 60 + second
        }
        if let later = minutes.nextBit(from: minute + 1) {
          return hour * 3600 + later * 60 + seconds.trailingZeroBitCount
        }
      }
      guard let later = hours.nextBit(from: hour + 1) else { return nil }
      return later * 3600 + minutes.trailingZeroBitCount * 60 + seconds.trailingZeroBitCount
    }
  }

  /// The greatest time that is not after `time`.
  func previous(atOrBefore time: Int) -> Int? {
    switch self {
    case .every(let period):
      return time / period * period
    case .fields(let seconds, let minutes, let hours):
      let hour = time / 3600
      let minute = time / 60 % 60
      if hours.hasBit(hour) {
        if minutes.hasBit(minute), let second = seconds.previousBit(through: time % 60) {
          return time - time % 60 + second
        }
        if let earlier = minutes.previousBit(through: minute - 1) {
          return hour * 3600 + earlier * 60 + seconds.highestBit
        }
      }
      guard let earlier = hours.previousBit(through: hour - 1) else { return nil }
      return earlier * 3600 + minutes.highestBit * 60 + seconds.highestBit
    }
  }
}

extension UInt64 {
  func hasBit(_ index: Int) -> Bool { self >> UInt64(index) & 1 == 1 }

  /// The mask must not be empty.
  var highestBit: Int { 63 - leadingZeroBitCount }

  func nextBit(from index: Int) -> Int? {
    let rest = self >> UInt64(index)
    return rest == 0 ? nil : index + rest.trailingZeroBitCount
  }

  func previousBit(through index: Int) -> Int? {
    guard index >= 0 else { return nil }
    let rest = self & (UInt64.max >> UInt64(63 - index))
    return rest == 0 ? nil : rest.highestBit
  }

  /// Bits `range`, both ends among them.
  init(bits range: ClosedRange<Int>) {
    self = (UInt64.max >> UInt64(63 - range.upperBound)) & (UInt64.max << UInt64(range.lowerBound))
  }

  /// The numbers of the set bits, rising.
  var setBits: [Int] { (0..<64).filter(hasBit) }
}

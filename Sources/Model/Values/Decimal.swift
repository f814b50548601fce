/// An exact decimal number that behaves as Postgres's `numeric` does, result scales included.
///
/// Up to 38 digits are held in an `Int128` without allocation; longer numbers, to 131,072 digits before and
/// 16,383 after the point, are held as base-10,000 digits. NaN and both infinities exist.
///
/// `==` and hashing are structural: `1.0` and `1.00` differ. Numeric order is `Decimal.order`.
package struct Decimal: Sendable, Hashable {
  @usableFromInline
  package enum Storage: Sendable, Hashable {
    case small(Int128, scale: Int32)
    /// Only for what `small` cannot hold, so that equal numbers are stored alike.
    case large(DecimalDigits)
    case notANumber
    case infinity
    case negativeInfinity
  }

  @usableFromInline var storage: Storage

  @inlinable init(storage: Storage) { self.storage = storage }

  package static let maximumScale = 16_383
  static let maximumWeight = 32_767

  @inlinable package static var zero: Decimal { Decimal(storage: .small(0, scale: 0)) }
  @inlinable package static var notANumber: Decimal { Decimal(storage: .notANumber) }
  @inlinable package static var infinity: Decimal { Decimal(storage: .infinity) }
  @inlinable package static var negativeInfinity: Decimal { Decimal(storage: .negativeInfinity) }

  /// The number `mantissa * 10^-scale`; `scale` is in `0...maximumScale`.
  @inlinable
  package init(mantissa: Int128, scale: Int) {
    precondition(scale >= 0 && scale <= 16_383, "a decimal's scale is in 0...16383")
    if mantissa == .min {
      self.init(largeMantissa: mantissa, scale: scale)
    } else {
      self.init(storage: .small(mantissa, scale: Int32(truncatingIfNeeded: scale)))
    }
  }

  /// `Int128.min` alone has no negation in `Int128`, so it is kept as digits.
  @usableFromInline
  init(largeMantissa: Int128, scale: Int) {
    self.init(storage: .large(DecimalDigits(mantissa: largeMantissa, scale: scale)))
  }

  @inlinable package init(_ value: Int64) { self.init(storage: .small(Int128(value), scale: 0)) }
  @inlinable package init(_ value: Int128) { self.init(mantissa: value, scale: 0) }

  /// Takes digits of any length and stores them in their one form.
  /// - Throws: `RowFault` 22003 where Postgres's numeric cannot hold them.
  package init(_ digits: DecimalDigits) throws(RowFault) {
    guard digits.weight <= Self.maximumWeight, digits.scale <= Self.maximumScale else {
      throw .numericOverflow
    }
    if let mantissa = digits.mantissa, mantissa != .min {
      storage = .small(mantissa, scale: Int32(digits.scale))
    } else {
      storage = .large(digits)
    }
  }

  /// The parts of a number that fits `Int128`, whose value is `mantissa * 10^-scale`; nil for all others.
  @inlinable package var parts: (mantissa: Int128, scale: Int)? {
    if case .small(let mantissa, let scale) = storage { return (mantissa, Int(scale)) }
    return nil
  }

  /// The digits of a finite number; nil for NaN and the infinities.
  package var digits: DecimalDigits? {
    switch storage {
    case .small(let mantissa, let scale): DecimalDigits(mantissa: mantissa, scale: Int(scale))
    case .large(let digits): digits
    case .notANumber, .infinity, .negativeInfinity: nil
    }
  }

  @inlinable package var isNaN: Bool {
    if case .notANumber = storage { return true }
    return false
  }

  package var isInfinite: Bool {
    switch storage {
    case .infinity, .negativeInfinity: true
    case .small, .large, .notANumber: false
    }
  }

  package var isFinite: Bool { !isNaN && !isInfinite }

  package var isZero: Bool {
    if case .small(0, _) = storage { return true }
    return false
  }

  /// The number of decimals shown; zero for NaN and the infinities.
  package var scale: Int {
    switch storage {
    case .small(_, let scale): Int(scale)
    case .large(let digits): digits.scale
    case .notANumber, .infinity, .negativeInfinity: 0
    }
  }

  /// -1, 0 or 1; zero for NaN.
  var signum: Int {
    switch storage {
    case .small(let mantissa, _): Int(mantissa.signum())
    case .large(let digits): digits.isNegative ? -1 : 1
    case .infinity: 1
    case .negativeInfinity: -1
    case .notANumber: 0
    }
  }

  /// Postgres's `sign()`: -1, 0 or 1 as a number, NaN for NaN.
  package var sign: Decimal { isNaN ? self : Decimal(Int64(signum)) }

  package var negated: Decimal {
    switch storage {
    case .small(let mantissa, let scale): Decimal(storage: .small(-mantissa, scale: scale))
    case .large(let digits): Decimal(storage: .large(digits.negated))
    case .infinity: .negativeInfinity
    case .negativeInfinity: .infinity
    case .notANumber: self
    }
  }

  package var magnitude: Decimal { signum < 0 ? negated : self }

  /// True where nothing but zeros stands behind the point; infinities count, NaN does not.
  package var isIntegral: Bool {
    switch storage {
    case .small: wholeNumber != nil
    case .large(let digits): digits.digits.count <= digits.weight + 1
    case .infinity, .negativeInfinity: true
    case .notANumber: false
    }
  }

  /// The value where it is a whole number that `Int128` holds.
  var wholeNumber: Int128? {
    guard case .small(let mantissa, let scale) = storage else { return nil }
    if scale == 0 || mantissa == 0 { return mantissa }
    guard let unit = PowersOfTen.int128(Int(scale)), mantissa % unit == 0 else { return nil }
    return mantissa / unit
  }

  /// Numeric order: negative, zero or positive. NaN equals NaN and stands above all others, as in Postgres.
  package static func order(_ left: Decimal, _ right: Decimal) -> Int {
    switch (left.storage, right.storage) {
    case (.small(let a, let scaleA), .small(let b, let scaleB)):
      if scaleA == scaleB { return a < b ? -1 : (a == b ? 0 : 1) }
      let difference = Int(scaleA) - Int(scaleB)
      if let unit = PowersOfTen.int128(abs(difference)) {
        if difference > 0 {
          let (scaled, tooBig) = b.multipliedReportingOverflow(by: unit)
          if !tooBig { return a < scaled ? -1 : (a == scaled ? 0 : 1) }
        } else {
          let (scaled, tooBig) = a.multipliedReportingOverflow(by: unit)
          if !tooBig { return scaled < b ? -1 : (scaled == b ? 0 : 1) }
        }
      }
      return DecimalDigits.order(
        DecimalDigits(mantissa: a, scale: Int(scaleA)), DecimalDigits(mantissa: b, scale: Int(scaleB)))
    default:
      let ranks = (left.rank, right.rank)
      if ranks.0 != ranks.1 { return ranks.0 - ranks.1 }
      guard let a = left.digits, let b = right.digits else { return 0 }
      return DecimalDigits.order(a, b)
    }
  }

  private var rank: Int {
    switch storage {
    case .negativeInfinity: -1
    case .small, .large: 0
    case .infinity: 1
    case .notANumber: 2
    }
  }
}

/// The powers of ten that `Int128` holds.
enum PowersOfTen {
  private static let table: [Int128] = {
    var powers: [Int128] = [1]
    for _ in 1...38 { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  static func int128(_ exponent: Int) -> Int128? {
    exponent >= 0 && exponent < 39 ? table[exponent] : nil
  }

  /// The number of decimal digits of a magnitude; zero for zero.
  static func digitCount(_ magnitude: UInt128) -> Int {
    if magnitude == 0 { return 0 }
    let bits = 128 - magnitude.leadingZeroBitCount
    // 1233/4096 is just above log10(2); the estimate is right or one too low.
    let estimate = (bits * 1233) >> 12
    guard estimate < 39 else { return 39 }
    return magnitude >= UInt128(table[estimate]) ? estimate + 1 : estimate
  }
}

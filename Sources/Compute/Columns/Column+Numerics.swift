package import Model

/// How wide the mantissas of a numeric column are at the moment.
package enum NumericWidth: UInt8, Hashable, Sendable {
  /// `Int64` in `integers`: the common case.
  case narrow
  /// `Int128` in `wides`.
  case wide
  /// `Decimal`s: at least one value is longer than 38 digits, NaN or infinite.
  case general
}

/// Numerics are mantissas over a power of ten. The column has one scale for all rows (`scale`) while every
/// value written had the same, else one per row (`scales`). Writers widen the whole column when a value does
/// not fit; `resetNumerics` makes it narrow again for the next batch.
extension Column {
  /// No value has been written yet: the next one settles the scale.
  static let unsetScale: Int32 = -2
  static let mixedScale: Int32 = -1

  package internal(set) var width: NumericWidth {
    get { state.pointee.width }
    set { state.pointee.width = newValue }
  }

  var scaleState: Int32 {
    get { state.pointee.scaleState }
    set { state.pointee.scaleState = newValue }
  }

  /// The scale that all rows share, or `nil` where each row has its own in `scales`.
  package var scale: Int? {
    switch scaleState {
    case Self.mixedScale: nil
    case Self.unsetScale: 0
    default: Int(scaleState)
    }
  }

  /// The scale of each row, where `scale` is `nil` and the width is not `.general`.
  package var scales: UnsafeMutablePointer<UInt16> {
    if let scales = state.pointee.scales { return scales }
    let scales = UnsafeMutablePointer<UInt16>.allocate(capacity: Self.capacity)
    scales.initialize(repeating: 0, count: Self.capacity)
    state.pointee.scales = scales
    return scales
  }

  /// The mantissas where the width is `.wide`.
  package var wides: UnsafeMutablePointer<Int128> {
    if let wides = state.pointee.wides { return wides }
    let wides = UnsafeMutablePointer<Int128>.allocate(capacity: Self.capacity)
    wides.initialize(repeating: 0, count: Self.capacity)
    state.pointee.wides = wides
    return wides
  }

  func resetNumerics() {
    width = .narrow
    scaleState = Self.unsetScale
  }

  /// Declares all rows to be of one width and scale, for kernels that fill the lanes themselves.
  func beginNumerics(_ width: NumericWidth, scale: Int?) {
    self.width = width
    scaleState = scale.map { Int32(truncatingIfNeeded: $0) } ?? Self.mixedScale
    if width == .general && ownDecimals.isEmpty {
      ownDecimals = Array(repeating: .zero, count: Self.capacity)
    }
  }

  @inline(__always)
  func setNumeric(_ row: Int, _ mantissa: Int64, scale: Int) {
    if width == .narrow && scaleState == Int32(truncatingIfNeeded: scale) {
      integers[row] = mantissa
    } else {
      setNumericSlowly(row, Int128(mantissa), scale: scale)
    }
  }

  func setNumeric(_ row: Int, _ mantissa: Int128, scale: Int) {
    if width == .narrow, let narrow = Int64(exactly: mantissa) {
      setNumeric(row, narrow, scale: scale)
    } else {
      setNumericSlowly(row, mantissa, scale: scale)
    }
  }

  func setNumeric(_ row: Int, _ value: Decimal) {
    if width != .general, let parts = value.parts {
      setNumeric(row, parts.mantissa, scale: parts.scale)
    } else {
      widenToDecimals()
      ownDecimals[row] = value
    }
  }

  @inline(never)
  private func setNumericSlowly(_ row: Int, _ mantissa: Int128, scale: Int) {
    if mantissa == .min { widenToDecimals() }
    if width == .general {
      ownDecimals[row] = Decimal(mantissa: mantissa, scale: scale)
      return
    }
    noteScale(scale, ofRow: row)
    if width == .narrow {
      if let narrow = Int64(exactly: mantissa) {
        integers[row] = narrow
        return
      }
      let (narrows, wides) = (integers, wides)
      for index in 0..<Self.capacity { wides[index] = Int128(narrows[index]) }
      width = .wide
    }
    wides[row] = mantissa
  }

  private func noteScale(_ scale: Int, ofRow row: Int) {
    switch scaleState {
    case Int32(scale): return
    case Self.unsetScale: scaleState = Int32(scale)
    case Self.mixedScale: scales[row] = UInt16(scale)
    default:
      scales.update(repeating: UInt16(scaleState), count: Self.capacity)
      scaleState = Self.mixedScale
      scales[row] = UInt16(scale)
    }
  }

  private func widenToDecimals() {
    guard width != .general else { return }
    var decimals = ownDecimals
    ownDecimals = []
    if decimals.isEmpty { decimals = Array(repeating: .zero, count: Self.capacity) }
    for row in 0..<Self.capacity { decimals[row] = decimal(row) }
    ownDecimals = decimals
    width = .general
    scaleState = Self.mixedScale
  }

  /// The scale of a row's value, where the width is not `.general`.
  @inline(__always)
  func scale(ofRow row: Int) -> Int {
    switch scaleState {
    case Self.mixedScale: Int(scales[row])
    case Self.unsetScale: 0
    default: Int(scaleState)
    }
  }

  /// The numeric at `row`; for a NULL, some number.
  package func decimal(_ row: Int) -> Decimal {
    switch width {
    case .narrow: Decimal(mantissa: Int128(integers[row]), scale: scale(ofRow: row))
    case .wide: Decimal(mantissa: wides[row], scale: scale(ofRow: row))
    case .general: ownDecimals[row]
    }
  }

  /// Mantissa and scale of the numeric at `row`; `nil` for what `Int128` cannot hold.
  package func parts(_ row: Int) -> (mantissa: Int128, scale: Int)? {
    switch width {
    case .narrow: (Int128(integers[row]), scale(ofRow: row))
    case .wide: (wides[row], scale(ofRow: row))
    case .general: ownDecimals[row].parts
    }
  }
}

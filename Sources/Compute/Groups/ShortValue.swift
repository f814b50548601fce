/// A value of at most 16 bytes; zeros stand behind a shorter one.
struct ShortValue: Equatable {
  let low: UInt64
  let high: UInt64
  let length: UInt32

  @inline(__always)
  init(low: UInt64, high: UInt64, length: UInt32) {
    (self.low, self.high, self.length) = (low, high, length)
  }

  @inline(__always)
  init(_ integer: Int64) { self.init(low: UInt64(bitPattern: integer), high: 0, length: 8) }

  /// Multiply and fold, as for whole keys.
  @inline(__always)
  var hash: Int {
    let product = (low ^ UInt64(length) &* 0x2D35_8DCC_AA6C_78A5)
      .multipliedFullWidth(by: 0x8BB8_4B93_962E_ACC9 ^ high)
    return Int(truncatingIfNeeded: product.high ^ product.low)
  }
}

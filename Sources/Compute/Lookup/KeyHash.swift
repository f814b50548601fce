internal import Model

/// Hashes of keys such that keys equal by SQL's `=` hash alike. Equal within a version of
/// Tidemark: where one is stored, another version reads anew what it stands for.
enum KeyHash {
  /// `nil` where any part is NULL.
  @inline(__always)
  static func hash(_ columns: [Unmanaged<Column>], _ rules: [ComparisonRule], _ row: Int) -> UInt64? {
    var hash: UInt64 = 0
    for index in rules.indices {
      let next: UInt64? = columns[index]._withUnsafeGuaranteedRef {
        $0.isValid(row) ? part($0, rules[index], row) : nil
      }
      guard let next else { return nil }
      hash = mixed(hash ^ next)
    }
    return hash
  }

  /// The hash of a key that is one integer.
  @inline(__always)
  static func hash(integer: Int64) -> UInt64 { mixed(mixed(UInt64(bitPattern: integer))) }

  /// The hash of a key that is one text of up to eight bytes, given as a word whose other bytes are zero.
  @inline(__always)
  static func hash(shortText word: UInt64, length: UInt32) -> UInt64 {
    mixed(short(word, length: UInt64(length)))
  }

  /// The hash of a row whose NULLs count as values of their own.
  static func hashWithNulls(_ columns: [Column], _ row: Int) -> UInt64 {
    var hash: UInt64 = 0
    for column in columns {
      let rule = ComparisonRule(column.type)
      hash = mixed(hash ^ (column.isValid(row) ? part(column, rule, row) : 0x9E37_79B9_7F4A_7C15))
    }
    return hash
  }

  @inline(__always)
  private static func part(_ column: Column, _ rule: ComparisonRule, _ row: Int) -> UInt64 {
    switch rule {
    case .integers: return mixed(UInt64(bitPattern: column.integers[row]))
    case .doubles:
      let value = column.doubles[row]
      return mixed(value.isNaN ? .max : (value + 0).bitPattern)
    case .numerics: return numeric(column, row)
    case .bytes: return bytes(column.bytes(row))
    case .blankPadded: return bytes(Comparing.withoutTrailingBlanks(column.bytes(row)))
    case .intervals: return mixed(UInt64(truncatingIfNeeded: column.intervals[row].comparisonKey))
    case .uuids:
      let value = column.uuids[row]
      return mixed(UInt64(truncatingIfNeeded: value) ^ mixed(UInt64(truncatingIfNeeded: value >> 64)))
    }
  }

  /// Without the zeros at a number's end, which its scale decides but not its value.
  private static func numeric(_ column: Column, _ row: Int) -> UInt64 {
    guard let parts = column.parts(row) else {
      // A number beyond Int128 may still equal one within; all of them are rare enough to share one slot.
      let number = column.decimal(row)
      return number.isFinite ? 1 : (number.isNaN ? 2 : 3)
    }
    var (mantissa, scale) = parts
    if let narrow = Int64(exactly: mantissa) {
      var rest = narrow
      while scale > 0 && rest % 10 == 0 {
        rest /= 10
        scale -= 1
      }
      mantissa = Int128(rest)
    } else {
      while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10
        scale -= 1
      }
    }
    let low = UInt64(truncatingIfNeeded: mantissa)
    return mixed(low ^ mixed(UInt64(truncatingIfNeeded: mantissa >> 64) &+ UInt64(scale)))
  }

  /// - Parameter bytes: a column's, behind which a word may be read.
  @inline(__always)
  private static func bytes(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    guard let start = bytes.baseAddress else { return short(0, length: 0) }
    let raw = UnsafeRawPointer(start)
    var hash: UInt64 = 0
    var position = 0
    while bytes.count - position > 8 {
      hash = mixed(hash ^ UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
      position += 8
    }
    let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    let rest = word & ~(UInt64.max << UInt64((bytes.count - position) * 8))
    return short(hash ^ rest, length: UInt64(bytes.count))
  }

  @inline(__always)
  private static func short(_ word: UInt64, length: UInt64) -> UInt64 {
    mixed(word ^ length &* 0x9E37_79B9_7F4A_7C15)
  }

  /// The finalizer of SplitMix64.
  @inline(__always)
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ z &>> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z &>> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z &>> 31
  }
}

/// Numbers drawn from a name, the same on every machine and in every version.
///
/// FNV-1a over the UTF-8 (Fowler, Noll, Vo), finished with the mixer of SplitMix64 (Steele, Lea,
/// Flood 2014) so that names differing in their last letter do not land side by side. `H` fields
/// and jitter depend on it: changing it moves everybody's jobs.
enum StableHash {
  static func number(_ name: String, salt: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    hash = hash &* 0x0000_0100_0000_01B3
    for byte in salt.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
    return hash ^ hash >> 31
  }

  /// From 0 up to `bound`, which is positive.
  static func number(_ name: String, salt: String, below bound: Int) -> Int {
    Int(number(name, salt: salt) % UInt64(bound))
  }
}

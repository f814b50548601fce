/// Hashes bytes with SHA-256 (FIPS 180-4): the one content hash of plans, job files, receipts and results.
///
/// Give bytes in as many parts as wanted with `update`, then take the 32 bytes of `finish`.
package struct SHA256: Sendable {
  private var state: Words8 = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )
  /// What is given and not hashed yet: its first `filled` bytes.
  private var block = InlineArray<64, UInt8>(repeating: 0)
  private var filled = 0
  private var length: UInt64 = 0

  private typealias Words8 = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

  package init() {}

  package mutating func update(_ bytes: some Sequence<UInt8>) {
    // One call a part into code that is made for bytes: a result's hash is over hundreds of megabytes.
    let isDone: Void? = bytes.withContiguousStorageIfAvailable { unsafe update($0.span) }
    if isDone == nil { update(Array(bytes).span) }
  }

  package mutating func update(_ bytes: Span<UInt8>) {
    length += UInt64(bytes.count)
    var position = 0
    while position < bytes.count {
      if filled == 0 {
        let blocks = (bytes.count - position) / 64
        state = Self.compressed(bytes.extracting(position..<position + blocks * 64), into: state)
        position += blocks * 64
      }
      while position < bytes.count, filled < 64 {
        add(bytes[position])
        position += 1
      }
    }
  }

  private mutating func add(_ byte: UInt8) {
    block[filled] = byte
    filled += 1
    if filled == 64 {
      state = Self.compressed(block.span, into: state)
      filled = 0
    }
  }

  package consuming func finish() -> [UInt8] {
    let digest = finishInline()
    return digest.indices.map { digest[$0] }
  }

  /// The 32 bytes without an allocation, for one hash a row.
  package consuming func finishInline() -> InlineArray<32, UInt8> {
    let bits = length * 8
    add(0x80)
    while filled != 56 { add(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      add(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    let words: InlineArray<8, UInt32> = [
      state.0, state.1, state.2, state.3, state.4, state.5, state.6, state.7,
    ]
    return InlineArray { UInt8(truncatingIfNeeded: words[$0 / 4] >> UInt32(24 - $0 % 4 * 8)) }
  }

  /// The hash of `bytes`.
  package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// The hash of `bytes`, as 64 hexadecimal digits.
  package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finishHexadecimal()
  }

  /// The hash of a text's UTF-8, as 64 hexadecimal digits.
  package static func hexadecimal(_ text: String) -> String {
    var hash = SHA256()
    hash.update(text.utf8)
    return hash.finishHexadecimal()
  }

  /// The hash of all that was given, as 64 hexadecimal digits.
  package consuming func finishHexadecimal() -> String {
    Self.digits(of: finish())
  }

  /// Bytes as hexadecimal digits, two each.
  package static func digits(of bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// The state after whole blocks of 64 bytes.
  private static func compressed(_ blocks: Span<UInt8>, into before: Words8) -> Words8 {
    var state = before
    let constants = Self.constants
    var words = InlineArray<64, UInt32>(repeating: 0)
    for start in stride(from: 0, to: blocks.count, by: 64) {
      for index in 0..<16 {
        let at = start + index * 4
        words[index] =
          UInt32(blocks[at]) << 24 | UInt32(blocks[at + 1]) << 16 | UInt32(blocks[at + 2]) << 8
          | UInt32(blocks[at + 3])
      }
      for index in 16..<64 {
        let (early, late) = (words[index - 15], words[index - 2])
        let sigma0 = early.rotated(7) ^ early.rotated(18) ^ (early >> 3)
        let sigma1 = late.rotated(17) ^ late.rotated(19) ^ (late >> 10)
        words[index] = words[index - 16] &+ sigma0 &+ words[index - 7] &+ sigma1
      }
      var (a, b, c, d, e, f, g, h) = state
      for index in 0..<64 {
        let sum1 = e.rotated(6) ^ e.rotated(11) ^ e.rotated(25)
        let choice = (e & f) ^ (~e & g)
        let first = h &+ sum1 &+ choice &+ constants[index] &+ words[index]
        let sum0 = a.rotated(2) ^ a.rotated(13) ^ a.rotated(22)
        let majority = (a & b) ^ (a & c) ^ (b & c)
        (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ sum0 &+ majority)
      }
      state = (
        state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e, state.5 &+ f, state.6 &+ g,
        state.7 &+ h
      )
    }
    return state
  }

  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}

extension UInt32 {
  @inline(__always)
  fileprivate func rotated(_ count: UInt32) -> UInt32 { self &>> count | self &<< (32 - count) }
}

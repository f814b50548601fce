internal import Synchronization

/// Masks secrets in text that leaves the process: log lines, fault texts, notices.
///
/// A defence behind the rule that secrets are not put there in the first place. Masks a secret
/// as it is, percent-encoded and in base64. Shared by everything that learns or shows texts.
package final class Redactor: Sendable {
  private let patterns = Mutex<[[UInt8]]>([])

  package init() {}

  /// Masks `secret` from now on. Secrets of less than three bytes are left alone: masking every
  /// `ab` would hide the text and not the secret.
  package func register(_ secret: String) {
    let bytes = Array(secret.utf8)
    guard bytes.count >= 3 else { return }
    patterns.withLock { patterns in
      for form in [bytes, Self.percentEncoded(bytes), Self.base64(bytes)] where !patterns.contains(form) {
        patterns.append(form)
      }
      // Longest first, so that a secret within another one does not leave the rest of it readable.
      patterns.sort { $0.count > $1.count }
    }
  }

  /// `text` with `***` in the place of every registered secret.
  package func mask(_ text: String) -> String {
    let patterns = patterns.withLock { $0 }
    if patterns.isEmpty { return text }
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var index = 0
    var hasMasked = false
    while index < bytes.count {
      if let pattern = patterns.first(where: { bytes[index...].starts(with: $0) }) {
        out += "***".utf8
        index += pattern.count
        hasMasked = true
      } else {
        out.append(bytes[index])
        index += 1
      }
    }
    return hasMasked ? String(decoding: out, as: UTF8.self) : text
  }

  /// RFC 3986: everything but the unreserved characters as `%XX`.
  static func percentEncoded(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return bytes.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        [byte]
      default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
  }

  /// RFC 4648, without the padding, so that it is found inside a longer encoded text too.
  static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    var bits = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | Int(byte)
      count += 8
      while count >= 6 {
        count -= 6
        out.append(digits[bits >> count & 63])
      }
    }
    if count > 0 { out.append(digits[bits << (6 - count) & 63]) }
    return out
  }
}

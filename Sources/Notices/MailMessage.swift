internal import Model

/// A notice as a mail: RFC 5322 with MIME, in ASCII whatever the text holds.
struct MailMessage {
  var from: String
  var to: [String]
  var subject: String
  var body: String
  var at: Instant
  var identifier: String

  /// The message with its headers, lines ending in CR LF.
  var bytes: [UInt8] {
    let headers = [
      "From: <\(from)>", "To: \(to.map { "<\($0)>" }.joined(separator: ",\r\n "))",
      "Subject: \(MailMessage.encodedText(subject))", "Date: \(MailMessage.dateText(at))",
      "Message-ID: <\(MailMessage.messageID(identifier, from))>", "Auto-Submitted: auto-generated",
      "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: base64",
    ]
    let lines = Base64.text(Array(body.replacing("\n", with: "\r\n").utf8)).utf8
    var out = Array((headers.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    for (index, byte) in lines.enumerated() {
      if index > 0, index % 76 == 0 { out += [0x0D, 0x0A] }
      out.append(byte)
    }
    return out + [0x0D, 0x0A]
  }

  /// RFC 2047 where it is needed: words of at most 75 characters, no scalar cut.
  static func encodedText(_ text: String) -> String {
    let text = NoticeText.oneLine(text)
    if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), !text.contains("=?") { return text }
    var words: [[UInt8]] = [[]]
    for scalar in text.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      if words[words.count - 1].count + bytes.count > 45 { words.append([]) }
      words[words.count - 1] += bytes
    }
    return words.map { "=?UTF-8?B?\(Base64.text($0))?=" }.joined(separator: "\r\n ")
  }

  /// `Sat, 21 Nov 2026 02:28:00 +0000`.
  static func dateText(_ instant: Instant) -> String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let day = CivilDay(number: instant.seconds.floorDivided(by: 86_400))
    let second = instant.seconds.floorRemainder(dividingBy: 86_400)
    let date = day.civil
    let time = [second / 3600, second / 60 % 60, second % 60].map { $0.padded(to: 2) }
      .joined(separator: ":")
    return
      "\(days[day.weekday]), \(date.day.padded(to: 2)) \(months[date.month - 1]) \(date.year.padded(to: 4)) \(time) +0000"
  }

  /// The idempotency key, made fit for a header: every attempt has the same.
  private static func messageID(_ identifier: String, _ from: String) -> String {
    let safe = identifier.utf8.map { byte -> String in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: String(UnicodeScalar(byte))
      default: "." + String(byte, radix: 16)
      }
    }.joined()
    return "\(safe)@\(from.split(separator: "@").last ?? "localhost")"
  }
}

/// RFC 4648, section 4.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for index in 0..<4 {
        out.append(index <= group.count ? alphabet[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}

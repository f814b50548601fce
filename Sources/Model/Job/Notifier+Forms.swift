/// What can be an address, a header or a server of a notifier: `validate` asks it of what is written out in files,
/// and whoever delivers of what references gave.
extension Notifier {
  /// How long a command may take: the outbox lends a notice for two minutes, and others wait behind it.
  package static let longestCommand = Duration.seconds(90)

  package static func isWebhookURL(_ text: String) -> Bool {
    text.lowercased().hasPrefix("http://") || text.lowercased().hasPrefix("https://")
  }

  package static func isMailServer(_ text: String) -> Bool {
    text.lowercased().hasPrefix("smtp://") || text.lowercased().hasPrefix("smtps://")
  }

  /// An address that can stand in an envelope and in a header: one `@`, ASCII without blanks,
  /// brackets, quotes, commas or control characters.
  package static func isMailAddress(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
      && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !#"<>()[]",;:\"#.utf8.contains($0) }
  }

  /// A name and a value that begin no other header (RFC 9110, section 5.6.2).
  package static func isHeader(_ name: String, _ value: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy(isTokenByte)
      && value.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

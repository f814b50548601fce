/// The host in a URL: the part that may be shown, while the rest may hold a secret.
enum HostName {
  static func of(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return "an unreadable URL" }
    let authority = url[scheme.upperBound...].prefix { !"/?#\\".contains($0) }
    let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
    return NoticeText.oneLine(String(host))
  }
}

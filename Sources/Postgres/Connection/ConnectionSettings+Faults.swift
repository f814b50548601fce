internal import CLibPQ
internal import Model
internal import Runtime

/// What is wrong with a connection string. Of what was written there hardly anything is told: where a separator is
/// missing, any part may be a piece of a password.
extension ConnectionSettings {
  static func fault(_ reason: String, name: String, cause: String? = nil, hint: String? = nil) -> Fault {
    Fault(
      "bad_connection_string", .config, "The connection string of `\(name)` cannot be read: \(reason)",
      cause: cause,
      hint: hint ?? "Write `postgresql://user@host:5432/database`, `host=... dbname=...` or `service=NAME`;"
        + " percent-encode special characters of a URI")
  }

  /// libpq quotes the part it stumbled over: only the words before the quotation are passed on.
  static func reason(of message: String) -> String {
    let known = [
      ("missing \"=\"", "a keyword stands without `=`"),
      ("unterminated quoted string", "a quote is not closed"),
      ("invalid connection option", "it has a keyword that libpq does not know"),
      ("invalid URI query parameter", "it has a parameter that libpq does not know"),
      ("invalid percent-encoded token", "it has a `%` that is not followed by two hexadecimal digits"),
      ("forbidden value %00", "it holds `%00`"),
      ("end of string reached when looking for matching \"]\"", "a `[` is not closed"),
      ("IPv6 host address may not be empty", "an IPv6 address is empty"),
      ("unexpected character", "a character stands where none may be"),
      ("missing key/value separator", "a parameter of the URI has no `=`"),
      ("extra key/value separator", "a parameter of the URI has more than one `=`"),
    ]
    return known.first { message.contains($0.0) }?.1 ?? "libpq does not understand it"
  }

  /// The fault of a keyword that this machine's libpq is too old for: files are often checked on another one than they
  /// run on.
  static func newerKeyword(in message: String, name: String) -> Fault? {
    guard message.contains("invalid connection option") || message.contains("invalid URI query parameter"),
      let (keyword, version) = newerKeywords.first(where: { message.contains("\"\($0.0)\"") })
    else { return nil }
    let own = PQlibVersion()
    return Fault(
      "libpq_too_old", .config,
      "The connection string of `\(name)` has the keyword `\(keyword)`, which libpq \(version) was the first to know",
      cause: "This machine has libpq \(own / 10000).\(own % 10000)",
      hint: "Run it where libpq is newer, or leave the keyword out")
  }

  private static let newerKeywords = [
    ("require_auth", 16), ("sslcertmode", 16), ("gssdelegation", 17), ("load_balance_hosts", 16),
    ("sslnegotiation", 17), ("min_protocol_version", 18), ("max_protocol_version", 18),
    ("oauth_issuer", 18), ("oauth_client_id", 18), ("oauth_client_secret", 18), ("oauth_scope", 18),
    ("scram_client_key", 18), ("scram_server_key", 18), ("sslkeylogfile", 18), ("servicefile", 18),
  ]

  /// The fault of a value that libpq refuses before it tries any server.
  /// - Parameter message: libpq's.
  /// - Returns: `nil` where the value is not what was refused.
  func refusedValue(_ message: String) -> Fault? {
    if let option = message.firstMatch(of: #/invalid integer value ".*" for connection option "(\w+)"/#) {
      return refused("`\(option.1)` is no whole number")
    }
    if message.contains("invalid port number: ") {
      return refused("`port` is not from 1 to 65535")
    }
    if message.contains("could not parse network address ") {
      return refused("`hostaddr` is no network address", hint: "A host's name belongs under `host`")
    }
    if let option = message.firstMatch(of: #/invalid (\w+) value: "/#) {
      let values = ConnectionSettings.values[String(option.1)]
      return refused(
        "`\(option.1)` has no such value", message, hint: values.map { "`\(option.1)` takes \($0)" })
    }
    if message.contains("service file \"") || message.contains("definition of service \"") {
      return refused(
        "its service cannot be found", message,
        hint: "A service is a section of `~/.pg_service.conf`, or of the file that PGSERVICEFILE names")
    }
    let others = [
      "could not match ", "invalid SSL protocol version range", "Unix-domain socket path \"",
      "nested service",
    ]
    return others.contains(where: message.contains) ? refused("its values do not go together", message) : nil
  }

  private func refused(_ reason: String, _ cause: String? = nil, hint: String? = nil) -> Fault {
    ConnectionSettings.fault(reason, name: name, cause: cause.map(redactor.mask), hint: hint).at(place)
  }

  /// What libpq's documentation names.
  private static let values = [
    "sslmode": "disable, allow, prefer, require, verify-ca and verify-full",
    "target_session_attrs": "any, read-write, read-only, primary, standby and prefer-standby",
    "channel_binding": "disable, prefer and require",
    "gssencmode": "disable, prefer and require",
    "ssl_min_protocol_version": "TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3",
    "ssl_max_protocol_version": "TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3",
  ]

  /// The fault of what a server does not let a session begin with.
  /// - Parameter cause: what the server said.
  func refusedSetting(_ cause: String) -> Fault {
    Fault(
      "bad_connection_string", .config,
      "The server refuses a setting of the connection string of `\(name)`", place: place, cause: cause,
      hint: "Look at its `options`, and at PGOPTIONS and the like in the environment")
  }
}

internal import CLibPQ
package import Model
package import Runtime

/// Where and how to connect: a connection string taken apart, with the secrets in it filled in.
///
/// Printing it, also by reflection, never shows a password.
package struct ConnectionSettings: Sendable, CustomStringConvertible, CustomReflectable {
  /// The name under `connections:`, which faults name.
  package let name: String
  /// Where the project's file has it.
  private(set) var place: Place?
  /// Where names without a schema are looked up, behind the catalogue.
  package var searchPath: [String]
  package var allowsRowSecurity: Bool
  /// Lets fault texts quote the server's messages about rows in full.
  package var showsRowData = false
  /// Shared by all that may not have more connections than so many together.
  package var limit: ConnectionLimit?
  /// Told who has a lock that a statement has waited for for a while, whenever that is somebody else.
  package var reportBlockers: (@Sendable (String) -> Void)?
  package let redactor: Redactor
  /// libpq's keywords and values.
  private(set) var parameters: [String: String]

  /// - Parameter applicationName: what `pg_stat_activity` shows, for instance `tidemark daily r01`;
  ///   a connection string that names one of its own keeps it.
  /// - Throws: `Fault` `bad_connection_string`, or what resolving the references throws.
  package init(
    rule: ConnectionRule, values: ExternalValues, applicationName: String
  ) throws(Fault) {
    do {
      try self.init(
        name: rule.name, connectionString: values.text(of: rule.url),
        applicationName: applicationName, searchPath: rule.searchPath,
        allowsRowSecurity: rule.allowsRowSecurity, redactor: values.redactor)
    } catch {
      throw error.at(rule.place)
    }
    place = rule.place
  }

  /// - Parameter connectionString: anything libpq takes: keywords and values, a URI, `service=NAME`.
  package init(
    name: String, connectionString: String, applicationName: String, searchPath: [String] = [],
    allowsRowSecurity: Bool = false, redactor: Redactor = Redactor()
  ) throws(Fault) {
    self.name = name
    self.searchPath = searchPath
    self.allowsRowSecurity = allowsRowSecurity
    self.redactor = redactor
    parameters = try Self.parse(connectionString, name: name)
    for keyword in ["password", "sslpassword"] {
      if let secret = parameters[keyword] { redactor.register(secret) }
    }
    if let secret = Environment.process["PGPASSWORD"] { redactor.register(secret) }
    parameters["client_encoding"] = "UTF8"
    setDefault("application_name", Self.shortened(applicationName), unless: nil)
    setDefault("connect_timeout", "10", unless: "PGCONNECT_TIMEOUT")
    // libpq itself looks at it only where it does the waiting.
    let timeout = parameters["connect_timeout"] ?? Environment.process["PGCONNECT_TIMEOUT"] ?? ""
    if Self.wholeNumber(timeout) == nil {
      throw Self.fault(
        "`connect_timeout` is no whole number of seconds", name: name,
        hint: parameters["connect_timeout"] == nil
          ? "It comes from PGCONNECT_TIMEOUT in the environment: correct that, or write `connect_timeout=10` here"
          : "Write seconds without a unit, from 2 up, as in `connect_timeout=10`")
    }
    // A peer that is gone without a word is noticed within a minute, by these or by `Silence`. Not by
    // `tcp_user_timeout`: it also ends connections to servers that live and take nothing more for a while, since a
    // row of a COPY waits for a lock.
    setDefault("keepalives", "1", unless: nil)
    setDefault("keepalives_idle", "30", unless: nil)
    setDefault("keepalives_interval", "10", unless: nil)
    setDefault("keepalives_count", "3", unless: nil)
  }

  /// The same settings under another database of the same server.
  package func database(_ database: String) -> ConnectionSettings {
    var copy = self
    copy.parameters["dbname"] = database
    return copy
  }

  /// The same settings under another application name.
  package func application(_ name: String) -> ConnectionSettings {
    var copy = self
    copy.parameters["application_name"] = Self.shortened(name)
    return copy
  }

  /// The same settings for one server that a connection has reached, whatever it is by now, without looking its
  /// name up again.
  /// - Parameter address: empty for a Unix socket.
  func server(host: String, address: String, port: String) -> ConnectionSettings {
    var copy = self
    copy.parameters["host"] = host
    copy.parameters["hostaddr"] = address.isEmpty ? nil : address
    copy.parameters["port"] = port
    copy.parameters["target_session_attrs"] = "any"
    return copy
  }

  /// How long one attempt to connect may take: `connect_timeout` for each host, and for several
  /// hosts what it takes the system to give up on a silent one.
  var connectLimit: Duration {
    let given = parameters["connect_timeout"] ?? Environment.process["PGCONNECT_TIMEOUT"] ?? "10"
    // libpq takes 0 and negative numbers as "for ever" and 1 as 2; nothing here waits for ever.
    let seconds = Self.wholeNumber(given).map { $0 <= 0 ? 3600 : max($0, 2) } ?? 10
    let hosts = (parameters["host"] ?? parameters["hostaddr"] ?? "").split(separator: ",").count
    return hosts > 1 ? .seconds(hosts * (seconds + 30)) : .seconds(seconds)
  }

  /// Name and target, without secrets: `shop (reader@db.internal:5432/shop)`.
  package var description: String {
    var target = ""
    if let user = parameters["user"] { target += user + "@" }
    target += parameters["host"] ?? parameters["hostaddr"] ?? parameters["service"] ?? "local socket"
    if let port = parameters["port"] { target += ":" + port }
    if let database = parameters["dbname"] { target += "/" + database }
    return "\(name) (\(redactor.mask(target)))"
  }

  package var customMirror: Mirror {
    Mirror(self, children: ["description": description])
  }

  private mutating func setDefault(_ keyword: String, _ value: String, unless variable: String?) {
    if parameters[keyword] != nil { return }
    if let variable, Environment.process[variable] != nil { return }
    parameters[keyword] = value
  }

  /// As libpq reads it, with white space around.
  private static func wholeNumber(_ text: String) -> Int? {
    let words = text.split(whereSeparator: \.isWhitespace)
    return words.count == 1 ? Int32(words[0]).map(Int.init) : nil
  }

  /// Postgres keeps 63 bytes.
  private static func shortened(_ name: String) -> String {
    var short = ""
    for character in name where short.utf8.count + character.utf8.count <= Identifier.maximumUTF8Length {
      short.append(character)
    }
    return short
  }

  private static func parse(_ text: String, name: String) throws(Fault) -> [String: String] {
    if text.utf8.contains(0) { throw fault("it holds a NUL byte", name: name) }
    var message: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(text, &message) else {
      let said = message.map { String(cString: $0) } ?? ""
      PQfreemem(message)
      if let tooOld = newerKeyword(in: said, name: name) { throw tooOld }
      throw fault(
        reason(of: said), name: name,
        hint: text.hasPrefix("$") ? "A variable of the environment is written `${env.NAME}`" : nil)
    }
    defer { PQconninfoFree(options) }
    var parameters: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    if parameters.isEmpty { throw fault("it is empty", name: name) }
    return parameters
  }
}

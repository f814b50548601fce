internal import CLibPQ
internal import Model
internal import Runtime

/// What the server says of one failed statement, and the fault made of it.
struct ServerError {
  let state: SQLState
  let message: String
  let detail: String?
  let hint: String?
  /// Of the row's table: by the table's name, without that of a constraint, a row that no partition takes is told apart.
  private let table: String?
  private let constraint: String?
  /// The column that COPY was at.
  private let column: String?
  /// The letter of the statement that the error is about, from 1.
  private let position: Int?

  init(_ result: borrowing ResultHandle) {
    let pointer = result.pointer
    func field(_ letter: Character) -> String? {
      letter.asciiValue.flatMap { PQresultErrorField(pointer, Int32($0)) }.map { String(cString: $0) }
    }
    // The letters are the protocol's own (PG_DIAG_*): macros of characters do not reach Swift.
    state = SQLState(field("C") ?? "")
    message = field("M") ?? String(cString: PQresultErrorMessage(pointer))
    detail = field("D")
    hint = field("H")
    table = field("t")
    constraint = field("n")
    column = field("W").flatMap(Self.copiedColumn)
    position = field("P").flatMap { Int($0) }
  }

  /// The fault, without row data unless the settings allow it.
  /// - Parameter statement: what was sent, which may know where the part was written that the server refuses.
  func fault(_ settings: ConnectionSettings, in statement: SQLText?) -> Fault {
    let meaning =
      state.code == "23514" && table != nil && constraint == nil ? SQLState.noPartition : state.meaning
    var cause = settings.showsRowData || !state.quotesValues ? message : Self.withoutQuotations(message)
    if let detail, settings.showsRowData || !state.detailsRows { cause += ": " + detail }
    if let column { cause += ": column `\(column)`" }
    return Fault(
      meaning.name, meaning.kind, "\(meaning.sentence) (connection `\(settings.name)`)",
      place: position.flatMap { statement?.place(ofLetter: $0) },
      cause: settings.redactor.mask("\(cause) (SQLSTATE \(state))"),
      hint: (meaning.hint ?? hint).map(settings.redactor.mask), isTransient: meaning.isTransient)
  }

  /// `s` of `COPY sums, line 1, column s: "..."`. What stands behind the colon is the row's.
  static func copiedColumn(_ context: String) -> String? {
    for line in context.split(separator: "\n") where line.hasPrefix("COPY ") {
      guard let found = line.firstMatch(of: #/, line \d+, column (.*?)(?:: (?:".*|null input))?$/#) else {
        continue
      }
      return String(found.1)
    }
    return nil
  }

  /// `invalid input syntax for type integer: "..."`: what stands in quotes is a value of a row, and
  /// may hold quotes itself, so everything from the first to the last one goes.
  static func withoutQuotations(_ message: String) -> String {
    guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\"") else {
      return message
    }
    return message[..<first] + "\"…\"" + message[message.index(after: last)...]
  }
}

extension ConnectionHandle.Refusal {
  /// The fault for a connection that did not come about. Only the text of libpq's message says
  /// why; in its verbose form that is `FATAL:  28P01: password authentication failed ...`.
  func fault(_ settings: ConnectionSettings) -> Fault {
    if isCancelled { return .cancelled(settings) }
    let cause = settings.redactor.mask(message).asOneLine
    // Class 08 says no more than that there is no connection. Poolers give it for all that they refuse.
    if let state, !state.code.hasPrefix("08") {
      // Nothing was asked yet but what the session is to begin with.
      if state.code.hasPrefix("22") || state.code == "42704" { return settings.refusedSetting(cause) }
      let meaning = state.meaning
      return Fault(
        meaning.name, meaning.kind, "\(meaning.sentence): cannot connect to \(settings)", cause: cause,
        hint: meaning.hint, isTransient: meaning.isTransient)
    }
    if let fault = settings.refusedValue(message) { return fault }
    if message.contains("no password supplied") {
      return Fault(
        "login_refused", .auth, "The server asks for a password: cannot connect to \(settings)",
        cause: cause,
        hint: "Put one into the connection string by `${env.X}` or `${file:path}`, or use `~/.pgpass`")
    }
    let isTLS = ["SSL", "certificate", "TLS"].contains { message.contains($0) }
    let isSession = message.contains("session is") || message.contains("server is ")
    return Fault(
      isTLS ? "tls_refused" : "cannot_connect", .connection, "Cannot connect to \(settings)", cause: cause,
      hint: isTLS
        ? "Check `sslmode`, `sslrootcert` and the host's name in the server's certificate"
        : hint
          ?? "Check that the server runs, listens there, and that the network lets the connection through",
      isTransient: !isTLS || isSession)
  }

  private var state: SQLState? {
    for line in message.split(separator: "\n").reversed() {
      for part in line.split(separator: ":").dropFirst() {
        let word = part.drop { $0 == " " }
        if part.hasPrefix("  "), word.utf8.count == 5,
          word.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) })
        {
          return SQLState(String(word))
        }
      }
    }
    return nil
  }
}

extension String {
  /// libpq's own text without line ends. The verbose form ends with a line about the server's source code, and that of a
  /// lost connection may end with one about the socket that is gone, of use to nobody here. What is tried with TLS and
  /// without is refused twice, in the same words.
  fileprivate var asOneLine: String {
    var said: [String] = []
    for line in split(separator: "\n") {
      let text = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      if text.isEmpty || text.hasPrefix("LOCATION:") || text == "invalid socket" || said.contains(text) {
        continue
      }
      // A sentence that goes on.
      if line.first == "\t", text.first?.isLowercase == true, let begun = said.popLast() {
        said.append(begun + " " + text)
      } else {
        said.append(text)
      }
    }
    return said.reduce("") { $0.isEmpty ? $1 : $0 + ($0.hasSuffix(".") ? " " : "; ") + $1 }
  }
}

extension Fault {
  /// For work that was asked to stop.
  static func cancelled(_ settings: ConnectionSettings) -> Fault {
    Fault("cancelled", .interrupted, "The work on connection `\(settings.name)` was cancelled")
  }

  static func lost(_ settings: ConnectionSettings, _ message: String) -> Fault {
    let cause = settings.redactor.mask(message).asOneLine
    return Fault(
      "connection_lost", .connection, "The connection `\(settings.name)` was lost",
      cause: cause.isEmpty ? nil : cause, isTransient: true)
  }
}

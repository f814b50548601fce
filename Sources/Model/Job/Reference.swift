/// One `${namespace.name}`.
///
/// `==` leaves its place out, so that an expression with one is found again elsewhere.
package struct Reference: Sendable {
  package var namespace: Namespace
  /// Behind the dot (`start_date`), or behind the colon of `${file:path}`.
  package var name: String
  /// Of `${env.X:-default}`.
  package var fallback: String?
  /// Of the dollar sign.
  package var place: Place

  package enum Namespace: String, Hashable, Sendable, CaseIterable {
    case params, interval, window, fire, run, matrix, env, file, credential

    /// These hold secrets or come from outside the run's identity: never in SQL or expressions.
    package var isExternal: Bool { self == .env || self == .file || self == .credential }

    /// The names that stand behind the dot, where they are a fixed list.
    package var names: [String]? {
      switch self {
      case .interval, .window:
        ["start", "end", "start_date", "end_date", "start_local", "end_local", "label", "timezone"]
      case .fire: ["time"]
      case .run: ["id"]
      case .params, .matrix, .env, .file, .credential: nil
      }
    }
  }

  package init(namespace: Namespace, name: String, fallback: String? = nil, place: Place) {
    self.namespace = namespace
    self.name = name
    self.fallback = fallback
    self.place = place
  }

  /// Reads what stands between `${` and `}`. Whether a parameter or matrix column of that name exists is for
  /// the reader of the job file to say.
  /// - Throws: `Fault` `bad_reference` for a wrong spelling, `unknown_reference` for a name that cannot exist.
  package init(parsing body: String, at place: Place) throws(Fault) {
    func fault(_ code: String, _ sentence: String, _ hint: String?) -> Fault {
      Fault(code, .validation, sentence, place: place, hint: hint)
    }
    if body.hasPrefix("file:") {
      let path = String(body.dropFirst(5))
      guard !path.isEmpty else { throw fault("bad_reference", "`${file:}` names no file", Self.example) }
      self.init(namespace: .file, name: path, place: place)
      return
    }
    var name = body
    var fallback: String?
    if let separator = body.utf8Range(of: ":-") {
      name = String(body[..<separator.lowerBound])
      fallback = String(body[separator.upperBound...])
    }
    guard let dot = name.firstIndex(of: ".") else {
      let known = Namespace.allCases.map(\.rawValue)
      throw fault(
        "bad_reference", "`${\(body)}` is not a reference: it needs a name in front of a dot",
        known.contains(name) ? "Write `${\(name).` and what you want of it" : Self.example)
    }
    let front = String(name[..<dot])
    let back = String(name[name.index(after: dot)...])
    guard let namespace = Namespace(rawValue: front), namespace != .file else {
      throw fault(
        "unknown_reference", "There is no `\(front)` to refer to",
        front == "file"
          ? "Write `${file:path}`"
          : DidYouMean.hint(for: front, among: Namespace.allCases.map(\.rawValue))
            ?? "There are params, interval, window, fire, run, matrix, env, file and credential")
    }
    guard !back.isEmpty, back.utf8.allSatisfy(Self.isNameByte) else {
      throw fault(
        "bad_reference", "`\(back)` in `${\(body)}` is not a name",
        "Names have letters, digits, `_`, `-` and `.`; write `$${` for the text `${` itself")
    }
    if let names = namespace.names, !names.contains(back) {
      throw fault(
        "unknown_reference", "There is no `\(back)` in `\(front)`",
        DidYouMean.hint(for: back, among: names) ?? "There are " + names.joined(separator: ", "))
    }
    if fallback != nil, namespace != .env {
      throw fault("bad_reference", "Only `${env.NAME:-default}` takes a default", "Leave the default out")
    }
    if let fallback, fallback.utf8Range(of: "${") != nil {
      throw fault(
        "bad_reference", "The default of `${env.\(back)}` is a reference itself: it would stay as it is",
        "Write the default out, or set the variable")
    }
    self.init(namespace: namespace, name: back, fallback: fallback, place: place)
  }

  /// The fault of a `${` without `}`.
  package static func unclosed(at place: Place) -> Fault {
    Fault(
      "bad_reference", .validation, "A `${` is not closed by `}`", place: place,
      hint: "Write `$${` for the text `${` itself")
  }

  private static let example = "Write one like `${params.name}` or `${interval.start}`"

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  /// As written in a job file, without the default.
  package var spelling: String {
    namespace == .file ? "file:\(name)" : "\(namespace.rawValue).\(name)"
  }
}

extension Reference: Hashable {
  package static func == (left: Reference, right: Reference) -> Bool {
    (left.namespace, left.name, left.fallback) == (right.namespace, right.name, right.fallback)
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(namespace)
    hasher.combine(name)
    hasher.combine(fallback)
  }
}

extension String {
  /// Where `part` stands first, compared byte by byte.
  fileprivate func utf8Range(of part: StaticString) -> Range<String.Index>? {
    let wanted = Array("\(part)".utf8)
    var start = startIndex
    while start < endIndex {
      let rest = utf8[start...]
      if rest.starts(with: wanted) { return start..<utf8.index(start, offsetBy: wanted.count) }
      start = utf8.index(after: start)
    }
    return nil
  }
}

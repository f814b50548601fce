internal import Model

/// Makes a `Project` of a checked tree.
struct ProjectDecoder {
  private let fields: Fields?
  private let root: String
  private let files: [String]
  private(set) var faults: [Fault] = []
  private(set) var warnings: [Fault] = []

  init(_ mapping: YAMLMapping, root: String, files: [String]) {
    fields = Fields(
      YAMLNode(place: Place(file: files.first ?? "", line: 1, column: 1), content: .mapping(mapping)))
    self.root = root
    self.files = files
  }

  mutating func project() -> Project {
    var connections: [String: ConnectionRule] = [:]
    for entry in fields?.entries("connections") ?? [] { connections[entry.key.text] = connection(entry) }
    var notifiers: [String: Notifier] = [:]
    for entry in fields?.entries("notifiers") ?? [] {
      notifiers[entry.key.text] = Fields(entry.value).flatMap { notifier($0, connections) }
    }
    var pools: [String: Int] = [:]
    for entry in fields?.entries("pools") ?? [] {
      pools[entry.key.text] = Fields(entry.value)?.integer("runs")
    }
    return Project(
      name: fields?.string("project") ?? JobFolder.stem(root), root: root, connections: connections,
      state: fields?.text("state").flatMap { template($0) }, output: fields?.string("output") ?? "out",
      notifiers: notifiers, pools: pools,
      maximumConcurrentRuns: fields?.integer("max_concurrent_runs"), files: files)
  }

  private mutating func connection(_ entry: YAMLMapping.Entry) -> ConnectionRule? {
    let inner = Fields(entry.value)
    guard let text = entry.value.text ?? inner?.text("url"), let url = template(text) else { return nil }
    if Self.holdsPassword(url) {
      warnings.append(
        Fault(
          "secret_in_file", .validation, "The connection `\(entry.key.text)` has its password in the file",
          place: text.place,
          hint: "Write `${credential.NAME}`, `${env.NAME}` or `${file:path}`, or use ~/.pgpass"))
    }
    return ConnectionRule(
      name: entry.key.text, url: url, maximumConnections: inner?.integer("max_connections"),
      searchPath: inner?.strings("search_path") ?? [], ledgerSchema: inner?.string("ledger") ?? "tidemark",
      allowsRowSecurity: inner?.boolean("row_security") ?? false, place: entry.key.place)
  }

  /// `postgresql://user:password@host` or `password=...`, written out.
  private static func holdsPassword(_ url: Template) -> Bool {
    let texts = url.parts.compactMap { part in
      if case .text(let text) = part { text } else { nil }
    }
    if let range = texts.first(where: { $0.hasPrefix("postgres") }).map({ $0.split(separator: "/") }),
      let authority = range.dropFirst().first, let at = authority.lastIndex(of: "@"),
      let colon = authority.firstIndex(of: ":"), colon < at
    {
      return authority.index(after: colon) < at
    }
    return texts.contains { text in
      text.split(whereSeparator: { $0 == " " || $0 == "?" || $0 == "&" }).contains {
        $0.hasPrefix("password=") && $0.count > "password=".count
      }
    }
  }

  private mutating func notifier(_ fields: Fields, _ connections: [String: ConnectionRule]) -> Notifier? {
    var decoder = NotifierDecoder()
    let notifier = decoder.notifier(fields)
    for text in decoder.templates { _ = template(text) }
    faults += decoder.faults
    warnings += decoder.warnings
    for connection in decoder.connections where connections[connection.text] == nil {
      faults.append(
        Fault(
          "unknown_connection", .validation, "There is no connection `\(connection.text.shortened)`",
          place: connection.place,
          hint: DidYouMean.hint(for: connection.text, among: connections.keys.sorted())))
    }
    return notifier
  }

  private mutating func template(_ text: SourceText) -> Template? {
    let (template, found) = Template.read(text)
    faults += found
    for reference in template.references where !ReferenceUse.project.allows(reference.namespace) {
      faults.append(
        Fault(
          "reference_refused", .validation, "`${\(reference.spelling)}` cannot stand in a project file",
          place: reference.place, hint: ReferenceUse.project.hint))
    }
    return found.isEmpty ? template : nil
  }
}

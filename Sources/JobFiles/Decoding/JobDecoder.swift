internal import Expressions
internal import Model
internal import Runtime

/// Makes a `Job` of a checked tree, and judges what more than one key decides.
///
/// Goes on behind every fault, so that one reading finds them all.
struct JobDecoder {
  let root: Fields
  let file: String
  let project: Project
  /// Of a run that was begun by it: values that earlier versions took are no faults, nor is what the project has no more,
  /// which matters only where it is still needed.
  let isSaved: Bool
  var faults: [Fault] = []
  var warnings: [Fault] = []
  var references = ReferenceRules()

  init(root: Fields, file: String, project: Project, isSaved: Bool) {
    self.root = root
    self.file = file
    self.project = project
    self.isSaved = isSaved
  }

  /// - Returns: nil only where there are faults.
  mutating func job(namedAfter stem: String) -> Job? {
    let name = jobName(stem)
    let parameters = self.parameters()
    references.parameters = Set(parameters.map(\.name))
    let matrix = self.matrix()
    let interval = self.interval()
    references.interval = interval
    references.hasInterval = interval.isDeclared || isDueByClock
    let timezone = self.timezone()
    let sources = self.sources()
    let steps = self.steps()
    let aggregate = self.aggregate(steps: steps)
    let result = ResultColumns(steps: steps, aggregate: aggregate)
    let checks = self.checks(result: result)
    let sinks = self.sinks(result: result, checks: checks, sources: sources, matrix: matrix)
    let notify = self.notifyRules()
    let errors = self.errorRules()
    let limits = self.limits()
    let retention = self.retention()
    let schedule = unlessRefused { $0.schedule(job: name ?? JobName(stem)) }
    warnAboutUnused(parameters)
    guard let name, let timezone, !sources.isEmpty, !sinks.isEmpty else { return nil }
    return Job(
      name: name, file: file, description: root.string("description"), labels: labels(), timezone: timezone,
      interval: interval, schedule: schedule, parameters: parameters, matrix: matrix, sources: sources,
      steps: steps, aggregate: aggregate, checks: checks, sinks: sinks, errors: errors, limits: limits,
      notify: notify, retention: retention)
  }

  private mutating func jobName(_ stem: String) -> JobName? {
    if let given = root.string("job") { return TextForm.isJobName(given) ? JobName(given) : nil }
    guard TextForm.isJobName(stem) else {
      refuse(
        "bad_name", "The file's name `\(stem.shortened)` cannot be a job's name", root.place,
        hint: "Give one with `job:`")
      return nil
    }
    return JobName(stem)
  }

  private func labels() -> [String: String] {
    var labels: [String: String] = [:]
    for entry in root.entries("labels") { labels[entry.key.text] = entry.value.text?.text }
    return labels
  }

  private mutating func timezone() -> Template? {
    guard let text = root.text("timezone") else {
      if root["timezone"] == nil {
        refuse(
          "missing_key", "A job needs `timezone`", root.place,
          hint: "Write one like `timezone: Europe/Berlin` here, or in `defaults:` of tidemark.yaml")
      }
      return nil
    }
    guard let template = template(text, in: .timezone) else { return nil }
    guard let name = template.literal else { return template }
    if !name.utf8.allSatisfy({ Self.isZoneByte($0) }) || name.hasPrefix("/") {
      refuse(
        "bad_timezone", "`\(name.shortened)` is not a time zone", text.place,
        hint: "Write an IANA name like Europe/Berlin or UTC")
    } else {
      do throws(Fault) {
        _ = try ZoneFiles.system.rules(named: name)
      } catch {
        var fault = error
        fault.place = text.place
        faults.append(fault)
      }
    }
    return template
  }

  private static func isZoneByte(_ byte: UInt8) -> Bool {
    switch Character(Unicode.Scalar(byte)) {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", "+", "/": true
    default: false
    }
  }

  private mutating func interval() -> IntervalRule {
    guard let fields = root.fields("interval") else { return IntervalRule() }
    let rule = IntervalRule(
      span: fields.choice("span") ?? .fire, delay: fields.amount("delay") ?? .zero,
      lookback: fields.amount("lookback"), rolling: fields.amount("rolling"), isDeclared: true)
    for key in ["lookback", "rolling"] where fields.amount(key) == .zero {
      refuse(
        "out_of_range", "`\(key)` must be more than nothing", fields[key]?.place, hint: "Leave the key out")
    }
    // A `span` that cannot be read has been told of already.
    let span: IntervalSpan? = fields.choice("span")
    if fields["span"] == nil || span == .fire, !isDueByClock {
      refuse(
        "no_interval", "The interval goes from fire to fire, but the job has no schedule", fields.place,
        hint: "Give a `span:` such as day, or a `schedule:`")
    }
    return rule
  }

  private mutating func warnAboutUnused(_ parameters: [Parameter]) {
    // One from the project's defaults is for whichever job uses it.
    for parameter in parameters
    where parameter.place.file == root.place.file && !references.usedParameters.contains(parameter.name) {
      warnings.append(
        Fault(
          "unused_parameter", .validation, "Nothing uses the parameter `\(parameter.name)`",
          place: parameter.place, hint: "Write `${params.\(parameter.name)}` where it should stand"))
    }
  }
}

extension JobDecoder {
  /// Reads what says how a run is worked on, when it is due and who is told, and nothing of its result: of a run that was
  /// begun by it, it is left out where it is refused by now.
  mutating func unlessRefused<Value>(_ read: (inout JobDecoder) -> Value?) -> Value? {
    let known = faults.count
    let value = read(&self)
    guard isSaved, faults.count > known else { return value }
    faults.removeSubrange(known...)
    return nil
  }

  mutating func refuse(_ code: String, _ sentence: String, _ place: Place?, hint: String? = nil) {
    faults.append(Fault(code, .validation, sentence, place: place, hint: hint))
  }

  mutating func warn(_ code: String, _ sentence: String, _ place: Place?, hint: String? = nil) {
    warnings.append(Fault(code, .validation, sentence, place: place, hint: hint))
  }

  /// Refuses all but the first of entries that share a name.
  mutating func refuseTwins(_ named: [(name: String, place: Place)], _ what: String) {
    var seen: Set<String> = []
    for (name, place) in named where !seen.insert(name).inserted {
      refuse("duplicate_name", "There are two \(what) named `\(name.shortened)`", place, hint: "Rename one")
    }
  }

  mutating func template(_ text: SourceText, in use: ReferenceUse) -> Template? {
    let (template, found) = Template.read(text)
    faults += found
    check(template.references, in: use)
    return found.isEmpty ? template : nil
  }

  private mutating func check(_ used: [Reference], in use: ReferenceUse) {
    for reference in used {
      if let fault = references.check(reference, in: use) { faults.append(fault) }
    }
  }

  mutating func template(_ key: String, of fields: Fields, in use: ReferenceUse) -> Template? {
    fields.text(key).flatMap { template($0, in: use) }
  }

  /// SQL that is one closed piece of its kind, with its references checked.
  mutating func sql(_ text: SourceText, _ role: UserSQL.Role, in use: ReferenceUse = .data) -> SourceText {
    if text.isBlank { return text }
    do throws(Fault) {
      let sql =
        switch role {
        case .expression: try UserSQL(expression: text)
        case .query: try UserSQL(query: text)
        case .statement: try UserSQL(statement: text)
        }
      check(sql.references, in: use)
    } catch {
      refuse(error, and: text, in: use)
    }
    return text
  }

  /// An expression whose syntax, references and calls are checked; its types need the catalogue's facts.
  ///
  /// - Parameters:
  ///   - columns: all that it can name; nil where the file does not tell.
  ///   - group: what it may name outside of aggregates.
  mutating func expression(
    _ text: SourceText, aggregates: Bool = false, columns: [String]? = nil, group: GroupNames? = nil
  ) -> SourceText {
    if text.isBlank { return text }
    do throws(Fault) {
      let syntax = try ExpressionParser.parse(text)
      check(syntax.references, in: .data)
      for zone in syntax.zones {
        if let name = zone.unknownZone(Self.zones) {
          faults.append(
            ZoneFiles.system.unknown(name, at: text.place(atUTF8Offset: zone.range.lowerBound)))
        }
      }
      faults += syntax.callFaults(in: text, aggregates: aggregates)
      let unknown = columns.map { syntax.columnFaults(in: text, known: $0) } ?? []
      faults += unknown
      if let group, unknown.isEmpty { faults += group.faults(of: syntax, in: text) }
    } catch {
      refuse(error, and: text, in: .data)
    }
    return text
  }

  /// The zones that expressions and `parse` steps may name. Their own is not asked for here.
  static let zones = ZoneFiles.system.context(session: .utc)

  /// A parser stops at its first fault; the references of the whole text are judged all the same.
  private mutating func refuse(_ fault: Fault, and text: SourceText, in use: ReferenceUse) {
    let (template, found) = Template.read(text)
    faults += found
    check(template.references, in: use)
    if !found.contains(where: { $0.place == fault.place }) { faults.append(fault) }
  }

  /// A connection's name, which the project must know where it is written out.
  mutating func connection(_ key: String = "connection", of fields: Fields) -> Template? {
    guard let template = template(key, of: fields, in: .identifier) else { return nil }
    if !isSaved, let name = template.literal { requireConnection(name, template.source.place) }
    return template
  }

  mutating func requireConnection(_ name: String, _ place: Place) {
    guard project.connections[name] == nil else { return }
    let known = project.connections.keys.sorted()
    let hint =
      DidYouMean.hint(for: name, among: known)
      ?? (known.isEmpty
        ? "Declare it under `connections:` in tidemark.yaml" : "There are " + known.joined(separator: ", "))
    refuse("unknown_connection", "There is no connection `\(name.shortened)`", place, hint: hint)
  }

  /// A table's name whose references each are part of one identifier.
  ///
  /// - Parameter connection: of a table that is stored into, which is looked for nowhere but in a schema that the job
  ///   or the connection names.
  mutating func tableName(
    _ key: String, of fields: Fields, storedBy connection: String? = nil
  ) -> Template? {
    guard let template = template(key, of: fields, in: .identifier) else { return nil }
    let skeleton = template.parts.map { part in
      switch part {
      case .text(let text): text
      case .reference: "x"
      }
    }.joined()
    do throws(Fault) {
      let table = try QualifiedName(parsing: skeleton)
      if table.schema == nil, let connection, project.connections[connection]?.searchPath.isEmpty == true {
        throw Fault.noSchema(template.source.text, on: connection, at: template.source.place)
      }
    } catch {
      faults.append(error.at(template.source.place))
    }
    return template
  }
}

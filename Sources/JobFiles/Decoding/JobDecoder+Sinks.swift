internal import Expressions
internal import Model

extension JobDecoder {
  mutating func sinks(
    result: ResultColumns, checks: [Check], sources: [Source], matrix: Matrix?
  ) -> [SinkRule] {
    let sinks = root.list("store").compactMap { node -> SinkRule? in
      guard let fields = Fields(node) else { return nil }
      if let table = fields.fields("table") {
        return tableSink(table, result: result, checks: checks, sources: sources).map(SinkRule.table)
      }
      return fields.fields("file").flatMap { fileSink($0, result: result) }.map(SinkRule.file)
    }
    refuseTwinSinks(sinks)
    if let matrix { refuseSharedTargets(sinks, matrix) }
    return sinks
  }

  private mutating func tableSink(
    _ fields: Fields, result: ResultColumns, checks: [Check], sources: [Source]
  ) -> TableSinkRule? {
    let connection = self.connection(of: fields)
    let name = tableName("name", of: fields, storedBy: connection?.literal)
    let scope = fields.entries("scope").compactMap { entry in
      entry.value.text.flatMap { template($0, in: .sinkValue) }
        .map { TableSinkRule.Scope(column: entry.key.text, value: $0) }
    }
    let before = fields.texts("before_publish").map { sql($0, .statement, in: .publishing) }
    let after = fields.texts("after_publish").map { sql($0, .statement, in: .publishing) }
    requireResultColumns(fields, result)
    for column in result.names ?? [] {
      do throws(Fault) { try Identifier.check(column: column, place: fields.place) } catch {
        faults.append(error)
      }
    }
    guard let connection, let name, let mode: TableSinkRule.Mode = fields.choice("mode") else { return nil }
    let isReplacing = mode == .replace || mode == .replaceWindow
    judgeMode(mode, fields, result)
    let isPerChunk = fields.string("publish") == "per_chunk"
    if isPerChunk { judgePublishPerChunk(mode, fields, checks: checks, sources: sources) }
    return TableSinkRule(
      connection: connection, name: name, mode: mode, window: fields.text("window"), scope: scope,
      key: fields["key"].map { _ in fields.strings("key") }, create: fields.boolean("create") ?? false,
      onEmpty: fields.choice("on_empty") ?? (isReplacing ? .fail : .publish), maxDelete: maxDelete(fields),
      beforePublish: before, afterPublish: after, publishPerChunk: isPerChunk, place: fields.place)
  }

  private func maxDelete(_ fields: Fields) -> TableSinkRule.MaxDelete? {
    if let rows = fields.integer("max_delete") { return .rows(rows) }
    return fields.string("max_delete").flatMap(UnitText.partsPerMillion).map { .percent(Double($0) / 10_000) }
  }

  private mutating func requireResultColumns(_ fields: Fields, _ result: ResultColumns) {
    requireColumns(
      fields.texts("window") + fields.texts("key") + fields.texts("order_by")
        + fields.entries("scope").map(\.key), of: result)
  }

  /// Refuses names that no column of the result has.
  mutating func requireColumns(_ columns: [SourceText], of result: ResultColumns) {
    guard let names = result.names else { return }
    let known = Set(names)
    for column in columns where !known.contains(column.text) {
      refuse(
        "unknown_column", "The result has no column `\(column.text.shortened)`", column.place,
        hint: result.groups != nil && result.derived.contains(column.text)
          ? "`process` makes it, and `group_by` does not name it: the result has \(names.joined(separator: ", "))"
          : DidYouMean.hint(for: column.text, among: names) ?? "It has " + names.joined(separator: ", "))
    }
  }

  private mutating func judgeMode(_ mode: TableSinkRule.Mode, _ fields: Fields, _ result: ResultColumns) {
    func refuseKey(_ key: String, _ sentence: String, _ hint: String) {
      refuse("conflicting_keys", sentence, fields.mapping.entry(key)?.key.place, hint: hint)
    }
    if mode == .replaceWindow {
      if fields["window"] == nil {
        refuse(
          "missing_key", "`mode: replace_window` needs `window`", fields.place,
          hint: "Name the result column that it deletes and inserts by")
      }
      if !references.hasInterval {
        refuse(
          "no_interval", "`mode: replace_window` needs an interval to replace", fields["mode"]?.place,
          hint: "Give the job a `schedule:` or an `interval:`")
      }
    } else if fields["window"] != nil {
      refuseKey("window", "`window` is for `mode: replace_window`", "Leave it out, or write that mode")
    }
    let hasNoGroups = result.groups?.isEmpty ?? true
    if mode == .merge, fields["key"] == nil, hasNoGroups {
      refuse(
        "missing_key", "`mode: merge` needs `key`", fields.place,
        hint: "Name the columns that tell rows apart: there is no `group_by` to take them from")
    }
    let isReplacing = mode == .replace || mode == .replaceWindow
    for key in ["max_delete", "scope"] where fields[key] != nil && !isReplacing {
      refuseKey(
        key, "`\(key)` is for the replace modes", "`mode: \(mode.rawValue)` deletes nothing: leave it out")
    }
  }

  private mutating func judgePublishPerChunk(
    _ mode: TableSinkRule.Mode, _ fields: Fields, checks: [Check], sources: [Source]
  ) {
    let place = fields["publish"]?.place
    func refuseIt(_ reason: String, _ hint: String) {
      refuse("conflicting_keys", "`publish: per_chunk` \(reason)", place, hint: hint)
    }
    if mode != .append, mode != .merge {
      refuseIt("is for the modes append and merge", "Leave it out: readers see all or nothing")
    }
    if root["aggregate"] != nil {
      refuseIt("cannot publish groups", "A group is whole only when every chunk is done: leave it out")
    }
    if checks.contains(where: { $0.severity == .error }) {
      refuseIt("leaves nothing for error checks to keep back", "Write `severity: warn`, or leave it out")
    }
    if root.fields("errors")?["quarantine"] != nil {
      refuseIt("leaves nothing for quarantine limits to keep back", "Leave one of them out")
    }
    if fields["on_empty"] != nil {
      refuseIt("leaves nothing for `on_empty` to decide", "An empty chunk publishes nothing: leave it out")
    }
    if sources.contains(where: { $0.onResume == .recompute }) {
      refuseIt(
        "keeps what it has published, so `on_resume: recompute` cannot hold", "Leave one of them out")
    }
    if sources.contains(where: { $0.consistency == .snapshot }) {
      refuseIt("mixes moments, so it needs `consistency: chunk`", "Write that in the source, or leave it out")
    }
  }

  private mutating func fileSink(_ fields: Fields, result: ResultColumns) -> FileSinkRule? {
    requireResultColumns(fields, result)
    if fields["order_by"] != nil, root["aggregate"] != nil {
      refuse(
        "conflicting_keys", "`order_by` is for results without an aggregate", fields["order_by"]?.place,
        hint: "Groups are written in the order of their keys")
    }
    guard let path = template("path", of: fields, in: .sinkValue) else { return nil }
    refuseBadPath(path)
    let name = path.source.text
    let isCompressed = name.hasSuffix(".gz")
    let plain = isCompressed ? String(name.dropLast(3)) : name
    let ending = plain.split(separator: ".").last.map(String.init) ?? ""
    let formats = ["csv": FileSinkRule.FileFormat.csv, "jsonl": .jsonl, "ndjson": .jsonl]
    if ending == "parquet" {
      refuse(
        "not_yet", "Parquet files are planned and do not work yet", path.source.place,
        hint: "Write .csv or .jsonl")
      return nil
    }
    guard let format: FileSinkRule.FileFormat = fields.choice("format") ?? formats[ending] else {
      if fields["format"] == nil {
        refuse(
          "bad_path", "The path's ending does not tell the format", path.source.place,
          hint: "End it in .csv, .jsonl or .ndjson, each also with .gz, or give `format:`")
      }
      return nil
    }
    return FileSinkRule(
      path: path, format: format, isCompressed: isCompressed,
      ifExists: fields.choice("if_exists") ?? .replace,
      orderBy: fields.strings("order_by"), place: fields.place)
  }

  private mutating func refuseBadPath(_ path: Template) {
    let text = path.source.text
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if text.hasPrefix("/") || text.hasPrefix("~") || parts.contains("..") {
      refuse(
        "bad_path", "The path leads out of the output folder", path.source.place,
        hint: "Write it relative to `output:` of the project, without `..`")
    } else if parts.contains("") || parts.contains(".") || text.hasSuffix("/") {
      refuse(
        "bad_path", "The path has an empty part", path.source.place, hint: "Write one like reports/daily.csv")
    }
  }

  private mutating func refuseTwinSinks(_ sinks: [SinkRule]) {
    var seen: Set<String> = []
    for sink in sinks {
      let (what, place) =
        switch sink {
        case .table(let rule):
          ("the table `\(rule.name.source.text)` of `\(rule.connection.source.text)`", rule.name.source.place)
        case .file(let rule):
          ("the file `\(project.pathInOutput(rule.path.source.text))`", rule.path.source.place)
        }
      if !seen.insert(what).inserted {
        refuse(
          "duplicate_name", "Two stores of the job are \(what)", place,
          hint: "Take one of them out, or rename it")
      }
    }
  }

  /// The runs of a matrix's rows must not replace each other's results.
  private mutating func refuseSharedTargets(_ sinks: [SinkRule], _ matrix: Matrix) {
    if case .rows(let rows, _) = matrix, rows.count < 2 { return }
    func varies(_ templates: [Template]) -> Bool {
      templates.contains { $0.references.contains { $0.namespace == .matrix } }
    }
    for sink in sinks {
      switch sink {
      case .table(let rule):
        let isReplacing = rule.mode == .replace || rule.mode == .replaceWindow
        if isReplacing, !varies([rule.connection, rule.name] + rule.scope.map(\.value)) {
          refuse(
            "matrix_without_scope", "Each row of the matrix would delete what the others have stored",
            rule.place,
            hint: "Bound the delete by a column: `scope: {column: \"${matrix...}\"}`")
        }
      case .file(let rule):
        if !varies([rule.path]) {
          refuse(
            "matrix_without_scope", "Each row of the matrix would write the same file", rule.place,
            hint: "Put a `${matrix...}` into the path")
        }
      }
    }
  }
}

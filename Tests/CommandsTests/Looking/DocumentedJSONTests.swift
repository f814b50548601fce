import CaseFiles
import Model
import ProjectRig
import Testing

/// `docs/json.md` names every field of every document: its commands are run, and what they print is held against its
/// tables.
@Suite(.timeLimit(.minutes(8))) struct DocumentedJSONTests {
  /// The tables of the page.
  private struct Page {
    /// The command lines, in order, each with the documents that it may print.
    var commands: [(line: String, documents: [String])] = []
    /// By the name of the document, and the field's: its type.
    var documents: [String: [(field: String, type: String)]] = [:]

    init() throws {
      var document: String?
      for line in try Checkout.text("docs/json.md").split(separator: "\n") {
        if line.hasPrefix("### ") { document = String(line.dropFirst(4)) }
        let cells = line.split(separator: "|").map { String($0.trimmingPrefix(" ")) }
        guard cells.count >= 2, let first = cells[0].split(separator: "`").first, cells[0].hasPrefix("`")
        else {
          continue
        }
        if let document {
          documents[document, default: []].append((String(first), Page.type(cells[1])))
        } else {
          commands.append(
            (String(first), cells[1].matches(of: /\[([^\]]+)\]\(#/).map { String($0.output.1) }))
        }
      }
    }

    /// Links are named `<so>`.
    private static func type(_ cell: String) -> String {
      var text = cell
      while let link = text.firstMatch(of: /\[([^\[\]]+)\]\(#[^)]*\)/) {
        text.replaceSubrange(link.range, with: "<\(link.output.1)>")
      }
      return text.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }

    /// What of a value is not as the page has it; `nil` where all is.
    func misfit(_ value: JSONValue, _ type: String, _ seen: inout Set<String>) -> String? {
      if type.hasPrefix("["), type.hasSuffix("]") {
        guard case .array(let elements) = value else { return "is no list" }
        for element in elements {
          if let misfit = misfit(element, String(type.dropFirst().dropLast()), &seen) { return misfit }
        }
        return nil
      }
      var told: [String] = []
      for choice in type.split(separator: " or ").map(String.init) {
        guard let misfit = misfit(value, ofOne: choice, &seen) else { return nil }
        told.append(misfit)
      }
      return told.joined(separator: "; ")
    }

    private func misfit(_ value: JSONValue, ofOne type: String, _ seen: inout Set<String>) -> String? {
      switch (type, value) {
      case ("any", _), ("text", .string), ("number", .number), ("boolean", .boolean), ("null", .null):
        return nil
      case (_, .object(let members)) where type.hasPrefix("<"):
        let name = String(type.dropFirst().dropLast())
        guard let fields = documents[name] else { return "\(name) has no table" }
        for member in members {
          guard let field = fields.first(where: { $0.field == member.name }) else {
            return "\(name) has no field \(member.name)"
          }
          let type = field.type.hasSuffix("?") ? String(field.type.dropLast()) : field.type
          if let misfit = misfit(member.value, type, &seen) { return "\(name).\(field.field): \(misfit)" }
        }
        for field in fields
        where !field.type.hasSuffix("?") && !members.contains(where: { $0.name == field.field }) {
          return "\(name) lacks \(field.field)"
        }
        seen.insert(name)
        return nil
      default: return "\(value.text.prefix(60)) is not \(type)"
      }
    }
  }

  @Test func everyDocumentIsAsThePageHasIt() async throws {
    let page = try Page()
    try #require(page.commands.count > 30 && page.documents.count > 40)
    try await TidemarkProject.with { project in
      try await prepare(project)
      var seen: Set<String> = []
      for (line, documents) in page.commands {
        if line.contains("--again") { try await project.sql("UPDATE wares SET kind = 1 WHERE n = 4") }
        let words = line.split(separator: " ").dropFirst().map(String.init)
        // What stands beside it on standard error is no part of the document.
        let run = try await project.run(
          words + ["--json"], environment: ScheduledJobText.later(2 * 86400),
          behind: ["/bin/sh", "-c", "exec \"$@\" 2> /dev/null", "sh"])
        let document = try JSONValue(parsing: run.output)
        let types = documents.map { "<\($0)>" }.joined(separator: " or ")
        let misfit = page.misfit(document, types, &seen)
        #expect(misfit == nil, "\(line): \(misfit ?? "")\n\(run.output)")
      }
      #expect(Set(page.documents.keys).subtracting(seen) == ["plans"])
      let plans = try JSONValue(parsing: await project.run(["plan", "rows", "--json"]).output)
      #expect(page.misfit(plans, "<plans>", &seen) == nil)
    }
  }

  /// Jobs whose documents leave hardly a field empty.
  private func prepare(_ project: TidemarkProject) async throws {
    try await project.sql(
      """
      CREATE TABLE wares AS SELECT n, n % 3 AS kind, timestamptz '2026-03-14 01:00Z' + n * interval '1 hour' AS at
      FROM generate_series(1, 40) AS n
      """, "CREATE TABLE kinds AS SELECT n AS kind, 'k' || n AS name FROM generate_series(0, 1) AS n")
    try project.write("tidemark.yaml", project.file("notifiers: {ops: {command: [/bin/false]}}\n"))
    try project.write(
      "jobs/daily.yaml",
      """
      version: 1
      interval: {span: day}
      schedule: {cron: "0 3 * * *", catch_up: all}
      params: {least: {type: integer, default: 3}}
      source: {connection: db, table: wares, where: "at >= ${interval.start} AND at < ${interval.end}"}
      process:
        - {validate: {expect: "n >= ${params.least}"}, on_fail: quarantine}
        - {lookup: {from: {connection: db, table: kinds}, match: {kind: kind}, take: {name: name}, on_missing: keep}}
        - {derive: {day: "${interval.start_date}"}}
      aggregate: {group_by: [day, name], measures: {rows: count(*)}}
      store:
        - {table: {connection: db, name: told, mode: replace_window, window: day, create: true, on_empty: publish}}
        - {file: {path: "told-${interval.label}.csv"}}
      notify: [{events: [success], notifier: ops}]

      """)
    try project.write(
      "jobs/rows.yaml",
      """
      version: 1
      matrix: [{tenant: acme}, {tenant: globex}]
      source: {connection: db, table: wares}
      aggregate: {measures: {rows: count(*)}}
      checks: [{name: few, expect: "count(*) > 0 AND ${matrix.tenant} = 'acme'"}]
      store: {file: {path: "${matrix.tenant}.csv"}}

      """)
    try #require(try await project.run(["tick"]).status == 0)
  }
}

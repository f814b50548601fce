import CaseFiles
import Foundation
import Model
import ProjectRig
import Testing

/// Bad input gives one clear error with its place, cause and hint and the right exit code, and leaves
/// nothing half-done.
@Suite(.timeLimit(.minutes(5))) struct BadInputTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// A part of the good job, and what stands there instead.
    var edit: (from: String, to: String) = ("", "")
    var prepare: [String] = []
    var arguments = ["run", "sums"]
    var status: Int32
    /// Who plans may be another role than who runs: `plan` tells the same as a warning.
    var isWarnedOf = false
    /// Each must be said.
    var says: [String]

    var testDescription: String { name }
  }

  private static let job = """
    version: 1
    job: sums
    source: {connection: db, table: amounts}
    aggregate:
      group_by: [kind]
      measures: {total: sum(amount)}
    store:
      - table: {connection: db, name: result, mode: replace, create: true}
      - file: {path: sums.csv}
    errors: {retry: {initial: 1ms, give_up_after: 1ms}}

    """

  static let cases = [
    Case(
      name: "no file", arguments: ["run", "jobs/none.yaml"], status: 3,
      says: ["There is no file jobs/none.yaml", "hint: There are jobs/sums.yaml"]),
    Case(
      name: "nearly a file", arguments: ["run", "jobs/sms.yaml"], status: 3,
      says: ["hint: Did you mean `jobs/sums.yaml`?"]),
    Case(name: "no job", arguments: ["run", "sum"], status: 3, says: ["job sum ", "`sums`"]),
    Case(name: "YAML fault", edit: ("[kind]", "[kind"), status: 3, says: ["sums.yaml:", "   5 |", "^"]),
    Case(
      name: "unknown key", edit: ("errors:", "erors:"), status: 3,
      says: ["sums.yaml:10:1", "`errors`", "hint:"]),
    Case(
      name: "wrong type", edit: ("create: true", "create: 3"), status: 3, says: ["sums.yaml:8:", "create"]),
    Case(
      name: "unknown column", edit: ("sum(amount)", "sum(amuont)"), status: 3,
      says: ["sums.yaml:6:", "amuont", "`amount`", "hint:"]),
    Case(
      name: "unknown key column", edit: ("[kind]", "[knid]"), status: 3,
      says: ["sums.yaml:5:", "knid", "`kind`"]),
    Case(name: "wrong types", edit: ("sum(amount)", "sum(kind)"), status: 3, says: ["sums.yaml:6:", "sum"]),
    Case(
      name: "unknown table", edit: ("table: amounts", "table: amuonts"), status: 3,
      says: ["sums.yaml:3:", "amuonts"]),
    Case(
      name: "unknown table with a condition",
      edit: ("table: amounts", "table: amuonts, where: amount > 1"), status: 3,
      says: ["sums.yaml:3:", "hint: Did you mean `amounts`?"]),
    Case(
      name: "unknown connection", edit: ("connection: db, table", "connection: bd, table"), status: 3,
      says: ["sums.yaml:3:", "`bd`", "`db`"]),
    Case(
      name: "no server", edit: ("connection: db, table", "connection: nowhere, table"), status: 6,
      says: ["nowhere", "cause:"]),
    Case(
      name: "connection string with a value that libpq refuses",
      edit: ("connection: db, table", "connection: misspelt, table"), status: 3,
      says: ["tidemark.yaml:", "error[bad_connection_string]", "`sslmode`", "hint: `sslmode` takes disable"]),
    Case(
      name: "connection string with a value that libpq overlooks",
      edit: ("connection: db, table", "connection: timeless, table"), status: 3,
      says: ["tidemark.yaml:", "error[bad_connection_string]", "`connect_timeout`"]),
    Case(
      name: "no database", edit: ("connection: db, table", "connection: refusing, table"), status: 6,
      says: ["refusing", "cause:", "no_such_database"]),
    Case(
      name: "no privilege on the source", edit: ("connection: db, table", "connection: weak, table"),
      status: 6,
      says: ["amounts", "GRANT SELECT"]),
    Case(
      name: "no privilege for the ledger", edit: ("connection: db, name", "connection: weak, name"),
      status: 6, isWarnedOf: true,
      says: ["error[no_ledger]", "`tidemark grants`"]),
    Case(
      name: "no privilege on the target", edit: ("connection: db, name", "connection: weak, name"),
      prepare: [
        "CREATE TABLE result (kind text, total numeric)", "GRANT INSERT ON result TO PUBLIC",
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO PUBLIC', current_database()); END $$",
      ], status: 6, isWarnedOf: true,
      says: [
        "sums.yaml:8:", "error[missing_privilege]", "DELETE from `result`", "hint: GRANT DELETE ON result",
      ]),
    Case(
      name: "no privilege on the target's schema",
      edit: ("connection: db, name: result", "connection: weak, name: closed.result"),
      prepare: [
        "CREATE SCHEMA closed", "CREATE TABLE closed.result (kind text, total numeric)",
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO PUBLIC', current_database()); END $$",
      ], status: 6, isWarnedOf: true,
      says: ["sums.yaml:8:", "error[missing_privilege]", "hint: GRANT USAGE ON SCHEMA closed TO the role"]),
    Case(
      name: "two stores of one table",
      edit: (
        "- file: {path: sums.csv}",
        "- table: {connection: db, name: public.result, mode: replace, create: true}"
      ), status: 3, says: ["sums.yaml:9:", "error[duplicate_name]", "`public.result`"]),
    Case(
      name: "two stores of one table that is there",
      edit: (
        "- file: {path: sums.csv}",
        "- table: {connection: db, name: public.result, mode: replace, create: true}"
      ), prepare: ["CREATE TABLE result (kind text, total numeric)"], status: 3,
      says: ["sums.yaml:9:", "error[duplicate_name]", "`public.result`"]),
    Case(
      name: "no target", edit: (", create: true", ""), status: 3,
      says: ["sums.yaml:8:", "result", "create: true"]),
    Case(
      name: "target misses a column", prepare: ["CREATE TABLE result (kind text)"], status: 3,
      says: ["sums.yaml:8:35: error[target_misfit]", "`total`"]),
    Case(
      name: "target has another type", prepare: ["CREATE TABLE result (kind text, total date)"], status: 3,
      says: ["sums.yaml:8:", "date", "numeric", "hint:"]),
    Case(
      name: "target wants more",
      prepare: ["CREATE TABLE result (kind text, total numeric, more int NOT NULL)"],
      status: 3, says: ["sums.yaml:8:", "`more`"]),
    Case(
      name: "target is a view", prepare: ["CREATE VIEW result AS SELECT 'a' AS kind, 1::numeric AS total"],
      status: 3,
      says: ["sums.yaml:8:", "`result` is a view,", "hint: Name a table"]),
    Case(
      name: "target is a materialized view",
      prepare: ["CREATE MATERIALIZED VIEW result AS SELECT 'a' AS kind, 1::numeric AS total"], status: 3,
      says: ["sums.yaml:8:", "is a materialized view,"]),
    Case(
      name: "scope that its column cannot have",
      edit: ("mode: replace,", "mode: replace, scope: {total: much},"), status: 3,
      says: ["sums.yaml:8:73: error[bad_literal]", "`much`", "numeric"]),
    Case(
      name: "check of a column that is not there",
      edit: ("store:", "checks: [{name: once, unique: [kind, totl]}]\nstore:"), status: 3,
      says: ["sums.yaml:7:", "`totl`", "`total`"]),
    Case(
      name: "check of no condition", edit: ("store:", "checks: [{name: some, expect: sum(total)}]\nstore:"),
      status: 3, says: ["sums.yaml:7:", "boolean", "hint:"]),
    Case(
      name: "window that is no time",
      edit: (
        "store:\n  - table: {connection: db, name: result, mode: replace,",
        "interval: {span: day}\nstore:\n  - table: {connection: db, name: result, mode: replace_window, window: total,"
      ), status: 3, says: ["sums.yaml:9:73: error[bad_window]", "`total`", "numeric", "hint:"]),
    Case(
      name: "column that no file has a form for",
      edit: (
        "aggregate:\n  group_by: [kind]\n  measures: {total: sum(amount)}",
        "process: [{select: [kind, span]}]"
      ), prepare: ["ALTER TABLE amounts ADD span int4range DEFAULT '[1,2)'"], status: 3,
      says: ["sums.yaml:7:", "`span`", "int4range", "`add_columns: {span_text: span::text}`"]),
    Case(
      name: "value does not fit",
      prepare: ["CREATE TABLE result (kind text, total numeric CHECK (total < 1))"], status: 1,
      says: ["result", "cause:"]),
    Case(
      name: "row fault", edit: ("sum(amount)", "sum(amount / (amount - 2))"), status: 1,
      says: ["division by zero"]),
    Case(
      name: "failed check", edit: ("store:", "checks: [{name: big, expect: sum(total) > 100}]\nstore:"),
      status: 4,
      says: ["sums.yaml:7:", "error[check_failed]", "`big`", "hint:"]),
    Case(
      name: "quarantine limit",
      edit: ("aggregate:", "process: [{validate: {expect: amount > 1}, on_fail: quarantine}]\naggregate:"),
      status: 5, says: ["error[quarantine_limit]", "max_rows"]),
    Case(
      name: "interval of a job without one", arguments: ["run", "sums", "--for", "yesterday"], status: 2,
      says: ["--for", "hint:"]),
    Case(name: "unknown option", arguments: ["run", "sums", "--agian"], status: 2, says: ["--again"]),
    Case(name: "unknown parameter", arguments: ["run", "sums", "--set", "x=1"], status: 2, says: ["`x`"]),
    Case(name: "unknown command", arguments: ["rnu"], status: 2, says: ["`run`"]),
  ]

  /// Who runs may lack what `before_publish` then gives; who plans is warned.
  @Test func beforePublishMayGiveThePrivilege() async throws {
    try await TidemarkProject.with { project in
      let role = "weak_" + (try await project.rows("SELECT current_database()")[0][0])
      try await project.sql(
        "CREATE TABLE amounts AS SELECT 'a' AS kind, 1.5 AS amount",
        "CREATE TABLE result (kind text, total numeric)", "CREATE ROLE \(role) LOGIN NOINHERIT",
        "GRANT SELECT ON amounts TO \(role)", "GRANT postgres TO \(role)",
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO \(role)', current_database()); END $$")
      try project.write(
        "tidemark.yaml", project.file("").replacing("user=postgres", with: "user=\(role)"))
      try project.write(
        "jobs/sums.yaml",
        Self.job.replacing("create: true", with: "before_publish: SET LOCAL ROLE postgres"))
      let plan = try await project.run(["plan", "sums"])
      #expect(plan.status == 0 && plan.output.contains("warning[missing_privilege]"), "\(plan.output)")
      let run = try await project.run(["run", "sums"])
      #expect(run.status == 0, "\(run.output)")
      #expect(try await project.rows("SELECT kind, total::text FROM result") == [["a", "1.5"]])
      try await project.sql("DROP OWNED BY \(role)", "DROP ROLE \(role)")
    }
  }

  @Test(arguments: cases) func isTold(_ wrong: Case) async throws {
    try await TidemarkProject.with { project in
      let role = "weak_" + (try await project.rows("SELECT current_database()")[0][0])
      try await project.sql(
        "CREATE TABLE amounts AS SELECT * FROM (VALUES ('a', 1.5), ('b', 2), ('b', 0.5)) AS v (kind, amount)",
        "CREATE ROLE \(role) LOGIN")
      for statement in wrong.prepare { try await project.sql(statement) }
      let weak = project.database.replacing("user=postgres", with: "user=\(role)")
      let refusing = project.database.split(separator: " dbname=")[0] + " dbname=no_such_database"
      try project.write(
        "tidemark.yaml",
        project.file("").replacing(
          "defaults:",
          with: """
              nowhere: "host=/nonexistent/socket dbname=x"
              weak: {url: "\(weak)", search_path: [public]}
              refusing: "\(refusing)"
              misspelt: "host=127.0.0.1 sslmode=requird"
              timeless: "\(project.database) connect_timeout=abc"
            defaults:
            """))
      var job = Self.job
      if wrong.name == "quarantine limit" {
        job = job.replacing("errors: {", with: "errors: {quarantine: {max_rows: 0}, ")
      }
      if !wrong.edit.from.isEmpty {
        try #require(job.contains(wrong.edit.from))
        job = job.replacing(wrong.edit.from, with: wrong.edit.to)
      }
      try project.write("jobs/sums.yaml", job)
      let relations = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
      let before = try await project.rows(relations)
      let run = try await project.run(wrong.arguments)
      #expect(run.status == wrong.status, "\(run.output)")
      #expect((" " + run.output).split(separator: "error[").count == 2, "one error: \(run.output)")
      #expect(!run.output.contains("run_failed"), "said twice: \(run.output)")
      for text in wrong.says { #expect(run.output.contains(text), "\(text) in \(run.output)") }
      if wrong.status == 3, wrong.arguments == ["run", "sums"] {
        let plan = try await project.run(["plan", "sums"])
        #expect(plan.status == wrong.status, "plan: \(plan.output)")
        for text in wrong.says { #expect(plan.output.contains(text), "\(text) in plan: \(plan.output)") }
      }
      if wrong.isWarnedOf {
        let plan = try await project.run(["plan", "sums"])
        #expect(plan.status == 0, "plan: \(plan.output)")
        for text in wrong.says.map({ $0.replacing("error[", with: "warning[") }) {
          #expect(plan.output.contains(text), "\(text) in plan: \(plan.output)")
        }
      }
      #expect(try await project.rows(relations) == before)
      #expect(try project.read("out/sums.csv") == nil)
      if try await project.rows("SELECT to_regclass('tidemark.publications')") != [["NULL"]] {
        #expect(try await project.rows("SELECT count(*) FROM tidemark.publications") == [["0"]])
      }
      try await project.sql("DROP OWNED BY \(role)", "DROP ROLE \(role)")
    }
  }

  /// What is written out needs no server to be found wrong.
  @Test func connectionStringsAndStateAreValidated() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/sums.yaml", Self.job)
      try project.write(
        "tidemark.yaml",
        project.file("").replacing(
          "defaults:",
          with: """
              java: "jdbc:postgresql://localhost/x"
              elsewhere: "${env.NO_SUCH_URL}"
              shell: "$WAREHOUSE_URL"
            state: mysql://localhost/x
            defaults:
            """))
      let told = try await project.run(["validate"])
      #expect(told.status == 3, "\(told.output)")
      for text in [
        "The connection string of `java` cannot be read", "The connection string of `shell` cannot be read",
        "hint: A variable of the environment is written `${env.NAME}`", "error[bad_state]",
      ] { #expect(told.output.contains(text), "\(text) in \(told.output)") }
      #expect(!told.output.contains("`elsewhere`"), "\(told.output)")
    }
  }

  /// What stands in tidemark.yaml is told once, however many jobs meet it.
  @Test func aFaultOfTheProjectIsToldOnce() async throws {
    try await TidemarkProject.with { project in
      try project.write(
        "tidemark.yaml", project.file().replacing("search_path", with: "max_connections: 2, search_path"))
      for name in ["a", "b", "c"] { try project.write("jobs/\(name).yaml", Self.job) }
      for command in ["validate", "tick"] {
        let told = try await project.run([command])
        #expect(told.status == 3, "\(told.output)")
        #expect(told.output.components(separatedBy: "too_few_connections").count == 2, "\(told.output)")
      }
    }
  }

  /// The machine that validates may be older than the one that runs.
  @Test func aKeywordOfANewerLibraryIsAWarning() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/sums.yaml", Self.job)
      try project.write(
        "tidemark.yaml",
        project.file().replacing("defaults:", with: "  newer: host=db oauth_scope=x\ndefaults:"))
      let told = try await project.run(["validate"])
      #expect(told.status == 0, "\(told.output)")
      for text in ["warning[libpq_too_old]", "`oauth_scope`", "libpq 18"] {
        #expect(told.output.contains(text), "\(text) in \(told.output)")
      }
    }
  }

  @Test func everyFaultOfAFileSaysWhatToDo() async throws {
    try await TidemarkProject.with { project in
      let files = try Checkout.files(in: "fixtures/jobs/bad", ending: ".yaml")
      let config = ["--config", "\(Checkout.root)/fixtures/jobs/tidemark.yaml", "--json"]
      let told = try await project.run(["validate"] + files.map { "\(Checkout.root)/\($0)" } + config)
      let faults = try #require(JSONValue(parsing: told.output)["faults"]?.elements)
      #expect(faults.count > 200)
      func names(_ items: [JSONValue]) -> Set<String> {
        Set(items.map { "\($0["code"]?.stringValue ?? "") (\($0["class"]?.stringValue ?? ""))" })
      }
      let explained = try JSONValue(parsing: await project.run(["explain", "--json"]).output)["codes"]
      #expect(names(faults).subtracting(names(explained?.elements ?? [])) == [])
      for fault in faults {
        let hint = fault["hint"]?.stringValue
        #expect(fault["line"] != nil && hint?.isEmpty == false, "\(fault.prettyText)")
      }
    }
  }
}

import CaseFiles
import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// The commands for looking at runs, by the real program over a real job.
@Suite(.timeLimit(.minutes(5))) struct LookingTests {
  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE shops (id int PRIMARY KEY, name text)",
        "INSERT INTO shops VALUES (1, 'Ärger'), (2, 'b')",
        "CREATE TABLE sales (id int PRIMARY KEY, day date, shop int, amount numeric(10, 2), code text)",
        """
        INSERT INTO sales SELECT i, '2026-03-14', i % 3 + 1, i * 7919 % 1009 / 7.0,
          CASE WHEN i % 10 = 0 THEN NULL ELSE 'k' || i END FROM generate_series(1, 500) AS i
        """, "ANALYZE sales")
      try project.write(
        "jobs/sales.yaml",
        """
        version: 1
        job: sales
        interval: {span: day}
        source: {connection: db, table: sales, where: "day = ${interval.start_date}", chunk: {by: key, column: id, rows: 90}}
        process:
          - validate: {expect: code IS NOT NULL}
            on_fail: quarantine
          - derive: {net: amount * 0.81, twice: net * 2}
          - lookup: {from: {connection: db, table: shops}, match: {shop: id}, take: {shop_name: name}, on_missing: keep}
        aggregate:
          group_by: [day, shop_name]
          measures: {n: count(*), total: sum(twice), mean: avg(net), least: min(code), kinds: count(distinct shop)}
          having: n > 1
        store:
          - table: {connection: db, name: result, mode: replace_window, window: day, create: true}
        notify: [{events: [success], command: ["false"]}]

        """)
      let run = try await project.run(["run", "sales", "--for", "2026-03-14"])
      try #require(run.status == 0, "\(run.output)")
      try await body(project)
    }
  }

  @Test func verifyHoldsEveryDigitToPostgres() async throws {
    try await Self.with { project in
      let good = try await project.run(["verify", "sales", "--sql"])
      #expect(
        good.status == 0 && good.output.contains("3 rows, every digit as Postgres computes it"),
        "\(good.output)")
      #expect(good.output.contains("GROUPING SETS"))
      try await project.sql("UPDATE result SET total = total + 0.00000001 WHERE shop_name = 'b'")
      let bad = try await project.run(["verify", "sales"])
      #expect(bad.status == 4 && bad.output.contains("2 rows the same, 1 not"), "\(bad.output)")
      #expect(bad.output.contains("shop_name=b  total: "))
      try await project.sql("DELETE FROM result WHERE shop_name = 'b'")
      let gone = try await project.run(["verify", "sales", "--json"])
      #expect(gone.status == 4 && gone.output.contains("\"kind\": \"missing\""), "\(gone.output)")
    }
  }

  /// A job that counts rows and uses no column.
  private static func counting(
    storedOver connection: String, _ body: (TidemarkProject) async throws -> Void
  ) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE bare AS SELECT generate_series(1, 5) AS n")
      let more = ["away: {url: \"host=/nowhere dbname=x\"}", "unset: {url: \"${env.NO_SUCH_VALUE}\"}"]
      try project.write(
        "tidemark.yaml",
        project.file().replacing(
          "defaults:", with: more.map { "  \($0)\n" }.joined() + "defaults:"))
      try project.write(
        "jobs/bare.yaml",
        """
        version: 1
        job: bare
        source: {connection: db, table: bare}
        aggregate: {measures: {rows: count(*)}}
        store: {table: {connection: \(connection), name: public.counted, mode: replace, create: true}}

        """)
      try await body(project)
    }
  }

  /// Who plans may have no way to the target: the plan is shown, and that it was not looked at.
  @Test(arguments: ["away", "unset"]) func planWarnsOfATargetOutOfReach(_ connection: String) async throws {
    try await Self.counting(storedOver: connection) { project in
      let plan = try await project.run(["plan", "bare"])
      #expect(plan.status == 0 && plan.output.contains("warning["), "\(plan.output)")
      #expect(plan.output.contains("count(*)"), "\(plan.output)")
      let run = try await project.run(["run", "bare"])
      #expect(run.status != 0, "\(run.output)")
    }
  }

  @Test func verifyCountsRowsWithoutColumns() async throws {
    try await Self.counting(storedOver: "db") { project in
      let run = try await project.run(["run", "bare"])
      try #require(run.status == 0, "\(run.output)")
      let verified = try await project.run(["verify", "bare"])
      #expect(verified.status == 0, "\(verified.output)")
    }
  }

  /// A value that turns the order of what stands around it would read as another one on a terminal.
  @Test func marksOfDirectionAreNotPrinted() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE notes AS SELECT 1 AS id, E'pay \\u202E001\\u2069 now' AS note")
      try project.write(
        "jobs/notes.yaml",
        """
        version: 1
        source: {connection: db, table: notes}
        process: [{select: [id, note]}]
        store: {file: {path: notes.csv}}

        """)
      let run = try await project.run(["run", "notes"])
      try #require(run.status == 0, "\(run.output)")
      let shown = try await project.run(["results", "notes"])
      #expect(shown.status == 0 && shown.output.contains("pay  001  now"), "\(shown.output)")
      let whole = try await project.run(["results", "notes", "--json"])
      let row = try JSONValue(parsing: whole.output)["rows"]?.elements.first?.elements
      #expect(row?.last?.stringValue == "pay \u{202E}001\u{2069} now")
    }
  }

  @Test func verifyTakesOneSpellingOfEqualValues() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE spelt (f float8, r real, n numeric, i interval)",
        """
        INSERT INTO spelt VALUES ('-0', 0, 1.1, '30 days'), ('0', '-0', 1.10, '1 mon'), ('-0', '-0', 1.100, '720:00'),
          ('NaN', NULL, 'NaN', NULL), (1, 1, NULL, '-1 mons +30 days'), (1, 1, 7, '0')
        """
      )
      try project.write(
        "jobs/spelt.yaml",
        """
        version: 1
        job: spelt
        source: {connection: db, table: spelt}
        aggregate:
          group_by: [f, n, i, {same: r}, r]
          grouping_sets: cube
          measures:
            set: grouping(f, n, i, same, r)
            rows: count(*)
            least: min(r)
            most: max(r)
            lowest: min(n) filter (where f <= 0)
            highest: max(n)
            shortest: min(i)
            longest: max(i) filter (where n < 2)
            once: sum(distinct n)
            mean: avg(distinct n)
            spread: stddev(distinct n) filter (where n < 9)
            time: sum(distinct i)
        store: {table: {connection: db, name: respelt, mode: replace, create: true}}

        """)
      let run = try await project.run(["run", "spelt"])
      try #require(run.status == 0, "\(run.output)")
      let verified = try await project.run(["verify", "spelt"])
      #expect(verified.status == 0, "\(verified.output)")
    }
  }

  /// A column's own precision rounds; what is longer than a column is another text.
  @Test func verifyTakesTheTypesOfTheTable() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE source (id int PRIMARY KEY, at timestamp, span interval, word text)",
        "INSERT INTO source VALUES (1, '2026-03-14 01:00:00.6', '1.6 s', 'abcd')",
        "CREATE TABLE stored (id int, at timestamp(0), span interval(0), word varchar(4))")
      try project.write(
        "jobs/copy.yaml",
        """
        version: 1
        job: copy
        source: {connection: db, table: source}
        process: [{select: [id, at, span, word]}]
        store: {table: {connection: db, name: stored, mode: replace}}

        """)
      let run = try await project.run(["run", "copy"])
      try #require(run.status == 0, "\(run.output)")
      let verified = try await project.run(["verify", "copy"])
      #expect(verified.status == 0, "\(verified.output)")
      try await project.sql("UPDATE source SET word = 'abcde'")
      let other = try await project.run(["verify", "copy"])
      #expect(other.status == 4, "\(other.output)")
    }
  }

  /// What Postgres may look at before it leaves a row out is no fault; a row that `on_fail` takes out is named.
  @Test(arguments: [(1, 0), (0, 3)])
  func verifyKeepsToTheOrderOfTheSteps(_ divisor: Int, _ status: Int32) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE parts (whole int, divisor int)",
        "INSERT INTO parts VALUES (6, 2), (7, 0), (8, \(divisor))")
      try project.write(
        "jobs/parts.yaml",
        """
        version: 1
        job: parts
        source: {connection: db, table: parts}
        process:
          - filter: "whole::text || divisor::text <> '70' and md5(whole::text) <> ''"
          - filter: whole / divisor > 0
            on_fail: drop
          - derive: {unused: whole / divisor}
            on_fail: drop
        aggregate: {measures: {rows: count(*)}}
        store: {table: {connection: db, name: counted, mode: replace, create: true}}

        """)
      let run = try await project.run(["run", "parts"])
      try #require(run.status == 0, "\(run.output)")
      let verified = try await project.run(["verify", "parts"])
      #expect(verified.status == status, "\(verified.output)")
      #expect(verified.output.contains("error[not_in_sql]") == (status != 0), "\(verified.output)")
    }
  }

  @Test func resultsAndDifferencesComeFromTheCheckpoints() async throws {
    try await Self.with { project in
      let results = try await project.run(["results", "sales"])
      #expect(
        results.status == 0 && results.output.contains("Ärger") && results.output.contains("revision 1"),
        "\(results.output)")
      let one = try await project.run(["results", "sales", "--limit", "1"])
      #expect(one.output.contains("and 2 more"), "\(one.output)")
      let alone = try await project.run(["diff", "sales"])
      #expect(alone.status == 3 && alone.output.contains("only success of its interval"), "\(alone.output)")
      try await project.sql("UPDATE sales SET amount = amount + 1 WHERE id = 1")
      let again = try await project.run(["run", "sales", "--for", "2026-03-14", "--again"])
      try #require(again.status == 0, "\(again.output)")
      let diff = try await project.run(["diff", "sales", "--strict"])
      #expect(diff.status == 4 && diff.output.contains("2 rows the same, 1 not"), "\(diff.output)")
      let given = try await project.run(["diff", "sales", "--json"])
      #expect(given.output.contains("\"differing_rows\": 1"), "\(given.output)")
    }
  }

  @Test func resultsShowArraysAsPostgresPrintsThem() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE words (word text)", "INSERT INTO words VALUES ('a'), ('a'), ('b c')")
      try project.write(
        "jobs/words.yaml",
        """
        version: 1
        job: words
        source: {connection: db, table: words}
        aggregate: {measures: {most: "top_k(word, 2)"}}
        store: {table: {connection: db, name: counted, mode: replace, create: true}}

        """)
      let run = try await project.run(["run", "words"])
      try #require(run.status == 0, "\(run.output)")
      let results = try await project.run(["results", "words", "--json"])
      #expect(results.output.contains(#"{a,\"b c\"}"#), "\(results.output)")
    }
  }

  @Test func showStatusReportAndAuditTellOfTheRun() async throws {
    try await Self.with { project in
      let show = try await project.run(["show", "sales"])
      #expect(
        show.status == 0 && show.output.contains("Next: nothing, or look at the rejected rows"),
        "\(show.output)")
      let report = try await project.run(["report", "sales"])
      #expect(report.status == 0 && report.output.contains("rows_quarantined  50"), "\(report.output)")
      let audit = try await project.run(["audit", "sales"])
      #expect(audit.status == 0 && audit.output.contains("run_succeeded"), "\(audit.output)")
      let status = try await project.run(["status"])
      #expect(status.output.hasPrefix("1 well"), "\(status.output)")
      #expect(status.output.contains("sales  succeeded  2026-03-14  r"), "\(status.output)")
      for command in ["status", "history"] {
        let unknown = try await project.run([command, "slaes"])
        #expect(unknown.status == 3 && unknown.output.contains("Did you mean `sales`?"), "\(unknown.output)")
      }
    }
  }

  @Test func resumeGoesOnWithExactlyThatRun() async throws {
    try await Self.with { project in
      let killed = try await project.run(
        ["run", "sales", "--for", "2026-03-14", "--again", "--parallelism", "1"],
        failpoint: "state.checkpoint.after_commit:2:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      let status = try await project.run(["status"])
      #expect(status.output.contains("its process died; `tidemark resume r"), "\(status.output)")
      let dry = try await project.run(["resume", "sales", "--dry-run"])
      #expect(dry.status == 0 && dry.output.contains("2 of ") && dry.output.contains("kept"), "\(dry.output)")
      let resumed = try await project.run(["resume", "sales"])
      #expect(resumed.status == 0 && resumed.output.contains("revision 2"), "\(resumed.output)")
      let over = try await project.run(["resume", "sales"])
      #expect(over.status == 3 && over.output.contains("no unfinished run"), "\(over.output)")
    }
  }

  @Test func noticesThatGaveUpAreTriedAgain() async throws {
    try await Self.with { project in
      let list = try await project.run(["notices", "list"])
      #expect(
        list.status == 0 && list.output.contains("success") && list.output.contains("sales#0"),
        "\(list.output)")
      let unknown = try await project.run(["notices", "retry", "nothing"])
      #expect(unknown.status == 3 && unknown.output.contains("error[no_such_notice]"), "\(unknown.output)")
    }
  }

  @Test func initMakesAProjectThatRuns() async throws {
    try await TidemarkProject.with { project in
      let made = try await project.run(["init", project.path("new")])
      #expect(made.status == 0 && made.output.contains("wrote"), "\(made.output)")
      let twice = try await project.run(["init", project.path("new")])
      #expect(twice.status == 8 && twice.output.contains("error[file_exists]"), "\(twice.output)")
      for name in ["tidemark.yaml", "jobs/relation-sizes.yaml"] {
        let text = try #require(try project.read("new/" + name))
        try project.write(name, String(decoding: text, as: UTF8.self))
      }
      // Where DATABASE is not set, libpq's own variables count.
      let names = ["host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER"]
      var variables: [String: String] = [:]
      for word in project.database.split(separator: " ") {
        let parts = word.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != "'" } }
        if parts.count == 2, let name = names[parts[0]] { variables[name] = parts[1] }
      }
      try #require(variables.count == 4, "\(project.database)")
      for environment in [["DATABASE": project.database], variables, variables] {
        let run = try await project.run(["run", "relation-sizes"], environment: environment)
        #expect(run.status == 0, "\(run.output)")
      }
      let file = try #require(try project.read("out/relation-sizes.csv"))
      #expect(String(decoding: file, as: UTF8.self).contains("pg_catalog"))
    }
  }

  @Test func everyCodeOfTheSourcesIsExplained() async throws {
    try await TidemarkProject.with { project in
      let listed = try JSONValue(parsing: try await project.run(["explain", "--json"]).output)
      var exits: [String: Set<Int>] = [:]
      for entry in listed["codes"]?.elements ?? [] {
        exits[entry["code"]?.stringValue ?? "", default: []].insert(entry["exit"]?.intValue ?? -1)
      }
      let known = Set(exits.keys)
      let sources = "\(Checkout.root)/Sources"
      var missing: Set<String> = []
      var unused = known.filter { $0.first?.isLetter == true }
      for text in try Self.swiftFiles(sources) {
        for match in text.matches(
          of: /\b(?:Fault|refuse|add|warn|report|fault)\(\s*"([a-z_0-9]+)",\s*(?:\.(\w+))?/)
        {
          if !known.contains(String(match.1)) { missing.insert(String(match.1)) }
          // What is a fault of Tidemark in one place may be somebody's in another; told is the latter.
          guard
            let kind = match.2.flatMap({ FaultClass(rawValue: $0 == "notFound" ? "not_found" : String($0)) }),
            kind != .internal
          else { continue }
          let isTold = exits[String(match.1)]?.contains(Int(kind.exitCode.rawValue)) == true
          #expect(isTold, "\(match.1) also ends with exit code \(kind.exitCode)")
        }
        for match in text.matches(of: /"([a-z_0-9]+)"/) { unused.remove(String(match.1)) }
        for match in text.matches(of: /sqlState: "(22[0-9A-Z]{3})"/) {
          if !known.contains(String(match.1)) { missing.insert(String(match.1)) }
        }
      }
      missing.subtract(["interval", "window"])
      #expect(missing == [])
      #expect(unused == [])
      let both = try await project.run(["explain", "out_of_range"])
      #expect(both.output.contains("exit code 3") && both.output.contains("exit code 1"), "\(both.output)")
      let one = try await project.run(["explain", "outside_window"])
      #expect(one.status == 0 && one.output.contains("exit code 4"), "\(one.output)")
      let state = try await project.run(["explain", "53300"])
      #expect(state.status == 0 && state.output.contains("too_many_connections"), "\(state.output)")
      let ofClass = try await project.run(["explain", "22P06"])
      #expect(ofClass.status == 0 && ofClass.output.contains("bad_value"), "\(ofClass.output)")
      for code in [
        "file_not_found", "file_permission", "read_only", "operator_intervention", "transaction_rolled_back",
        "postgres_error",
      ] {
        let said = try await project.run(["explain", code])
        #expect(said.status == 0 && !said.output.contains("A fault of Tidemark"), "\(said.output)")
      }
      let slip = try await project.run(["explain", "outside_windo"])
      #expect(slip.status == 3 && slip.output.contains("Did you mean `outside_window`?"), "\(slip.output)")
    }
  }

  private static func swiftFiles(_ folder: String) throws -> [String] {
    try FolderTree.names(in: folder).flatMap { name -> [String] in
      let path = folder + "/" + name
      if name.hasSuffix(".swift") {
        return [String(decoding: try FileContents.read(path, atMost: ByteCount(1 << 20)), as: UTF8.self)]
      }
      return name.contains(".") ? [] : try swiftFiles(path)
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completionsNameEveryCommand(_ shell: String) async throws {
    try await TidemarkProject.with { project in
      let script = try await project.run(["completions", shell])
      #expect(script.status == 0)
      for name in ["verify", "quarantine", "resume", "--dry-run", "replay"] {
        #expect(script.output.contains(name.hasPrefix("--") && shell == "fish" ? "-l dry-run" : name))
      }
      let told = try await project.run(["completions", shell, "--json"])
      #expect(told.status == 0 && told.output.contains("\"shell\": \"\(shell)\""), "\(told.output)")
      let grants = try await project.run(["grants", "--role", "reporter", "--json"])
      #expect(grants.status == 0 && grants.output.contains("\"statements\": ["), "\(grants.output)")
    }
  }
}

import Glibc
import Model
import Postgres
import ProjectRig
import Runtime
import Testing

/// A run that is published in part, and whose rest no store will ever take, can be given up.
@Suite(.timeLimit(.minutes(5))) struct PartialCancelTests {
  private static let one =
    "table: {connection: db, name: one, mode: replace_window, window: day, create: true}"
  private static let two = "table: {connection: other, name: two, mode: replace_window, window: day}"

  /// Also where the state does not know of what is published.
  @Test(arguments: ["publish.marked:1:kill", "publish.after_commit:1:kill"], [true, false])
  func theRestIsGivenUp(_ place: String, _ isAgain: Bool) async throws {
    try await SinkWorld.with { world in
      let project = world.project
      let other = "connections:\n  other: {url: \"\(project.database)\", search_path: [public]}\n"
      try project.write("tidemark.yaml", project.file().replacing("connections:\n", with: other))
      try await project.sql("CREATE TABLE two (day date, shop text, n bigint, total numeric)")
      let killed = try await world.run(Self.one, Self.two, failpoint: place)
      try #require(killed.wasKilled, "\(killed.output)")
      try await project.sql("DROP TABLE two", "UPDATE sales SET amount = 8 WHERE amount = 7")
      // The places are of what was saved: the file has other lines now.
      let stuck = try await world.run(Self.one)
      #expect(stuck.status != 0 && stuck.output.contains("saved with run "), "\(stuck.output)")
      #expect(!stuck.output.contains(" | "), "\(stuck.output)")
      let refused = try await project.run(["cancel", "sales"])
      #expect(
        refused.status == 8 && refused.output.contains("tidemark cancel --partial"), "\(refused.output)")
      let ended = try await project.run(["cancel", "sales", "--partial", "--reason", "two is gone"])
      #expect(
        ended.status == 0 && ended.output.contains("db:one holds its result, not other:two"),
        "\(ended.output)")
      #expect(try await world.stored("one") == SinkWorld.fourteenth)
      let trail = try await project.run(["audit", "--json"])
      #expect(
        trail.output.contains("\"given_up\"") && trail.output.contains("two is gone"), "\(trail.output)")
      let next = try await world.run(Self.one, again: isAgain)
      #expect(next.status == 0, "\(next.output)")
      #expect(try await world.stored("one").last == "2026-03-14 NULL 1 8.00")
      #expect(
        try await project.rows("SELECT revision, count(*) FROM tidemark.publications GROUP BY 1 ORDER BY 1")
          == [["1", "1"], ["2", "1"]])
    }
  }

  /// Stores with different revisions are no success, whatever came before: everything says so, and the next run makes
  /// one for all.
  @Test func aLaterRevisionInPartIsNotDone() async throws {
    try await SinkWorld.with { world in
      let project = world.project
      let other = "other: {url: \"\(project.database)\", search_path: [public], ledger: other}"
      try project.write(
        "tidemark.yaml", project.file().replacing("connections:\n", with: "connections:\n  \(other)\n"))
      try await project.sql("CREATE TABLE two (day date, shop text, n bigint, total numeric)")
      let first = try await world.run(Self.one, Self.two)
      try #require(first.status == 0, "\(first.output)")
      try await project.sql("UPDATE sales SET amount = 8 WHERE amount = 7")
      let killed = try await world.run(Self.one, Self.two, again: true, failpoint: "publish.marked:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      let ended = try await project.run(["cancel", "sales", "--partial"])
      try #require(ended.status == 0, "\(ended.output)")
      #expect(try await world.stored("one") != world.stored("two"))
      let missing = ["backfill", "sales", "--from", "2026-03-14", "--to", "2026-03-15", "--dry-run"]
      func says(_ command: [String], _ text: String) async throws {
        let told = try await project.run(command)
        #expect(told.output.contains(text), "\(command): \(told.output)")
      }
      try await says(["status"], "1 needs you")
      try await says(
        ["show", "sales"], "revision for all of its stores: `tidemark run sales --for 2026-03-14`")
      try await says(missing, "2026-03-14")
      let next = try await world.run(Self.one, Self.two)
      #expect(next.status == 0 && next.output.contains("revision 3"), "\(next.output)")
      #expect(try await world.stored("one") == world.stored("two"))
      try await says(["status"], "1 well")
      let done = try await world.run(Self.one, Self.two)
      #expect(done.status == 0 && done.output.contains("done before"), "\(done.output)")
    }
  }

  /// Also under an owner that tries again and again, which leaves the run to whoever gives up its rest.
  @Test(arguments: [true, false]) func theRestIsGivenUpUnderItsOwner(_ isSharedState: Bool) async throws {
    try await SinkWorld.with { world in
      let project = world.project
      let other = "connections:\n  other: {url: \"\(project.database)\", search_path: [public]}\n"
      let state = isSharedState ? TidemarkProject.stateLine(project.database) : ""
      try project.write("tidemark.yaml", project.file(state).replacing("connections:\n", with: other))
      try await project.sql("CREATE TABLE two (day date, shop text, n bigint, total numeric)")
      _ = try await world.run(Self.one, Self.two, failpoint: "run.open:1:error")
      let output = try project.newOutput()
      // It waits for a lock that it never gets.
      let holder = try await Connection.open(project.settings)
      try await holder.execute("BEGIN")
      try await holder.execute("LOCK TABLE two IN SHARE MODE")
      let process = try project.start(["run", "sales", "--for", "2026-03-14"], output: output)
      try await Patience.until("the first store holds the result") {
        if process.exit != nil { return true }
        return try await project.rows("SELECT to_regclass('one') IS NOT NULL") == [["t"]]
      }
      let plain = try await project.run(["cancel", "sales"])
      #expect(plain.status == 8 && plain.output.contains("tidemark cancel --partial"), "\(plain.output)")
      let ended = try await project.run(["cancel", "sales", "--partial"])
      #expect(
        ended.status == 0 && ended.output.contains("db:one holds its result, not other:two"),
        "\(ended.output)")
      let owner = try await project.end(of: process, output: output)
      #expect(owner.status == 7 && owner.output.contains("was cancelled by"), "\(owner.output)")
      await holder.close()
      #expect(try await world.stored("one") == SinkWorld.fourteenth)
      let next = try await world.run(Self.one, Self.two)
      #expect(next.status == 0 && next.output.contains("revision 2"), "\(next.output)")
    }
  }

  /// What nobody can be asked about is given up as well, and counts as published.
  @Test func aTargetThatIsGoneIsGivenUp() async throws {
    try await SinkWorld.with { world in
      let project = world.project
      let other = "connections:\n  other: {url: \"\(project.database)\", search_path: [public]}\n"
      let before = project.file().replacing("connections:\n", with: other)
      try project.write("tidemark.yaml", before)
      try await project.sql("CREATE TABLE two (day date, shop text, n bigint, total numeric)")
      let killed = try await world.run(Self.two, failpoint: "publish.before_commit:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      try project.write("tidemark.yaml", project.file())
      let left = try await project.run(["cancel", "sales"])
      #expect(left.output.contains("undecided"), "\(left.output)")
      let ended = try await project.run(["cancel", "sales", "--partial"])
      #expect(
        ended.status == 0 && ended.output.contains("whether other:two holds its result is not known"),
        "\(ended.output)")
      try project.write("tidemark.yaml", before)
      let next = try await world.run(Self.two)
      #expect(next.status == 0 && next.output.contains("revision 2"), "\(next.output)")
    }
  }

  /// A file that the given-up run has not replaced is no more its own for the next one.
  @Test func aFileThatIsThereIsKept() async throws {
    try await SinkWorld.with { world in
      let file = "file: {path: kept.csv, if_exists: fail}"
      let killed = try await world.run(Self.one, file, failpoint: "file.before_rename:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      try world.project.write("out/kept.csv", "mine")
      let refused = try await world.run(Self.one, file)
      #expect(refused.status == 8 && refused.output.contains("error[file_exists]"), "\(refused.output)")
      let ended = try await world.project.run(["cancel", "sales", "--partial"])
      #expect(ended.status == 0, "\(ended.output)")
      let next = try await world.run(Self.one, file)
      #expect(next.status == 8 && next.output.contains("error[file_exists]"), "\(next.output)")
      #expect(try world.project.read("out/kept.csv") == Array("mine".utf8))
    }
  }

  /// What only waits to be finished is no half, and what has published nothing is ended as ever.
  @Test(arguments: ["publish.marked:1:kill", "publish.before_commit:1:kill"])
  func onlyHalvesAre(_ place: String) async throws {
    try await SinkWorld.with { world in
      let killed = try await world.run(Self.one, failpoint: place)
      try #require(killed.wasKilled, "\(killed.output)")
      let isPublished = place.contains("marked")
      let ended = try await world.project.run(["cancel", "sales", "--partial"])
      #expect(ended.status == (isPublished ? 8 : 0), "\(ended.output)")
      let next = try await world.run(Self.one)
      #expect(next.status == 0, "\(next.output)")
      #expect(try await world.stored("one") == SinkWorld.fourteenth)
      #expect(try await world.project.rows("SELECT revision FROM tidemark.publications") == [["1"]])
    }
  }

  /// Also where nothing but the project's defaults has changed.
  @Test func whatIsPublishedInPartIsFinishedByTheDefaultsOfThen() async throws {
    try await SinkWorld.with { world in
      let file = "file: {path: \"at ${interval.start_local}.csv\"}"
      let killed = try await world.run(Self.one, file, failpoint: "publish.marked:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      let project = world.project
      let changed = project.file().replacing("timezone: UTC", with: "timezone: Asia/Tokyo")
      #expect(changed != project.file())
      try project.write("tidemark.yaml", changed)
      let resumed = try await project.run(["resume", "sales"])
      #expect(
        resumed.status == 0 && resumed.output.contains("the project's `defaults` have changed"),
        "\(resumed.output)")
      #expect((try project.read("out/at 2026-03-14 00:00:00.csv")?.count ?? 0) > 10)
    }
  }

  /// Whom a run tells, how it is worked on and when it is due decides nothing of what is left of it.
  @Test(arguments: ["resume", "run", "cancel --partial"])
  func whatIsPublishedInPartNeedsNoNotifier(_ command: String) async throws {
    try await SinkWorld.with { world in
      let project = world.project
      let names = """
        pools: {night: {runs: 1}}
        notifiers: {ops: {command: ["true"]}}

        """
      let told = "connections:\n  told: {url: \"\(project.database)\"}\n"
      try project.write("tidemark.yaml", project.file(names).replacing("connections:\n", with: told))
      let file = "file: {path: rest.csv}"
      _ = try await world.run(Self.one, file, failpoint: "run.open:1:error")
      let job = try #require(try project.read("jobs/sales.yaml"))
      try project.write(
        "jobs/sales.yaml",
        String(decoding: job, as: UTF8.self)
          + """
          limits: {pool: night}
          notify:
            - {events: [failure, success], notifier: ops}
            - {events: [failure], postgres: {connection: told, channel: c}}
          schedule: {cron: "0 2 * * *", except: [dates.txt]}

          """)
      try project.write("dates.txt", "2026-01-01\n")
      let killed = try await project.run(
        ["run", "sales", "--for", "2026-03-14"], failpoint: "publish.marked:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      try project.write("tidemark.yaml", project.file())
      #expect(unlink(project.path("dates.txt")) == 0)
      let shown = try await project.run(["show", "sales"])
      #expect(shown.status == 0, "\(shown.output)")
      if command == "run" {
        // The file has been put right since.
        try project.write("jobs/sales.yaml", String(decoding: job, as: UTF8.self))
      }
      let line = command.split(separator: " ").map(String.init) + ["sales"]
      let ended = try await project.run(line + (command == "run" ? ["--for", "2026-03-14"] : []))
      #expect(ended.status == 0, "\(ended.output)")
      #expect(try await world.stored("one") == SinkWorld.fourteenth)
      #expect(try (project.read("out/rest.csv") != nil) == (command != "cancel --partial"))
    }
  }

  private static let matrix = """
    version: 1
    job: sales
    timezone: UTC
    matrix: {connection: db, query: "SELECT shop, target FROM shops"}
    source: {connection: db, query: "SELECT ${matrix.shop} AS shop", chunk: {by: none}}
    aggregate: {group_by: [shop], measures: {n: count(*)}}
    store:
      - table: {connection: db, name: one, mode: replace, scope: {shop: "${matrix.shop}"}, create: true}
      - table: {connection: other, name: "${matrix.target}", mode: replace, create: true}

    """

  /// A run that is published in part is finished as it was begun, whatever has become of its file and of its row.
  @Test(arguments: ["row", "query", "cells", "file"])
  func whatIsPublishedInPartIsFinished(_ gone: String) async throws {
    try await SinkWorld.with { world in
      let project = world.project
      let other = "connections:\n  other: {url: \"\(project.database)\", search_path: [public]}\n"
      try project.write("tidemark.yaml", project.file().replacing("connections:\n", with: other))
      try await project.sql(
        "CREATE TABLE shops (shop text, target text)", "INSERT INTO shops VALUES ('a', 'two'), ('b', 'three')"
      )
      try project.write("jobs/sales.yaml", Self.matrix)
      let killed = try await project.run(["run", "sales[shop=a]"], failpoint: "publish.marked:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      switch gone {
      case "row": try await project.sql("DELETE FROM shops WHERE shop = 'a'")
      case "query": try await project.sql("ALTER TABLE shops RENAME TO gone")
      case "cells": try await project.sql("UPDATE shops SET target = 'elsewhere' WHERE shop = 'a'")
      default: try #require(unlink(project.path("jobs/sales.yaml")) == 0)
      }
      let line = try await project.run(["history", "-q"])
      let id = try #require(line.output.split { $0 == " " || $0 == "\n" }.last { $0.hasPrefix("r1") })
      let resumed = try await project.run(["resume", String(id)])
      #expect(resumed.status == 0, "\(resumed.output)")
      #expect(try await project.rows("SELECT shop, n FROM two") == [["a", "1"]])
      #expect(try await project.rows("SELECT to_regclass('elsewhere')") == [["NULL"]])
    }
  }
}

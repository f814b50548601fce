import ProjectRig
import Testing

/// Which rows of its table a job with a `scope` may touch.
@Suite(.timeLimit(.minutes(5))) struct TableScopeTests {
  @Test func replaceLeavesOtherScopesAlone() async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop text, n bigint, total numeric)",
        "INSERT INTO result VALUES ('2026-01-01', 'b', 9, 9), ('2026-01-01', 'a', 9, 9)")
      let sink = "table: {connection: db, name: result, mode: replace, scope: {shop: a}}"
      let run = try await world.run(sink, filter: "shop = 'a'")
      #expect(run.status == 0, "\(run.output)")
      #expect(try await world.stored() == ["2026-01-01 b 9 9", "2026-03-14 a 2 5.50"])
    }
  }

  /// Rows that no run would delete are not inserted either.
  @Test(
    arguments: [
      ("shop: a", "true", "shop = b"), ("shop: b", "shop IS NULL", "shop = NULL"),
      ("n: \"2\"", "true", "n = 1"),
    ])
  func rowsOutsideTheScopeAreRefused(scope: String, filter: String, said: String) async throws {
    try await SinkWorld.with { world in
      for mode in ["replace", "replace_window, window: day"] {
        let run = try await world.run(
          "table: {connection: db, name: result, mode: \(mode), scope: {\(scope)}, create: true}",
          filter: filter)
        #expect(run.status == 4 && run.output.contains("error[outside_scope]"), "\(run.output)")
        #expect(run.output.contains(said), "\(run.output)")
        #expect(try await world.project.rows("SELECT to_regclass('result')") == [["NULL"]])
      }
    }
  }

  /// By what the result's type takes for equal.
  @Test(arguments: ["total: \"5.5\"", "day: \"${interval.start_date}\"", "shop: \" a\""])
  func aScopeIsComparedAsItsType(_ scope: String) async throws {
    try await SinkWorld.with { world in
      let sink = "table: {connection: db, name: result, mode: replace, scope: {\(scope)}, create: true}"
      if scope.hasPrefix("shop") {
        let run = try await world.run(sink, filter: "shop = 'a'")
        #expect(run.status == 4 && run.output.contains("error[outside_scope]"), "\(run.output)")
        return
      }
      for again in [false, true] {
        let run = try await world.run(sink, again: again, filter: "shop = 'a'")
        #expect(run.status == 0, "\(run.output)")
        #expect(try await world.stored() == ["2026-03-14 a 2 5.50"])
      }
    }
  }

  @Test func aScopeThatIsNoValueOfItsColumn() async throws {
    try await SinkWorld.with { world in
      let run = try await world.run(
        "table: {connection: db, name: result, mode: replace, scope: {day: soon}, create: true}")
      #expect(run.status == 3 && run.output.contains("error[bad_literal]"), "\(run.output)")
    }
  }

  @Test func rowsOfAMatrixShareATableByTheirScope() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE orders (day date)", "INSERT INTO orders VALUES ('2026-03-14')")
      try project.write(
        "jobs/shared.yaml",
        """
        version: 1
        job: shared
        timezone: UTC
        matrix: [{tenant: a}, {tenant: b}]
        source: {connection: db, table: orders}
        aggregate: {group_by: [day], measures: {n: count(*), tenant: "max(${matrix.tenant})"}}
        store:
          - table:
              {connection: db, name: result, mode: replace, scope: {tenant: "${matrix.tenant}"}, create: true}

        """)
      for _ in 1...2 {
        let run = try await project.run(["run", "shared"])
        #expect(run.status == 0, "\(run.output)")
      }
      #expect(try await project.rows("SELECT tenant FROM result ORDER BY 1") == [["a"], ["b"]])
    }
  }
}

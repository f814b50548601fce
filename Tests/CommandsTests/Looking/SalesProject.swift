import ProjectRig
import Testing

/// A project with one job over rows of a day, some of which it rejects, which has run once.
enum SalesProject {
  static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
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
}

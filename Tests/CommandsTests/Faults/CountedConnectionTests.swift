import ProjectRig
import Testing

/// Runs at once of one process, of which each needs three connections, under a `max_connections` that has them for one
/// or two.
@Suite(.timeLimit(.minutes(5))) struct CountedConnectionTests {
  /// - Parameter target: the entry of the store, of which three may be open as well.
  @Test(arguments: [(3, "db"), (4, "db"), (7, "db"), (3, "aa")])
  func runsAtOnceGoOn(_ limit: Int, _ target: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        """
        CREATE TABLE events AS SELECT i AS id, TIMESTAMPTZ '2026-03-01 00:00+00' + i * INTERVAL '3 minutes' AS at
        FROM generate_series(0, 1919) AS i
        """,
        "ALTER TABLE events ADD PRIMARY KEY (id)",
        // No reader comes back before the others have begun.
        "CREATE FUNCTION slow(id int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT id FROM pg_sleep(0.001)'")
      let other = "  aa: {url: \"\(project.database)\", max_connections: 3, search_path: [public]}\ndefaults:"
      try project.write(
        "tidemark.yaml",
        project.file().replacing("search_path", with: "max_connections: \(limit), search_path")
          .replacing("defaults:", with: other))
      try project.write(
        "jobs/j.yaml",
        """
        version: 1
        interval: {span: day}
        source:
          connection: db
          table: events
          where: at >= ${window.start} AND at < ${window.end}
          add_columns: {s: slow(id)}
          chunk: {by: key, column: id, rows: 60}
        aggregate: {group_by: [{day: "at::date"}], measures: {n: count(*), total: sum(s)}}
        store: [{table: {connection: \(target), name: r, mode: replace_window, window: day, create: true}}]
        limits: {parallelism: 3}

        """)
      let run = try await project.run([
        "backfill", "j", "--only", "all", "--from", "2026-03-01", "--to", "2026-03-05", "--parallel", "4",
      ])
      #expect(run.status == 0, "\(run.output)")
      #expect(!run.output.contains("may have are in use"), "\(run.output)")
      #expect(
        try await project.rows("SELECT day, n FROM r ORDER BY 1").map { $0[1] } == [
          "480", "480", "480", "480",
        ])
    }
  }
}

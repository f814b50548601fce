import ProjectRig
import Testing

/// A run tells how many rows its lookups found, over all its chunks and attempts.
@Suite(.timeLimit(.minutes(3))) struct LookupCountTests {
  @Test func hitsAndMissesAreExactAcrossResumes() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE orders (id int PRIMARY KEY, shop int)",
        "INSERT INTO orders SELECT i, i % 10 FROM generate_series(1, 500) AS i",
        "CREATE TABLE shops AS SELECT i AS code, 'shop ' || i AS name FROM generate_series(0, 6) AS i",
        "CREATE TABLE names AS SELECT 'shop ' || i AS name, i AS rank FROM generate_series(0, 2) AS i",
        "ANALYZE orders")
      try project.write(
        "jobs/looked.yaml",
        """
        version: 1
        job: looked
        source: {connection: db, table: orders, chunk: {by: key, column: id, rows: 50}}
        process:
          - lookup: {from: {connection: db, table: shops}, match: {shop: code}, take: {shop_name: name}, on_missing: drop}
            name: shop
          - lookup: {from: {connection: db, table: names}, match: {shop_name: name}, take: {rank: rank}, on_missing: keep}
            name: rank
        aggregate: {group_by: [rank], measures: {n: count(*)}}
        store: {file: {path: looked.csv}}
        limits: {parallelism: 2}

        """)
      let killed = try await project.run(
        ["run", "looked"], failpoint: "state.checkpoint.after_commit:4:kill")
      try #require(killed.wasKilled)
      let resumed = try await project.run(["run", "looked"])
      #expect(resumed.status == 0 && resumed.output.contains("run_resumed"), "\(resumed.output)")
      #expect(resumed.output.contains("shop: 350 rows found, 150 not"), "\(resumed.output)")
      #expect(resumed.output.contains("rank: 150 rows found, 200 not"), "\(resumed.output)")
      let json = try await project.run(["run", "looked", "--json"])
      let compact = json.output.filter { !$0.isWhitespace }
      #expect(compact.contains(#"{"step":"shop","hits":350,"misses":150}"#), "\(json.output)")
    }
  }
}

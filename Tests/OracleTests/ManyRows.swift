import ProjectRig

extension TidemarkProject {
  /// Runs `body` with the table `many_rows`, the same rows in `parts` by partitions of three kinds, one of them
  /// empty, and statistics.
  static func withManyRows(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await with { project in
      try await project.sql(
        try OracleCase.text("rows.sql"), try OracleCase.text("many.sql"),
        "ALTER TABLE many_rows ADD PRIMARY KEY (row_no)",
        "CREATE INDEX ON many_rows (label)", "CREATE INDEX ON many_rows (seen)",
        "CREATE TABLE parts (LIKE many_rows) PARTITION BY LIST (k_small)",
        "CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1) PARTITION BY RANGE (row_no)",
        "CREATE TABLE parts_1_low PARTITION OF parts_1 FOR VALUES FROM (MINVALUE) TO (4000)",
        "CREATE TABLE parts_1_rest PARTITION OF parts_1 DEFAULT PARTITION BY HASH (u)",
        "CREATE TABLE parts_1_a PARTITION OF parts_1_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE parts_1_b PARTITION OF parts_1_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        "CREATE TABLE parts_9 PARTITION OF parts FOR VALUES IN (9)",
        "CREATE TABLE parts_rest PARTITION OF parts DEFAULT",
        "INSERT INTO parts SELECT * FROM many_rows", "ANALYZE many_rows", "ANALYZE parts")
      try await body(project)
    }
  }
}

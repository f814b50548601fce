import ProjectRig
import Testing

/// One aggregation whose sinks a test names, over rows that a test may change.
struct SinkWorld {
  let project: TidemarkProject

  static func with(_ body: (SinkWorld) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE sales (day date, shop text, amount numeric(10, 2))",
        """
        INSERT INTO sales VALUES ('2026-03-13', 'a', 1), ('2026-03-14', 'a', 2.50), ('2026-03-14', 'a', 3),
          ('2026-03-14', NULL, 7), ('2026-03-14', 'b', NULL), ('2026-03-15', 'a', 11)
        """)
      try await body(SinkWorld(project: project))
    }
  }

  /// - Parameter sinks: items of `store`, in flow style.
  func run(
    _ sinks: String..., for interval: String = "2026-03-14", again: Bool = false, more: [String] = [],
    filter: String = "true", failpoint: String? = nil
  ) async throws -> ProgramRun {
    try project.write(
      "jobs/sales.yaml",
      """
      version: 1
      job: sales
      interval: {span: day}
      source: {connection: db, table: sales, where: "day = ${interval.start_date} AND (\(filter))"}
      aggregate:
        group_by: [day, shop]
        measures: {n: count(*), total: sum(amount)}
      store:
      \(sinks.map { "  - \($0)" }.joined(separator: "\n"))

      """)
    return try await project.run(
      ["run", "sales", "--for", interval] + (again ? ["--again"] : []) + more, failpoint: failpoint)
  }

  func stored(_ table: String = "result") async throws -> [String] {
    try await project.rows("SELECT day, shop, n, total FROM \(table) ORDER BY 1, 2, 3").map {
      $0.joined(separator: " ")
    }
  }

  static let fourteenth = ["2026-03-14 a 2 5.50", "2026-03-14 b 1 NULL", "2026-03-14 NULL 1 7.00"]
}

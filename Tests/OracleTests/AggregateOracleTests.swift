import ProjectRig
import Testing

/// Postgres is the oracle: what a job stores equals the same SQL on the same rows, digit for digit and
/// type for type, however the rows are cut and however many connections read them.
@Suite(.timeLimit(.minutes(5))) struct AggregateOracleTests {
  private func withRows(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        try OracleCase.text("rows.sql"), "ALTER TABLE rows_of_all ADD PRIMARY KEY (id)", "ANALYZE rows_of_all"
      )
      try await body(project)
    }
  }

  private func check(
    _ project: TidemarkProject, _ measures: [OracleCase], by keys: [OracleCase], _ cuts: [Cut]
  ) async throws {
    try await OracleJob(
      project: project, table: "rows_of_all",
      aggregation: .of(measures, by: keys, table: "rows_of_all")
    ).check(cuts)
  }

  @Test func everyMeasureOverEveryCut() async throws {
    try await withRows { project in
      let keys = try OracleCase.read("keys.txt").filter { $0.expression == "k_text" }
      try await check(project, OracleCase.read("measures.txt"), by: keys, Cut.wide)
    }
  }

  @Test func everyMeasureWithoutGroups() async throws {
    try await withRows { project in
      try await check(project, OracleCase.read("measures.txt"), by: [], Cut.narrow)
    }
  }

  @Test func everyTypeOfKey() async throws {
    try await withRows { project in
      for key in try OracleCase.read("keys.txt") {
        try await check(project, Self.short, by: [key], Cut.narrow)
      }
    }
  }

  @Test func severalKeys() async throws {
    try await withRows { project in
      let keys = try OracleCase.read("keys.txt").filter {
        ["k_text", "k_f8", "k_num", "k_char"].contains($0.expression)
      }
      try await check(project, Self.short, by: keys, [Cut.wide[0], Cut.wide[4]])
    }
  }

  private static let short = ["count(*)", "sum(int)", "max(money)", "count(distinct day)"].map {
    OracleCase(expression: $0, sql: $0)
  }
}

import ProjectRig
import Seeds
import Testing

extension CrashMatrix {
  /// Accounts are added up in chunks while money moves between them, by runs of which every second is killed between two
  /// chunks: each result is of one moment, with no money in it twice and none missing.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more of them, `TIDEMARK_TEST_SEED` for those of an earlier run.
  @Suite(.timeLimit(.minutes(240))) struct BankTests {
    private static let job = """
      version: 1
      source: {connection: db, table: accounts, chunk: {by: key, column: id, rows: 10}}
      aggregate: {measures: {total: sum(balance), n: count(*)}}
      store:
        - table: {connection: db, name: totals, mode: append, create: true}

      """

    @Test(arguments: CrashWorld.StateKind.allCases)
    func itsSumIsAlwaysTheSame(_ state: CrashWorld.StateKind) async throws {
      let demand = FaultDemand(5)
      var random = demand.numbers("bank \(state)")
      try await TidemarkProject.with { project in
        try await Bank.open(in: project)
        if state == .postgres {
          try project.write("tidemark.yaml", project.file(TidemarkProject.stateLine(project.database)))
        }
        try project.write("jobs/bank.yaml", Self.job)
        try await Bank.whileMoneyMoves(in: project) {
          for number in 1...demand.count {
            if number.isMultiple(of: 2) {
              let killed = try await project.run(
                ["run", "bank"], failpoint: "chunk.read:\(1 + random.below(10)):kill",
                environment: CrashWorld.environment)
              try #require(killed.wasKilled, "\(killed.output)")
              FaultCount.add("kill -9 while money moves, \(state) state")
            }
            let run = try await project.run(["run", "bank"], environment: CrashWorld.environment)
            #expect(run.status == 0, "run \(number), \(demand): \(run.output)")
            FaultCount.add("result of accounts between which money moves, \(state) state")
          }
        }
        let found = try await project.rows(
          "SELECT count(*), min(total), max(total), min(n), max(n) FROM totals")
        let sums = [Bank.total, Bank.total, Bank.accounts, Bank.accounts]
        #expect(found == [([demand.count] + sums).map { "\($0)" }], "\(demand)")
        let moved = "SELECT count(DISTINCT balance) > 10 FROM accounts"
        #expect(try await project.rows(moved) == [["t"]], "no money has moved")
      }
    }
  }
}

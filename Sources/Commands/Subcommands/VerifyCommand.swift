internal import Engine
internal import Model
internal import StateStore

/// `tidemark verify`: asks Postgres for the same result in SQL, and holds what is published to it.
enum VerifyCommand {
  static let spec = CommandSpec(
    name: "verify", summary: "Compute a published result anew by SQL in Postgres, and compare every digit",
    discussion: """
      One SELECT, written from the job's typed steps, is run on the source as it is now; each table that the run
      published into is compared with its answer, digit for digit. Exit 4 where a row differs: then the source has
      changed since, somebody has changed the table, or one of the two is wrong. What SQL has no exact words for
      (sanitize, parse, pseudonymise, sketches, sums of floats) is refused by name.
      """,
    operands: [
      .init(name: "RUN|JOB", help: "a run's id, or a job for its newest success, in each row of its matrix")
    ],
    options: [OptionSpec("sql", help: "print the SELECT as well")],
    example: "tidemark verify daily-revenue",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await context.openStoreToRead()
    let (records, without, isEach) = try await context.succeededRuns(
      named: invocation.operands[0], in: store)
    var verified: [(record: RunRecord, tables: [Verification])] = []
    var faults: [Fault] = []
    for record in records {
      do {
        verified.append((record, try await verify(record, context, store)))
      } catch let fault as Fault where isEach {
        faults.append(fault)
      } catch let several as Faults where isEach {
        faults += several.all
      }
    }
    await store.close()
    if invocation.has("json") {
      let documents = verified.map { json($0.record, $0.tables) }
      let document =
        isEach
        ? JSONValue.object([.init("runs", .array(documents)), .init("faults", FaultReport.json(faults))])
        : documents.first
      Terminal.print((document ?? .null).prettyText)
    } else {
      for (record, tables) in verified { tell(record, tables, withSQL: invocation.has("sql")) }
    }
    for row in without {
      Terminal.printError("warning: \(row) has no run that has succeeded: nothing of it is verified\n")
    }
    let isEqual = verified.allSatisfy { $0.tables.allSatisfy { $0.differing == 0 } }
    let code: ExitCode = isEqual ? .ok : .checkFailed
    return faults.isEmpty ? code : ExitCode.gravest([code, FaultReport.print(faults, asJSON: false)])
  }

  private static func verify(
    _ record: RunRecord, _ context: ProjectContext, _ store: Store
  ) async throws -> [Verification] {
    guard record.state == .succeeded else {
      throw Fault(
        "not_succeeded", .conflict, "Run \(record.id) is \(record.state.rawValue): it has nothing to verify",
        hint: "`tidemark resume \(record.id)` goes on with it")
    }
    if let newer = try await store.succeededRun(of: record.identity), newer.id != record.id {
      throw Fault(
        "replaced_run", .conflict,
        "Run \(record.id) was replaced by revision \(newer.revision), run \(newer.id)",
        hint: "`tidemark verify \(newer.id)`")
    }
    return try await context.pastRun(record, store).verify()
  }

  private static func tell(_ record: RunRecord, _ verifications: [Verification], withSQL: Bool) {
    let style = Terminal.outputStyle
    for verification in verifications {
      let isEqual = verification.differing == 0
      let equal = Quantity.counted(Int64(verification.equal), "row")
      Terminal.print(
        (isEqual ? style.green("✓") : style.red("✗")) + " "
          + style.bold(record.identity.subject) + "  \(record.id)  \(verification.target)")
      Terminal.print(
        isEqual
          ? "  \(equal), every digit as Postgres computes it"
          : "  \(equal) the same, \(Quantity.count(Int64(verification.differing))) not:")
      for line in text(verification).lines { Terminal.print(line) }
      if withSQL { Terminal.print(verification.sql) }
    }
    if verifications.contains(where: { $0.differing > 0 }) {
      Terminal.print(
        "Next: if the source has changed since, `tidemark run \(record.identity.job) --again` with its interval"
      )
    }
  }

  private static func text(_ verification: Verification) -> DifferenceText {
    DifferenceText(
      differing: verification.differing, differences: verification.differences, left: "published",
      right: "computed")
  }

  private static func json(_ record: RunRecord, _ verifications: [Verification]) -> JSONValue {
    .object([
      .init("run", .string(record.id.text)), .init("job", .string(record.identity.job.text)),
      .init(
        "targets",
        .array(
          verifications.map { verification in
            .object([
              .init("target", .string(verification.target)),
              .init("equal_rows", .integer(verification.equal)),
              .init("differing_rows", .integer(verification.differing)),
              .init("differences", text(verification).json), .init("sql", .string(verification.sql)),
            ])
          })),
    ])
  }
}

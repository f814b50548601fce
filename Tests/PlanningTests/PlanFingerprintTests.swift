import Model
import Testing

@testable import Planning

/// The fingerprint changes exactly with what a finished chunk holds.
@Suite struct PlanFingerprintTests {
  private func text(
    _ plan: Plan, lookups: [String] = ["h"], keyMarks: [String] = [], database: String = "7001/5",
    zoneVersion: String = "2026a",
    partialFormat: Int = 1, parameters: [String: String] = [:]
  ) -> String {
    PlanFingerprint(
      plan: plan,
      identity: RunIdentity(
        project: "p", job: JobName("a"), matrixRow: "", interval: nil, parameters: parameters),
      lookups: lookups, keyMarks: keyMarks, databases: ["shop": database], zone: "UTC",
      zoneVersion: zoneVersion,
      partialFormat: partialFormat
    ).text
  }

  @Test func whatMayChangeWithoutLosingChunks() throws {
    let before = text(try PlanSamples.plan())
    var job = PlanSamples.job()
    job.limits = Limits(parallelism: 9, memory: .megabytes(1))
    job.errors = ErrorRules(
      retry: .standard, rerunAttempts: 5, rerunWait: .seconds(1),
      quarantine: .init(maximumRows: 3, maximumSharePPM: 1))
    job.checks = [
      Check(
        name: "c", condition: .expect(SourceText("count(*) > 0")), severity: .warn, place: PlanSamples.place)
    ]
    job.notify = [
      NotifyRule(events: [.failure], channel: .named("ops"), digest: nil, place: PlanSamples.place)
    ]
    job.sinks = [
      .file(
        FileSinkRule(
          path: Template(literal: "a.csv"), format: .csv, isCompressed: false, ifExists: .replace,
          orderBy: [],
          place: PlanSamples.place))
    ]
    job.description = "another"
    #expect(text(try PlanSamples.plan(job)) == before)
    // The boundaries are saved, and found anew they may differ.
    var catalogue = PlanSamples.Catalogue()
    catalogue.table.pages = 20_000
    #expect(text(try PlanSamples.plan(PlanSamples.job(), &catalogue)) == before)
  }

  @Test func whatMustChangeIt() throws {
    let plan = try PlanSamples.plan()
    var texts = [text(plan)]
    texts.append(text(plan, lookups: ["i"]))
    texts.append(text(plan, lookups: []))
    texts.append(text(plan, keyMarks: ["k"]))
    texts.append(text(plan, database: "7002/5"))
    texts.append(text(plan, zoneVersion: "2026b"))
    texts.append(text(plan, partialFormat: 2))
    texts.append(text(plan, parameters: ["x": "1"]))
    var job = PlanSamples.job()
    job.aggregate?.measures[0].value = SourceText("sum(price + 1)")
    texts.append(text(try PlanSamples.plan(job)))
    job = PlanSamples.job()
    job.aggregate?.groupBy[0].name = "m"
    texts.append(text(try PlanSamples.plan(job)))
    job = PlanSamples.job()
    job.steps = [
      Step(name: "s", action: .filter(SourceText("price > 1")), onFail: .fail, place: PlanSamples.place)
    ]
    texts.append(text(try PlanSamples.plan(job)))
    for source in [
      PlanSamples.source(filter: "price > 2"), PlanSamples.source(name: "renamed"),
      PlanSamples.source(consistency: .chunk), PlanSamples.source(.query(SourceText("SELECT * FROM orders"))),
    ] {
      texts.append(text(try PlanSamples.plan(PlanSamples.job([source]))))
    }
    var catalogue = PlanSamples.Catalogue()
    catalogue.columns[2].type = .numeric(.init(precision: 14, scale: 3))
    texts.append(text(try PlanSamples.plan(PlanSamples.job(), &catalogue)))
    // Casts that Postgres would make by itself, and types of constants, decide results where they stand.
    var signatures: [String] = []
    for measure in [
      "sum((id / 2)::numeric)", "sum(id::numeric / 2)", "sum((price * 0.1)::float8)",
      "sum(price * 0.1::float8)",
      "max((id * 0.1)::text)", "max((id * 0.1::float8)::text)", "sum(2::bigint * 3)", "sum(2 * 3)",
    ] {
      job = PlanSamples.job()
      job.aggregate?.measures[0].value = SourceText(measure)
      let edited = try PlanSamples.plan(job)
      texts.append(text(edited))
      signatures.append(PartialSignature(plan: edited, zone: "UTC", partialFormat: 1).text)
    }
    // The same text over a column of another type.
    var retyped = PlanSamples.Catalogue()
    retyped.columns[2].type = .bigint
    for catalogue in [PlanSamples.Catalogue(), retyped] {
      var catalogue = catalogue
      let plan = try PlanSamples.plan(PlanSamples.job(), &catalogue)
      signatures.append(PartialSignature(plan: plan, zone: "UTC", partialFormat: 1).text)
    }
    #expect(Set(signatures).count == signatures.count)
    var ordered = plan
    ordered.rowOrder = ["id"]
    texts.append(text(ordered))
    #expect(Set(texts).count == texts.count)
  }
}

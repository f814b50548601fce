import JobFiles
import Model
import Testing

/// What only several job files can get wrong.
@Suite struct JobSetTests {
  private func job(_ name: String, after: [String]) throws -> Job {
    let waits = after.isEmpty ? "" : ", after: {jobs: [\(after.joined(separator: ", "))]}"
    return try Fixtures.read(
      """
      job: \(name)
      timezone: UTC
      interval: {span: day}
      schedule: {cron: "@daily"\(waits)}
      source: {connection: shop, table: public.orders}
      aggregate: {measures: {n: count(*)}}
      store: {file: {path: n.csv}}
      """
    ).get().job
  }

  @Test(arguments: [
    (["load": [], "report": ["load"]], "report", []),
    (
      ["load": [], "report": ["laod"]], "report",
      ["unknown_job: `after` names the job `laod`, which no file has | Did you mean `load`?"]
    ),
    (["load": ["load"]], "load", ["after_circle: A job cannot wait for itself"]),
    (
      ["a": ["b"], "b": ["c", "d"], "c": ["a"], "d": []], "a",
      ["after_circle: These wait for each other: `a` → `b` → `c` → `a`"]
    ),
    // What others do wrong is told of theirs.
    (["a": ["b"], "b": ["b"]], "a", []),
  ])
  func findsWhatCannotBeWaitedFor(waits: [String: [String]], of name: String, faults: [String]) throws {
    let jobs = try waits.map { try job($0.key, after: $0.value) }
    let set = JobSet(names: waits.keys, jobs: jobs)
    let found = try #require(jobs.first { $0.name.text == name })
    let told = set.faults(of: found).map { fault in
      "\(fault.code): \(fault.sentence)" + (fault.code == "unknown_job" ? " | \(fault.hint ?? "")" : "")
    }
    #expect(told == faults)
    #expect(set.faults(of: found).allSatisfy { $0.place?.line == 4 })
  }
}

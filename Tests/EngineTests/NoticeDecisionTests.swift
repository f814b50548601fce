import Model
@testable import StateStore
import Testing

@testable import Engine

/// A notice decided again after a crash is the same notice; one of another attempt is another.
@Suite struct NoticeDecisionTests {
  private func rule(_ events: Set<NoticeEvent>, digest: Duration? = nil) -> NotifyRule {
    NotifyRule(events: events, channel: .named("ops"), digest: digest, place: EngineSamples.place)
  }

  private func record(failures: Int, row: String = "") -> RunRecord {
    RunRecord(
      id: RunID("r1"),
      identity: RunIdentity(
        project: "p", job: JobName("a"), matrixRow: row, interval: nil, parameters: [:], serial: 1),
      revision: 1, replayOf: nil, pool: nil, state: .running, settings: .null, jobHash: "",
      fingerprint: nil, token: FencingToken(1), owner: nil, failures: failures, fault: nil, cancel: nil,
      totals: RunTotals(chunks: 0, rows: RowCounts()), createdAt: Instant(microseconds: 0),
      updatedAt: Instant(microseconds: 0), finishedAt: nil)
  }

  private func drafts(
    _ rules: [NotifyRule], _ events: Set<NoticeEvent>, failures: Int = 0, row: String = ""
  ) throws -> [NoticeDraft] {
    let job = EngineSamples.job(notify: rules)
    return NoticeDecision(
      request: EngineSamples.request(job), context: try EngineSamples.context(job, .latest)
    ).drafts(
      events, run: record(failures: failures, row: row),
      facts: [.init("job", .string("a")), .init("matrix_row", .string("b"))])
  }

  /// Which of many rows has failed stands in the notice, beside the job's plain name.
  @Test func theRowIsNamedBesideTheJob() throws {
    let draft = try #require(try drafts([rule([.failure])], [.failure], row: "tenant=acme").first)
    let facts = NoticeFacts(draft.facts, event: .failure, project: "p", job: "a")
    #expect(facts.job == "a" && facts.matrixRow == "tenant=acme" && facts.subject == "a[tenant=acme]")
    #expect(draft.facts.members.filter { ["job", "matrix_row"].contains($0.name) }.count == 2)
  }

  @Test func oneARuleAndEventWithAnIdOfItsOwn() throws {
    let rules = [rule([.failure, .checkFailed]), rule([.failure], digest: .seconds(600)), rule([.success])]
    let first = try drafts(rules, [.failure, .checkFailed])
    #expect(Set(first.map(\.id)) == ["r1/0/failure/0", "r1/0/check_failed/0", "r1/0/failure/1"])
    #expect(try drafts(rules, [.failure, .checkFailed]).map(\.id) == first.map(\.id))
    let later = try drafts(rules, [.failure, .checkFailed], failures: 1)
    #expect(Set(later.map(\.id)).isDisjoint(with: first.map(\.id)))
    let digest = try #require(first.first { $0.id.hasSuffix("/1") })
    #expect(digest.digest == "a/1" && digest.delay == .seconds(600))
    #expect(first.filter { $0.digest == nil }.allSatisfy { $0.delay == .zero })
  }
}

import Model
import Testing

@testable import Engine

/// A notice finds those it was for again, however the job's `notify` is edited while it waits.
@Suite struct NoticeChannelTests {
  private func rule(_ event: NoticeEvent, _ notifier: Notifier) -> NotifyRule {
    NotifyRule(events: [event], channel: .inline(notifier), digest: nil, place: EngineSamples.place)
  }

  private func webhook(_ url: String) -> Notifier {
    .webhook(url: Template(literal: url), format: .json, headers: [:])
  }

  /// Whom a failure reaches that was decided on by `then[number]`.
  private func reached(_ number: Int, of then: [NotifyRule], by now: [NotifyRule]) -> Notifier? {
    let kept = NoticeChannel(then[number], at: number, of: JobName("a")).text
    guard case .item(let item) = NoticeChannel(text: kept) else { return nil }
    #expect(item.job == "a" && item.number == number && item.mark?.utf8.count == 12)
    return item.notifier(in: now, for: [.failure])
  }

  @Test func anItemIsFoundWhereItHasGone() {
    let (own, other) = (webhook("https://own.example.org"), webhook("https://other.example.org"))
    let item = rule(.failure, own)
    #expect(reached(0, of: [item], by: [item]) == own)
    #expect(reached(0, of: [item], by: [rule(.success, other), item]) == own)
    #expect(reached(0, of: [item], by: [rule(.failure, other), item]) == own)
    #expect(reached(1, of: [rule(.failure, other), item], by: [item]) == own)
    // What it is told of is for later notices.
    #expect(reached(0, of: [item], by: [rule(.failure, other), rule(.success, own)]) == own)
  }

  @Test func whoeverIsInItsPlaceHasToTakeSuchNotices() {
    let (own, other) = (webhook("https://own.example.org"), webhook("https://other.example.org"))
    let item = rule(.failure, own)
    #expect(reached(0, of: [item], by: [rule(.failure, other)]) == other)
    #expect(reached(0, of: [item], by: [rule(.success, other)]) == nil)
    #expect(reached(1, of: [rule(.success, other), item], by: [rule(.success, other)]) == nil)
    #expect(reached(0, of: [item], by: []) == nil)
  }

  @Test func whomItReachesCountsAndNotHow() {
    let mails: [Notifier] = [
      .mail(to: ["a@example.org"], from: nil, server: nil),
      .mail(
        to: ["a@example.org"], from: "b@example.org", server: Template(literal: "smtp://mail.example.org")),
      .mail(to: ["c@example.org"], from: nil, server: nil),
    ]
    #expect(
      reached(0, of: [rule(.failure, mails[0])], by: [rule(.late, mails[2]), rule(.failure, mails[1])])
        == mails[1])
    let commands = [["mail", "a b"], ["mail", "a", "b"]].map { Notifier.command($0, timeout: .seconds(30)) }
    #expect(reached(0, of: [rule(.failure, commands[0])], by: [rule(.late, commands[1])]) == nil)
  }

  /// As it lay in the outbox before the mark came.
  @Test func anOlderNoticeGoesByItsPlace() {
    let other = webhook("https://other.example.org")
    guard case .item(let item) = NoticeChannel(text: "a#b#1") else {
      Issue.record("no item")
      return
    }
    #expect(item == NoticeChannel.Item(job: "a#b", number: 1, mark: nil))
    #expect(item.notifier(in: [rule(.late, other), rule(.failure, other)], for: [.failure]) == other)
    #expect(item.notifier(in: [rule(.late, other), rule(.late, other)], for: [.failure]) == nil)
    #expect(item.notifier(in: [rule(.failure, other)], for: [.failure]) == nil)
  }

  @Test(arguments: ["ops", "a#0", "a#12/0123456789ab"]) func textsComeBack(_ text: String) {
    #expect(NoticeChannel(text: text).text == text)
    #expect(NoticeChannel(text: text).isItem == text.contains("#"))
  }
}

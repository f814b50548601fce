import Model
import Seeds
import Testing
import Timetable

@testable import Scheduler

@Suite struct FireLedgerTests {
  private static let start = Instant(seconds: 1_780_272_000)  // 2026-06-01T00:00:00Z
  private let place = Place(file: "job.yaml", line: 1, column: 1)

  private func at(_ hours: Double) -> Instant {
    FireLedgerTests.start.advanced(by: .seconds(hours * 3600))
  }

  private func ledger(
    _ ifRunning: Schedule.IfRunningPolicy = .queueAll, span: IntervalSpan = .fire,
    catchUp: Schedule.CatchUpPolicy = .all, after: Schedule.After? = nil
  ) throws -> FireLedger {
    let cron = try CronExpression(SourceText("0 * * * *"), jobName: "job")
    let fires = FireCalendar(FireRules([.cron(cron)]), zone: .utc)
    return FireLedger(
      intervals: IntervalCalendar(rule: IntervalRule(span: span), fires: fires),
      catchUp: CatchUp(policy: catchUp, window: nil), ifRunning: ifRunning, after: after,
      finishBy: .init(hour: 6, minute: 0))
  }

  private func open(_ hour: Double, claimed: Bool = false, enteredAt: Double? = nil) -> FireFacts.OpenFire {
    FireFacts.OpenFire(
      instant: at(hour), interval: TimeRange(start: at(hour - 1), end: at(hour)), isClaimed: claimed,
      enteredAt: at(enteredAt ?? hour))
  }

  @Test func aJobNeverSeenIsRememberedFirst() throws {
    #expect(try ledger().actions(on: FireFacts(now: at(0), lastConsidered: nil)) == [.recordFirstSighting])
  }

  @Test func dueFiresAreEnteredBeforeAnythingElse() throws {
    let actions = try ledger().actions(on: FireFacts(now: at(2), lastConsidered: at(0), open: [open(-1)]))
    #expect(
      actions == [
        .enter(
          [
            .init(fire: at(1), interval: TimeRange(start: at(0), end: at(1)), outcome: .pending),
            .init(fire: at(2), interval: TimeRange(start: at(1), end: at(2)), outcome: .pending),
          ], consideredUntil: at(2))
      ])
  }

  @Test func enteringIsCutIntoBatches() throws {
    let facts = FireFacts(now: at(2500), lastConsidered: at(0))
    guard case .enter(let rows, let until)? = try ledger().actions(on: facts).first else {
      Issue.record("nothing was entered")
      return
    }
    #expect(rows.count == FireLedger.batch)
    #expect(until == at(Double(FireLedger.batch)))
  }

  @Test func aPauseSettlesWhatComesDueAndHoldsWhatWaits() throws {
    let pause = FireFacts.Pause(until: at(9))
    let entered = try ledger().actions(on: FireFacts(now: at(1), lastConsidered: at(0), pause: pause))
    guard case .enter(let rows, _)? = entered.first else {
      Issue.record("nothing was entered")
      return
    }
    #expect(rows.map(\.outcome) == [.paused])
    let held = FireFacts(now: at(1.5), lastConsidered: at(1), open: [open(1)], pause: pause)
    #expect(try ledger().actions(on: held) == [.wake(at(2))])
    let over = FireFacts(now: at(9.5), lastConsidered: at(9), open: [open(1)], pause: pause)
    #expect(try ledger().actions(on: over) == [.start(at(1)), .wake(at(10))])
  }

  @Test func upstreamJobsAreWaitedFor() throws {
    let load = JobName("load")
    let bounded = try ledger(after: .init(jobs: [load], within: .seconds(1800), place: place))
    let endless = try ledger(after: .init(jobs: [load], within: nil, place: place))
    func facts(_ now: Double, _ upstream: FireFacts.Upstream) -> FireFacts {
      FireFacts(now: at(now), lastConsidered: at(1), open: [open(1)], upstream: [load: upstream])
    }
    let nothing = FireFacts.Upstream(succeeded: [])
    let halves = FireFacts.Upstream(succeeded: [
      TimeRange(start: at(0.5), end: at(1)), TimeRange(start: at(-1), end: at(0.5)),
    ])
    let failed = FireFacts.Upstream(succeeded: [], failed: [TimeRange(start: at(0), end: at(1))])

    #expect(bounded.actions(on: facts(1.25, nothing)) == [.wake(at(1.5))])
    #expect(bounded.actions(on: facts(1.25, halves)).first == .start(at(1)))
    #expect(bounded.actions(on: facts(1.25, failed)) == [.wake(at(1.5))])
    #expect(
      bounded.actions(on: facts(1.5, nothing)).first
        == .close(at(1), .notReady, note: "load has not covered this interval in time"))
    #expect(
      bounded.actions(on: facts(1.5, failed)).first
        == .close(at(1), .upstreamFailed, note: "load failed for this interval"))
    #expect(endless.actions(on: facts(1.5, nothing)) == [.wake(at(2))])
    #expect(
      endless.actions(on: facts(1.5, failed)).first
        == .close(at(1), .upstreamFailed, note: "load failed for this interval"))
  }

  @Test func theFourPoliciesOverAFireThatComesWhileAnotherRuns() throws {
    let facts = FireFacts(
      now: at(3.5), lastConsidered: at(3), open: [open(1, claimed: true), open(2), open(3)])
    #expect(
      try ledger(.skip).actions(on: facts) == [
        .close(at(2), .skippedRunning, note: "an earlier run was still going on"),
        .close(at(3), .skippedRunning, note: "an earlier run was still going on"), .wake(at(4)),
      ])
    let replaced = FireAction.close(
      at(2), .superseded, note: "the fire of 2026-06-01T03:00:00Z came in its place")
    #expect(try ledger(.queueOne).actions(on: facts) == [replaced, .wake(at(4))])
    #expect(try ledger(.queueAll).actions(on: facts) == [.wake(at(4))])
    #expect(try ledger(.cancelOther).actions(on: facts) == [replaced, .wake(at(4))])
    let alone = FireFacts(now: at(3.5), lastConsidered: at(3), open: [open(1, claimed: true), open(3)])
    #expect(try ledger(.cancelOther).actions(on: alone) == [.cancelRunning, .wake(at(4))])
    let free = FireFacts(now: at(3.5), lastConsidered: at(3), open: [open(2), open(3)])
    #expect(try ledger(.queueAll).actions(on: free) == [.start(at(2)), .wake(at(4))])
  }

  @Test func whatIsCaughtUpStandsInLineUnderEveryPolicy() throws {
    for policy in Schedule.IfRunningPolicy.allCases {
      let missed = [open(1, claimed: true, enteredAt: 3.2), open(2, enteredAt: 3.2), open(3, enteredAt: 3.2)]
      let running = FireFacts(now: at(3.5), lastConsidered: at(3), open: missed)
      #expect(try ledger(policy).actions(on: running) == [.wake(at(4))], "\(policy)")
      let free = FireFacts(now: at(3.5), lastConsidered: at(3), open: Array(missed.dropFirst()))
      #expect(try ledger(policy).actions(on: free) == [.start(at(2)), .wake(at(4))], "\(policy)")
    }
  }

  /// Every combination of facts, against what must hold whatever the policy.
  @Test(arguments: Schedule.IfRunningPolicy.allCases, [IntervalSpan.fire, .day])
  func invariantsHoldForEveryCombinationOfFacts(policy: Schedule.IfRunningPolicy, span: IntervalSpan) throws {
    let load = JobName("load")
    let whole = TimeRange(start: at(-100), end: at(100))
    let upstreams: [FireFacts.Upstream?] = [
      nil, .init(succeeded: []), .init(succeeded: [whole]), .init(succeeded: [], failed: [whole]),
    ]
    var seen: Set<String> = []
    for within in [nil, Duration.seconds(5400)] {
      for upstream in upstreams {
        let ledger = try ledger(
          policy, span: span, after: upstream.map { _ in .init(jobs: [load], within: within, place: place) })
        // Of each of three fires: absent, pending, pending and caught up, claimed.
        for states in 0..<64 {
          for flags in 0..<8 {
            var facts = FireFacts(now: at(4.5), lastConsidered: at(4))
            for index in 0..<3 {
              let hour = Double(index + 2)
              switch states >> (2 * index) & 3 {
              case 1: facts.open.append(open(hour))
              case 2: facts.open.append(open(hour, enteredAt: 4.2))
              case 3: facts.open.append(open(hour, claimed: true))
              default: break
              }
            }
            facts.isOtherRunning = flags & 1 == 1
            facts.pause = flags & 2 == 2 ? .init(until: nil) : nil
            facts.room = flags & 4 == 4 ? 0 : nil
            facts.upstream = upstream.map { [load: $0] } ?? [:]
            check(ledger, facts, &seen)
          }
        }
      }
    }
    #expect(seen.contains("start"))
    #expect(seen.contains("upstream_failed"))
  }

  private func check(_ ledger: FireLedger, _ facts: FireFacts, _ seen: inout Set<String>) {
    let actions = ledger.actions(on: facts)
    let pending = Set(facts.open.filter { !$0.isClaimed }.map(\.instant))
    let isRunning = facts.isOtherRunning || facts.open.contains(where: \.isClaimed)
    var touched: [Instant] = []
    for action in actions {
      switch action {
      case .start(let fire):
        seen.insert("start")
        touched.append(fire)
        #expect(!isRunning && facts.pause == nil && facts.room != 0)
      case .close(let fire, let outcome, let note):
        seen.insert(outcome.rawValue)
        touched.append(fire)
        #expect(FireOutcome.pending.next.contains(outcome) && outcome != .claimed && !note.isEmpty)
      case .cancelRunning:
        #expect(isRunning && ledger.ifRunning == .cancelOther)
      case .wake(let time):
        #expect(time > facts.now)
        #expect(action == actions.last)
      case .enter, .recordFirstSighting:
        Issue.record("nothing has come due")
      }
    }
    #expect(Set(touched).count == touched.count, "a fire got two actions")
    #expect(pending.isSuperset(of: touched), "a fire that is not pending was touched")
    #expect(actions.filter { if case .start = $0 { true } else { false } }.count <= 1)
    // Nobody waits for nothing.
    let mayStart = !isRunning && facts.pause == nil && facts.room != 0 && ledger.after == nil
    if mayStart, !pending.isEmpty {
      #expect(!touched.isEmpty)
    }
  }

  @Test func outcomesOfRuns() throws {
    let ledger = try ledger()
    let fire = try #require(ledger.intervals.fires.fire(exactlyAt: at(1)))
    func outcome(_ state: RunState, entered: Double = 1, ended: Double = 2, retry: Bool = false)
      -> FireOutcome?
    {
      ledger.outcome(of: fire, enteredAt: at(entered), state: state, endedAt: at(ended), willRetry: retry)
    }
    #expect(outcome(.succeeded) == .ran)
    #expect(outcome(.succeeded, ended: 6) == .ran)
    #expect(outcome(.succeeded, ended: 6.1) == .late)
    #expect(outcome(.succeeded, entered: 5) == .caughtUp)
    #expect(outcome(.failed) == .failed)
    #expect(outcome(.failed, retry: true) == nil)
    #expect(outcome(.cancelled) == .cancelled)
    for state in RunState.allCases where ![.succeeded, .failed, .cancelled].contains(state) {
      #expect(outcome(state) == nil)
    }
  }

  @Test func closedOutcomesStay() {
    for outcome in FireOutcome.allCases {
      #expect(outcome.isOpen == !outcome.next.isEmpty)
      let reachable =
        FireOutcome.first.contains(outcome) || FireOutcome.allCases.contains { $0.next.contains(outcome) }
      #expect(reachable, "\(outcome)")
    }
  }

  @Test func placesAreGivenAllOrNone() {
    let places = PoolPlaces()
    func wanted(_ names: [String], others: Int = 0) -> [PoolPlaces.Wanted] {
      names.map { PoolPlaces.Wanted(name: $0, size: $0 == "wide" ? 9 : 1, others: others) }
    }
    #expect(places.take(wanted(["wide", "narrow"])) == [])
    #expect(places.take(wanted(["wide", "narrow"])) == ["narrow"])
    #expect(places.count("wide") == 1)
    places.giveBack(["wide", "narrow"])
    #expect(places.take(wanted(["narrow"], others: 1)) == ["narrow"])
    #expect(places.take(wanted(["narrow"])) == [])
    #expect(places.take([]) == [])
  }

  /// A queue of times against a sorted list.
  @Test func theAgendaIsInOrder() {
    var random = SeededNumbers(seed: 7)
    var agenda = Agenda()
    var expected: [ScheduledJob.ID: Instant] = [:]
    for _ in 0..<5000 {
      let id = ScheduledJob.ID(job: JobName("job-\(random.next() % 40)"))
      switch random.next() % 8 {
      case 0:
        agenda.set(id, nil)
        expected[id] = nil
      case 1:
        let moment = Instant(seconds: Int(random.next() % 1000))
        let taken = agenda.takeDue(by: moment)
        let due = expected.filter { $0.value <= moment }
        #expect(Set(taken.map(\.id)) == Set(due.keys) && taken.count == due.count)
        #expect(taken.map(\.due) == due.values.sorted())
        for id in due.keys { expected[id] = nil }
      default:
        let due = Instant(seconds: Int(random.next() % 1000))
        agenda.set(id, due)
        expected[id] = due
      }
      #expect(agenda.next() == expected.values.min())
    }
  }
}

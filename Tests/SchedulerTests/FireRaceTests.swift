import Model
import Seeds
import Testing
import Timetable

@testable import Scheduler

/// Two schedulers on one store and a hand clock, killed at random between any two writes.
@Suite struct FireRaceTests {
  @Test(arguments: Schedule.IfRunningPolicy.allCases, [UInt64(1), 2])
  func eachFireHasExactlyOneOutcome(policy: Schedule.IfRunningPolicy, seed: UInt64) throws {
    var race = try FireRace(policy: policy, span: seed == 1 ? .fire : .hour, seed: seed)
    race.go(fires: 1250)
    #expect(race.store.faults.isEmpty, "\(race.store.faults.prefix(3))")
    #expect(race.settled.map(\.key).sorted() == race.nominal)
    #expect(race.settled.values.allSatisfy { !$0.outcome.isOpen })
    #expect(race.crashes > 100)
    #expect(race.takeovers > 10)
    // What ran did so by one run, to one end.
    let done = race.settled.values.filter { [.ran, .late, .caughtUp, .failed].contains($0.outcome) }
    #expect(!done.isEmpty)
    #expect(done.allSatisfy { $0.claims == 1 && $0.ends == 1 })
    if policy == .queueAll, seed == 1 {
      #expect(done.count == race.nominal.count)
    }
  }
}

/// The store's conditional writes, in memory. Each function is one transaction.
private struct MemoryLedger {
  struct Row {
    var interval: TimeRange?
    var outcome: FireOutcome
    var enteredAt: Instant
    var claims = 0
    var ends = 0
  }

  struct Run {
    var fire: Instant
    var owner: Int
    var endsAt: Instant
    var isCancelled = false
  }

  var lastConsidered: Instant?
  private(set) var rows: [Instant: Row] = [:]
  var run: Run?
  private(set) var faults: [String] = []
  private var open: Set<Instant> = []

  mutating func recordFirstSighting(_ now: Instant) { lastConsidered = lastConsidered ?? now }

  mutating func enter(_ new: [FireAction.Row], until: Instant, now: Instant) {
    for row in new where rows[row.fire] == nil {
      rows[row.fire] = Row(interval: row.interval, outcome: row.outcome, enteredAt: now)
      if row.outcome.isOpen { open.insert(row.fire) }
      if !FireOutcome.first.contains(row.outcome) { faults.append("entered as \(row.outcome)") }
    }
    lastConsidered = max(lastConsidered ?? until, until)
  }

  mutating func close(_ fire: Instant, _ outcome: FireOutcome) {
    guard rows[fire]?.outcome == .pending else { return }
    set(fire, outcome)
  }

  private mutating func set(_ fire: Instant, _ outcome: FireOutcome) {
    guard let old = rows[fire]?.outcome else { return }
    if !old.next.contains(outcome) { faults.append("\(fire.text()) went from \(old) to \(outcome)") }
    rows[fire]?.outcome = outcome
    if !outcome.isOpen { open.remove(fire) }
  }

  mutating func claim(_ fire: Instant, owner: Int, endsAt: Instant) {
    guard rows[fire]?.outcome == .pending, run == nil else { return }
    set(fire, .claimed)
    rows[fire]?.claims += 1
    run = Run(fire: fire, owner: owner, endsAt: endsAt)
  }

  /// The run's end and its fire's outcome, fenced by the owner.
  mutating func end(_ outcome: FireOutcome, owner: Int) {
    guard let run, run.owner == owner, rows[run.fire]?.outcome == .claimed else { return }
    set(run.fire, outcome)
    rows[run.fire]?.ends += 1
    self.run = nil
  }

  func facts(_ now: Instant) -> FireFacts {
    FireFacts(
      now: now, lastConsidered: lastConsidered,
      open: open.compactMap { fire in
        rows[fire].map {
          .init(
            instant: fire, interval: $0.interval, isClaimed: $0.outcome == .claimed,
            enteredAt: $0.enteredAt)
        }
      })
  }
}

private struct FireRace {
  private struct Scheduler {
    /// What it has decided and not yet written; decided on facts that may be stale by now.
    var todo: [FireAction] = []
    var downUntil: Instant?
    /// Changes with every start, so that a run of its earlier life is not its own.
    var life: Int
  }

  var store = MemoryLedger()
  /// The fires that there were to be, and the rows that there are.
  private(set) var nominal: [Instant] = []
  private(set) var settled: [Instant: MemoryLedger.Row] = [:]
  private(set) var crashes = 0
  private(set) var takeovers = 0
  private let ledger: FireLedger
  private var now = Instant(seconds: 1_793_487_600)  // 2026-10-31T23:00:00Z, in the night before a change
  private var schedulers = [Scheduler(life: 0), Scheduler(life: 1)]
  private var lives = 2
  private var random: SeededNumbers

  init(policy: Schedule.IfRunningPolicy, span: IntervalSpan, seed: UInt64) throws {
    let cron = try CronExpression(SourceText("*/10 * * * *"), jobName: "job")
    let fires = FireCalendar(FireRules([.cron(cron)]), zone: .utc)
    ledger = FireLedger(
      intervals: IntervalCalendar(rule: IntervalRule(span: span), fires: fires),
      catchUp: CatchUp(policy: .all, window: nil), ifRunning: policy)
    random = SeededNumbers(seed: seed)
  }

  mutating func go(fires count: Int) {
    let first = now
    store.recordFirstSighting(now)
    let end = now.advanced(by: .seconds(600 * count))
    while now < end {
      step()
      now = now.advanced(by: .seconds(Int(random.next() % 90)))
    }
    // Nobody dies any more: what has come due so far comes to its end.
    let last = now
    let patience = last.advanced(by: .seconds(100 * 86_400))
    while now < patience,
      (store.lastConsidered ?? first) < last || store.facts(now).open.contains(where: { $0.instant <= last })
    {
      settle()
      now = now.advanced(by: .seconds(20))
    }
    let range = Instant(microseconds: first.microseconds + 1)..<Instant(microseconds: last.microseconds + 1)
    nominal = ledger.intervals.fires.fires(in: range).map(\.instant)
    settled = store.rows.filter { $0.key <= last }
  }

  /// One scheduler, chosen at random, does one thing; now and then one dies instead.
  private mutating func step() {
    let index = Int(random.next() % 2)
    if let until = schedulers[index].downUntil {
      guard now >= until else { return }
      lives += 1
      schedulers[index] = Scheduler(life: lives)
    }
    if random.next() % 50 == 0 {
      crashes += 1
      schedulers[index].todo = []
      schedulers[index].downUntil = now.advanced(by: .seconds(Int(random.next() % 4000)))
      return
    }
    work(index)
  }

  private mutating func settle() {
    for index in schedulers.indices {
      if schedulers[index].downUntil != nil {
        lives += 1
        schedulers[index] = Scheduler(life: lives)
      }
      work(index)
    }
  }

  private mutating func work(_ index: Int) {
    mind(index)
    if schedulers[index].todo.isEmpty {
      schedulers[index].todo = ledger.actions(on: store.facts(now))
      return
    }
    carryOut(schedulers[index].todo.removeFirst(), life: schedulers[index].life)
  }

  /// Ends its own run when that is over, and takes over that of a dead owner.
  private mutating func mind(_ index: Int) {
    guard let run = store.run else { return }
    let isOwnerAlive = schedulers.contains { $0.life == run.owner && $0.downUntil == nil }
    if !isOwnerAlive {
      takeovers += 1
      store.run?.owner = schedulers[index].life
    }
    guard store.run?.owner == schedulers[index].life else { return }
    if run.isCancelled {
      store.end(.cancelled, owner: schedulers[index].life)
    } else if now >= run.endsAt, let row = store.rows[run.fire],
      let fire = ledger.intervals.fires.fire(exactlyAt: run.fire)
    {
      let failed = random.next() % 20 == 0
      let outcome = ledger.outcome(
        of: fire, enteredAt: row.enteredAt, state: failed ? .failed : .succeeded, endedAt: now,
        willRetry: false)
      if let outcome { store.end(outcome, owner: schedulers[index].life) }
    }
  }

  private mutating func carryOut(_ action: FireAction, life: Int) {
    switch action {
    case .recordFirstSighting: store.recordFirstSighting(now)
    case .enter(let rows, let until): store.enter(rows, until: until, now: now)
    case .close(let fire, let outcome, note: _): store.close(fire, outcome)
    case .start(let fire):
      // One in eight takes longer than the time to the next fire.
      let length = random.next() % 8 == 0 ? 1500 : Int(random.next() % 300)
      store.claim(fire, owner: life, endsAt: now.advanced(by: .seconds(length)))
    case .cancelRunning: store.run?.isCancelled = true
    case .wake: break
    }
  }
}

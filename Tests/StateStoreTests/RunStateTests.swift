import Model
import Testing

@Suite struct RunStateTests {
  /// The whole table: rows are from, in the order of the columns; `x` a legal move, `f` one that is
  /// legal also past the first committed sink.
  static let table: [(RunState, String)] = [
    //            plan run merge prep publ succ fail canc supe inte
    (.planned, "     -   x     -    -    -    -    x    x    x    x"),
    (.running, "     -   -     x    -    -    -    x    x    x    x"),
    (.merging, "     -   x     -    x    -    -    x    x    x    x"),
    (.prepared, "    -   x     x    -    f    -    f    x    x    f"),
    (.publishing, "  -   -     -    -    -    f    f    -    -    f"),
    (.succeeded, "   -   -     -    -    -    -    -    -    -    -"),
    (.failed, "      -   x     x    -    f    -    f    x    x    f"),
    (.cancelled, "   -   -     -    -    -    -    -    -    -    -"),
    (.superseded, "  -   -     -    -    -    -    -    -    -    -"),
    (.interrupted, " -   x     x    -    f    -    f    x    x    f"),
  ]

  static let columns: [RunState] = [
    .planned, .running, .merging, .prepared, .publishing, .succeeded, .failed, .cancelled, .superseded,
    .interrupted,
  ]

  @Test(arguments: table) func everyMove(from: RunState, row: String) {
    #expect(Set(Self.columns) == Set(RunState.allCases))
    let marks = row.filter { $0 != " " }
    #expect(marks.count == Self.columns.count)
    for (to, mark) in zip(Self.columns, marks) {
      #expect(from.mayMove(to: to, pastFirstCommit: false) == (mark != "-"), "\(from) to \(to)")
      // Before publishing nothing can have committed, but the rule holds from every state.
      let forward = [.publishing, .succeeded, .failed, .interrupted].contains(to)
      #expect(
        from.mayMove(to: to, pastFirstCommit: true) == (mark != "-" && forward), "\(from) to \(to)")
      if mark == "f" { #expect(forward) }
      // Whoever gives up the rest of what is published in part ends it, and moves it nowhere else.
      #expect(
        from.mayMove(to: to, pastFirstCommit: true, givingUpRest: true)
          == (mark != "-" && (forward || to == .cancelled)), "\(from) to \(to)")
      #expect(from.mayMove(to: to, pastFirstCommit: false, givingUpRest: true) == (mark != "-"))
    }
  }

  @Test func onlyEndsAreFinal() {
    #expect(RunState.allCases.filter(\.isFinal) == [.succeeded, .cancelled, .superseded])
  }

  @Test func aStateThatMayEndIsReachableFromPlanned() {
    var reached: Set<RunState> = [.planned]
    var frontier = reached
    while !frontier.isEmpty {
      frontier = Set(frontier.flatMap(\.next)).subtracting(reached)
      reached.formUnion(frontier)
    }
    #expect(reached == Set(RunState.allCases))
  }

  @Test func idsSortByTime() {
    let moments: [Int64] = [
      0, 1, 31, 32, 1_780_000_000_000_000, 1_780_000_000_000_001, 4_000_000_000_000_000,
    ]
    let ids = moments.map { RunID(at: Instant(microseconds: $0), entropy: .random(in: .min ... .max)) }
    #expect(ids == ids.sorted())
    #expect(ids.allSatisfy { $0.text.utf8.count == 21 && $0.text.first == "r" })
  }
}

internal import Expressions
internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// Making the result, and all that its commit needs.
extension Publisher {
  /// Makes the result: one merge, into the target or a spool, the files and the checks.
  /// - Throws: `Fault` `check_failed` where a check of severity `error` does not pass.
  func makeResult(_ maker: ResultMaker, rejected: Int64, token: FencingToken) async throws -> ResultMaker.Made
  {
    self.rejected = rejected
    self.maker = maker
    let partials = try await environment.store.finishedChunks(of: run.id).count
    environment.report(run.id, .merging(inputs: partials))
    do {
      let made =
        if let made = try await storedAhead() {
          made
        } else if let made = try await published(maker, token) {
          made
        } else {
          try await kept(maker, token)
        }
      try Failpoint.hit(.resultMade)
      return made
    } catch {
      try await discard()
      throw error
    }
  }

  private func kept(_ maker: ResultMaker, _ token: FencingToken) async throws -> ResultMaker.Made {
    let spool = try makeSpool(maker)
    let made = try await make(maker, into: spool, token)
    self.spool = spool
    return made
  }

  private func makeSpool(_ maker: ResultMaker) throws(Fault) -> ResultSpool {
    try ResultSpool(schema: plan.result, path: "\(maker.work.spills.path)/result")
  }

  /// Keeps a result without rows, which takes no second merge.
  func keepNothing(_ maker: ResultMaker) throws(Fault) {
    let spool = try makeSpool(maker)
    _ = try spool.finish()
    self.spool = spool
  }

  /// Makes the result again, without files and checks, which are done.
  func keepAgain(_ made: ResultMaker.Made) async throws {
    guard let maker else { return }
    let spool = try makeSpool(maker)
    let again = try await maker.make(
      of: try await maker.partials(), into: spool, files: [], targets: [], checks: [])
    if again.hash != made.hash { throw changed(again.hash, from: made.hash, in: tables[0].target.sink) }
    self.spool = spool
  }

  /// One pass over the result.
  func make(
    _ maker: ResultMaker, into output: any ResultOutput, _ token: FencingToken
  ) async throws -> ResultMaker.Made {
    let committed = try await environment.store.committedSinks(of: run.identity)
    let isAgain = run.isAgain || request.again
    try discardFiles()
    for file in files {
      prepared.append(
        try PreparedFile(
          sink: file.sink, rule: file.rule, path: file.path, schema: plan.result,
          root: environment.outputRoot, identity: run.identity, run: run.id, token: token,
          mayReplace: isAgain || committed.contains(file.sink)))
    }
    let made = try await maker.make(
      of: try await maker.partials(), into: output, files: prepared, targets: tables.map(\.target),
      checks: checks)
    try judge(made)
    return made
  }

  /// Removes what was prepared and did not appear.
  func discard() async throws {
    await ahead.take()?.rows.abandon()
    await open.take()?.abandon()
    try discardFiles()
  }

  private func discardFiles() throws(Fault) {
    let files = prepared
    prepared = []
    for file in files { try file.file.discard() }
  }

  /// - Throws: `Fault` `check_failed`; `empty_result` for a result without rows, where a target wants some.
  func judge(_ made: ResultMaker.Made) throws(Fault) {
    judged = []
    warnings = []
    var failed: [(check: TypedCheck, sentence: String)] = []
    for (check, verdict) in made.verdicts {
      environment.report(
        run.id,
        .checkJudged(
          name: check.name, severity: check.severity, passed: verdict.passed, detail: verdict.detail))
      judged.append(
        .object([
          .init("name", .string(check.name)), .init("passed", .boolean(verdict.passed)),
          .init("severity", .string(check.severity.rawValue)), .init("detail", .string(verdict.detail)),
        ]))
      if verdict.passed { continue }
      let sentence = "check `\(check.name)`: \(verdict.detail)"
      if check.severity == .error { failed.append((check, sentence)) } else { warnings.append(sentence) }
    }
    if let first = failed.first {
      throw Fault(
        "check_failed", .check,
        failed.count == 1
          ? "The result fails the \(first.sentence)"
          : "The result fails \(failed.count) checks; first, the \(first.sentence)",
        place: first.check.name.isEmpty ? nil : first.check.place,
        hint:
          "Nothing was published. The finished chunks are kept: correct the check or the data and run again"
      )
    }
    if made.rows == 0 { try refuseEmpty() }
  }

  private func refuseEmpty() throws(Fault) {
    for table in tables where table.target.onEmpty == .fail {
      throw Fault(
        "empty_result", .check, "The result has no rows, so `\(table.target.table)` is left as it is",
        place: table.target.place,
        hint: "If an empty result is right here, set `on_empty: publish` or `keep`")
    }
  }

  /// Records that every sink holds what its commit needs.
  func markPrepared(
    _ made: ResultMaker.Made, commitment: Commitment?, ownership: Ownership
  ) async throws {
    var sinks: [PreparedSink] = []
    let marks = try await environment.store.sinkMarks(of: run.id)
    for sink in tables.map(\.target.sink) + files.map(\.sink) {
      if let mark = marks.first(where: { $0.sink == sink }), mark.committedAt != nil {
        // Of one that was published by chunks, and finished with another copy of the state, no hash is known here.
        if mark.resultHash == made.hash || mark.resultHash.isEmpty { continue }
        throw changed(made.hash, from: mark.resultHash, in: sink)
      }
      let table = tables.first { $0.target.sink == sink }
      let file = try prepared.first { $0.sink == sink }?.file.mark
      sinks.append(
        PreparedSink(
          sink: sink, resultHash: made.hash, rowCount: Int(made.rows),
          details: file.map(Publisher.known(by:)) ?? table.map(Publisher.details(of:)) ?? .null))
    }
    try await environment.store.markPrepared(sinks, commitment: commitment?.bytes, for: ownership)
    try Failpoint.hit(.sinksPrepared)
  }

  private func changed(_ hash: String, from other: String, in sink: String) -> Fault {
    Fault(
      "result_changed", .internal,
      "The result made again (\(hash.prefix(12))) is not the one published into \(sink) (\(other.prefix(12)))"
    )
  }
}

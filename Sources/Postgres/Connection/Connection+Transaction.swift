internal import Model
internal import Runtime

extension Connection {
  /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
  ///
  /// `body` runs where the caller runs. Cancelling the task rolls back, unless the COMMIT is
  /// already on its way.
  /// - Throws: what `body` throws; `commit_unknown` (transient) where the connection was lost over
  ///   the COMMIT, so that it may or may not have happened.
  @discardableResult
  package nonisolated(nonsending) func transaction<Output>(
    _ options: TransactionOptions, _ body: (Connection) async throws -> Output
  ) async throws -> Output {
    try await begin(options)
    let output: Output
    do {
      output = try await body(self)
    } catch {
      await rollback()
      throw error
    }
    try await commit()
    return output
  }

  /// Opens a transaction that outlasts a closure; `transaction` is for all others.
  package func begin(_ options: TransactionOptions) async throws {
    if try isInTransaction {
      throw Fault("nested_transaction", .internal, "A transaction is already open on `\(settings.name)`")
    }
    do {
      try await execute(options.opening(settings, serverVersion: serverVersion))
    } catch let fault as Fault where fault.code == "not_supported" && !options.isReadOnly {
      rollback()
      // A standby has other words for it than a server that is set to read only.
      let meaning = SQLState("25006").meaning
      throw Fault(
        meaning.name, meaning.kind, "\(meaning.sentence) (connection `\(settings.name)`)",
        cause: fault.cause, hint: meaning.hint)
    } catch {
      rollback()
      throw error
    }
    limitWaiting(options.session)
  }

  /// - Throws: `commit_unknown` where the answer was lost; the server's fault where it refused.
  package func commit() throws {
    defer { limitWaiting(nil) }
    if Task.isCancelled {
      rollback()
      throw Fault.cancelled(settings)
    }
    do {
      // Not to be cancelled: an answer that was not waited for would be one more that is unknown.
      let isCommitted = try executeShielded("COMMIT") == "COMMIT"
      if isCommitted { return try loseAnswer() }
    } catch let fault as Fault where !isOpen {
      throw Fault(
        "commit_unknown", .connection,
        "The connection `\(settings.name)` was lost over a COMMIT, which may or may not have happened",
        cause: fault.cause, isTransient: true)
    }
    // A transaction in which a statement failed answers COMMIT with ROLLBACK, and no error.
    throw Fault(
      "transaction_rolled_back", .internal,
      "Postgres rolled the transaction back because a statement in it had failed")
  }

  /// What a test of lost answers asks for: the COMMIT has happened, and nobody hears of it.
  private func loseAnswer() throws {
    do throws(Fault) {
      try Failpoint.hit(.commitAnswered)
    } catch {
      throw lost(error.sentence)
    }
  }

  /// Never fails: where the server cannot be told, the connection is closed, and that rolls back.
  package func rollback() {
    limitWaiting(nil)
    do {
      if try isInTransaction { _ = try executeShielded("ROLLBACK") }
    } catch {
      close()
    }
  }
}

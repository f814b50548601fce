/// What a test has to stop or to remove, however it comes out.
package enum CleanUp {
  /// Runs `body`, then `cleanUp`, also where `body` throws: then that is what is thrown in the end.
  package nonisolated(nonsending) static func after<Output>(
    _ body: () async throws -> Output, cleanUp: () async throws -> Void
  ) async throws -> Output {
    let outcome: Result<Output, any Error>
    do {
      outcome = .success(try await body())
    } catch {
      outcome = .failure(error)
    }
    do {
      try await cleanUp()
    } catch {
      // What went wrong first matters more.
      if case .success = outcome { throw error }
    }
    return try outcome.get()
  }
}

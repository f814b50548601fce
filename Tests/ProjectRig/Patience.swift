internal import Model

/// How a test waits for what another process does: until it is so, and not for ever.
package enum Patience {
  /// Far longer than anything takes, also on a slow and busy machine.
  package static let limit = Duration.seconds(200)
  /// A look now and then leaves the processors to those that are waited for.
  private static let pause = Duration.milliseconds(10)

  /// Comes back once `isSo` says so.
  /// - Parameters:
  ///   - what: what is waited for, for the message.
  ///   - said: what the process has said, for the message.
  /// - Throws: `Fault` `waited_in_vain`; what `isSo` throws; `CancellationError`.
  package static func until(
    _ what: @autoclosure () -> String, said: () throws -> String = { "" },
    _ isSo: () async throws -> Bool
  ) async throws {
    let start = ContinuousClock.now
    while try await !isSo() {
      if start.duration(to: .now) > limit {
        throw Fault(
          "waited_in_vain", .internal, "Waited in vain: \(what())", cause: String(try said().suffix(4000)))
      }
      try await Task.sleep(for: pause)
    }
  }
}

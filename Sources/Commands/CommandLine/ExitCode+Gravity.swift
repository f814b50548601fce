internal import Model

extension ExitCode {
  /// From what is well to what needs a person most.
  private static let byGravity: [ExitCode] = [
    .ok, .heldByAnother, .interrupted, .cannotConnect, .quarantineLimit, .checkFailed, .runFailed, .config,
    .usage,
  ]

  /// The code that stands for several.
  static func gravest(_ codes: [ExitCode]) -> ExitCode {
    byGravity.last { codes.contains($0) } ?? .ok
  }
}

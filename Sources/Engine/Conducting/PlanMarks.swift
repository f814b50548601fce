internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Runtime

/// What a plan is known again by: by its fingerprint for a resume, by its signature for whoever merges or
/// reads partials that another run has made.
struct PlanMarks: Sendable {
  /// All that decides what a finished chunk holds, as text.
  let text: String
  /// A hash of what partials must have in common.
  let signature: String
  /// Those of the `pseudonymise` steps' keys.
  let keyMarks: [String]

  init(
    _ plan: Plan, context: RunContext, lookups: [String], keyMarks: [String], databases: [String: String],
    zoneVersion: String
  ) {
    text =
      PlanFingerprint(
        plan: plan, identity: context.identity, lookups: lookups, keyMarks: keyMarks,
        databases: databases,
        zone: context.zone.name, zoneVersion: zoneVersion, partialFormat: Int(PartialBlock.formatVersion)
      ).text
    self.keyMarks = keyMarks
    signature = PlanMarks.signature(plan, zone: context.zone.name)
  }

  static func signature(_ plan: Plan, zone: String) -> String {
    SHA256.hexadecimal(
      PartialSignature(plan: plan, zone: zone, partialFormat: Int(PartialBlock.formatVersion)).text)
  }

  /// Of a run, or of the replay of a run's rejected rows.
  func fingerprint(replayOf origin: RunID?) -> String {
    SHA256.hexadecimal(origin.map { "\(text)\nreplay of \($0)" } ?? text)
  }
}

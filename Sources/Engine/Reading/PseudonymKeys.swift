internal import Expressions
internal import Model
internal import Planning
internal import Runtime

/// The keys of a plan's `pseudonymise` steps.
struct PseudonymKeys: Sendable {
  private(set) var bytes: [Template: [UInt8]] = [:]
  /// One for each step, in their order: tells keys apart and gives none away that is hard to guess.
  private(set) var marks: [String] = []

  /// Of a plan by which no row is processed any more.
  init() {}

  /// - Throws: `Fault` of a key that cannot be resolved.
  init(of plan: Plan, values: ExternalValues) throws(Fault) {
    for step in plan.pipeline.steps {
      guard case .pseudonymise(_, let key) = step.action else { continue }
      let text = try values.text(of: key)
      bytes[key] = Array(text.utf8)
      marks.append(String(SHA256.hexadecimal("tidemark pseudonyms\n\(text)").prefix(16)))
    }
  }
}

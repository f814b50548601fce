internal import Model

/// Knows what a job's references may name, and what they have named so far.
struct ReferenceRules {
  var parameters: Set<String> = []
  /// Nil where a query gives the columns; empty without a matrix.
  var matrixColumns: Set<String>? = []
  var hasMatrix = false
  /// False for jobs with neither schedule nor interval.
  var hasInterval = false
  var interval = IntervalRule()

  private(set) var usesInterval = false
  private(set) var usedParameters: Set<String> = []

  /// - Returns: what is wrong with a reference that stands in `use`.
  mutating func check(_ reference: Reference, in use: ReferenceUse) -> Fault? {
    let namespace = reference.namespace
    if !use.allows(namespace) {
      return fault(
        "reference_refused", "`${\(reference.spelling)}` cannot stand in \(use.name)", reference, use.hint)
    }
    switch namespace {
    case .params:
      usedParameters.insert(reference.name)
      if !parameters.contains(reference.name) {
        return fault(
          "unknown_reference", "There is no parameter `\(reference.name)`", reference,
          DidYouMean.hint(for: reference.name, among: parameters.sorted()) ?? "Declare it under `params:`")
      }
    case .matrix:
      if !hasMatrix {
        return fault(
          "unknown_reference", "The job has no matrix to take `\(reference.name)` from", reference,
          "Declare one under `matrix:`")
      }
      if let matrixColumns, !matrixColumns.contains(reference.name) {
        return fault(
          "unknown_reference", "The matrix has no `\(reference.name)`", reference,
          DidYouMean.hint(for: reference.name, among: matrixColumns.sorted())
            ?? "It has " + matrixColumns.sorted().joined(separator: ", "))
      }
    case .interval, .window:
      usesInterval = true
      if !hasInterval {
        return fault(
          "no_interval", "The job has no interval to take `\(reference.name)` from", reference,
          "Give it a `schedule:` or an `interval:`")
      }
      return dateFault(reference, in: use)
    case .fire, .run, .env, .file, .credential: break
    }
    return nil
  }

  /// A date says less than the bounds of an interval that is not whole days. The start's date may name a
  /// partition or a file all the same.
  private func dateFault(_ reference: Reference, in use: ReferenceUse) -> Fault? {
    let isStart = reference.name == "start_date"
    guard isStart || reference.name == "end_date", interval.span != .fire else { return nil }
    if isStart, case .publishing = use { return nil }
    if isStart, case .sinkValue = use { return nil }
    let isWindow = reference.namespace == .window
    let widening = [interval.lookback, interval.rolling].compactMap(\.self)
    let isWhole = interval.span != .hour && !(isWindow && widening.contains { $0.microseconds != 0 })
    if isWhole { return nil }
    let name = reference.namespace.rawValue
    return fault(
      "date_of_part_day", "`${\(reference.spelling)}` is a date, but the \(name) is not whole days",
      reference,
      "Compare with `${\(name).\(isStart ? "start" : "end")}`")
  }

  private func fault(_ code: String, _ sentence: String, _ reference: Reference, _ hint: String) -> Fault {
    Fault(code, .validation, sentence, place: reference.place, hint: hint)
  }
}

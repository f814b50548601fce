internal import JobFiles
internal import Model

extension Invocation {
  /// - Throws: `Fault` `bad_value` of class usage.
  func duration(_ option: String) throws(Fault) -> Duration? {
    guard let text = self[option] else { return nil }
    guard let duration = UnitText.duration(text) else {
      throw Fault(
        "bad_value", .usage, "`--\(option) \(text)` is no length of time",
        hint: "Write one like 45m, 2h30m or 3d")
    }
    return duration
  }
}

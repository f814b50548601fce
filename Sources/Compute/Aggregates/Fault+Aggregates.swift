import Model

extension Fault {
  /// A value of a result that its type cannot hold, where Postgres fails as well.
  static func outOfRange(_ type: String, _ function: String) -> Fault {
    Fault(
      "out_of_range", .data, "The result of `\(function)` is out of range for \(type)",
      hint: ["numeric", "interval"].contains(type) ? nil : "Cast the argument to numeric")
  }

  init(_ fault: RowFault, in function: String) {
    self.init(
      "aggregate_fault", .data, "Computing `\(function)` failed", cause: fault.sentence)
  }
}

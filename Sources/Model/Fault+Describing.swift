extension Fault {
  /// The one fault that stands for any error.
  package init(describing error: any Error) {
    switch error {
    case let fault as Fault: self = fault
    case let faults as Faults: self = faults.all.first ?? Fault("internal", .internal, "An unknown fault")
    case is CancellationError:
      self.init("interrupted", .interrupted, "The work was stopped")
    default: self.init("internal", .internal, "The work ended in an unknown way", cause: "\(error)")
    }
  }
}

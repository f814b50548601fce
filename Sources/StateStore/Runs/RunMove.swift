package import Model

/// One step of a run's state, with everything that is to be written together with it.
package struct RunMove: Sendable {
  package var to: RunState
  /// Goes to the audit trail.
  package var event: EventDraft
  /// Why, for a move to `failed`.
  package var fault: Fault?
  /// Go to the outbox.
  package var notices: [NoticeDraft]
  /// The run's whole record so far.
  package var receipt: JSONValue?
  /// Closes the fires that this run has claimed; an outcome that is written already stays.
  package var fireOutcome: FireOutcome?
  /// Whether the job is paused for its failures, where fires are closed as failed.
  package var pause: FailurePause?
  /// A run that has published in part is over with a move to `cancelled`, the rest given up.
  package var givesUpRest = false

  package init(
    to: RunState, event: EventDraft, fault: Fault? = nil, notices: [NoticeDraft] = [],
    receipt: JSONValue? = nil, fireOutcome: FireOutcome? = nil, pause: FailurePause? = nil
  ) {
    self.to = to
    self.event = event
    self.fault = fault
    self.notices = notices
    self.receipt = receipt
    self.fireOutcome = fireOutcome
    self.pause = pause
  }
}

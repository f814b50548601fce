internal import Model

extension FaultCatalogue {
  /// What becomes of a fire of a schedule, as the ledger names it.
  static func entry(of outcome: FireOutcome) -> Entry {
    let (meaning, remedy) = text(of: outcome)
    return Entry(code: outcome.rawValue, kind: "outcome of a fire", meaning: meaning, remedy: remedy)
  }

  private static func text(of outcome: FireOutcome) -> (meaning: String, remedy: String) {
    let byHand = "Nothing, or make its interval by hand: `tidemark run JOB --for INTERVAL`"
    switch outcome {
    case .pending:
      return ("The fire has come and waits for its run", "`tidemark schedule ledger JOB` says for what")
    case .claimed: return ("A run has the fire", "`tidemark status` shows the run")
    case .ran: return ("Its run succeeded in time", "Nothing")
    case .late: return ("Its run succeeded after `finish_by`", "Let the job begin earlier, or take less time")
    case .caughtUp: return ("Its run succeeded, after the fire had been missed", "Nothing")
    case .skippedRunning: return ("An earlier run was going on, under `if_running: skip`", byHand)
    case .superseded: return ("A later fire stands for it", "Nothing: the later one makes what it would have")
    case .outsideWindow:
      return ("The fire was missed, and `catch_up` does not reach it", byHand)
    case .notReady:
      return ("A job under `after` did not cover the interval in time", "Run that job, then this one by hand")
    case .upstreamFailed:
      return ("A job under `after` failed", "`tidemark status` names it; mend it, then run both by hand")
    case .paused: return ("The fire came due while the job was paused", "`tidemark unpause JOB`")
    case .alreadyDone:
      return ("Somebody had made the interval, by a run that began to read after the fire", "Nothing")
    case .cancelled: return ("Its run was cancelled", byHand)
    case .failed:
      return ("Its run failed, and `errors.rerun` is used up", "`tidemark show RUN` says why and what to do")
    case .failedToStart:
      return ("No run could begin, for example for a fault in a parameter", "The log names the fault")
    }
  }
}

package import Runtime

/// The transactions that write, by name: each has a failpoint before and one behind its commit.
enum StateWrite: String, Hashable, Sendable, CaseIterable {
  case migrate
  case openRun = "open_run"
  case claim
  case renew
  case release
  case supersede
  case raiseRevision = "raise_revision"
  case raiseSerial = "raise_serial"
  case savePlan = "save_plan"
  case checkpoint
  case dropChunks = "drop_chunks"
  case adoptChunks = "adopt_chunks"
  case sinkPrepared = "sink_prepared"
  case sinkCommitted = "sink_committed"
  case sinkSettled = "sink_settled"
  case forgetChunks = "forget_chunks"
  case move
  case appendEvent = "append_event"
  case requestCancel = "request_cancel"
  case markReplayed = "mark_replayed"
  case purgeQuarantine = "purge_quarantine"
  case purge
  case firstSighting = "first_sighting"
  case insertFires = "insert_fires"
  case closeFire = "close_fire"
  case closeFires = "close_fires"
  case pause
  case unpause
  case appendJobEvent = "append_job_event"
  case enqueueNotices = "enqueue_notices"
  case takeDueNotices = "take_due_notices"
  case noticeFailed = "notice_failed"
  case noticeFinished = "notice_finished"
  case retryNotices = "retry_notices"
  case dismissNotices = "dismiss_notices"

  var beforeCommit: Failpoint { Failpoint("state.\(rawValue).before_commit") }
  var afterCommit: Failpoint { Failpoint("state.\(rawValue).after_commit") }
}

/// The places where a test makes the state store die, fail or hang.
package enum StateFailpoints {
  package static let all = StateWrite.allCases.flatMap { [$0.beforeCommit, $0.afterCommit] }
}

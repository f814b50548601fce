/// `errors:`.
package struct ErrorRules: Hashable, Sendable {
  package var retry: Retry
  package var rerunAttempts: Int
  package var rerunWait: Duration
  /// So many fires in a row that end as failed pause the job; `nil` for never.
  package var pauseAfter: Int?
  package var quarantine: QuarantineLimit

  package struct Retry: Hashable, Sendable {
    package var initial: Duration
    package var maximum: Duration
    package var giveUpAfter: Duration

    package init(initial: Duration, maximum: Duration, giveUpAfter: Duration) {
      self.initial = initial
      self.maximum = maximum
      self.giveUpAfter = giveUpAfter
    }

    package static let standard = Retry(
      initial: .seconds(1), maximum: .seconds(300), giveUpAfter: .seconds(7200))
  }

  /// Whichever is passed first fails the run.
  package struct QuarantineLimit: Hashable, Sendable {
    package var maximumRows: Int?
    /// Of the rows that reach the first step, in parts per million: `0.1%` is 1000.
    package var maximumSharePPM: Int?

    package init(maximumRows: Int?, maximumSharePPM: Int?) {
      self.maximumRows = maximumRows
      self.maximumSharePPM = maximumSharePPM
    }
  }

  package init(
    retry: Retry, rerunAttempts: Int, rerunWait: Duration, pauseAfter: Int? = nil,
    quarantine: QuarantineLimit
  ) {
    self.retry = retry
    self.rerunAttempts = rerunAttempts
    self.rerunWait = rerunWait
    self.pauseAfter = pauseAfter
    self.quarantine = quarantine
  }

  package static let standard = ErrorRules(
    retry: .standard, rerunAttempts: 0, rerunWait: .zero,
    quarantine: QuarantineLimit(maximumRows: nil, maximumSharePPM: nil))
}

/// `limits:`; `nil` is the built-in default of whoever uses the limit.
package struct Limits: Hashable, Sendable {
  package var parallelism: Int?
  package var memory: ByteCount?
  package var timeout: Duration?
  package var statementTimeout: Duration?
  package var lockTimeout: Duration?
  package var pool: String?
  /// Of fires that wait for a place the highest goes first.
  package var priority: Int
  /// How many runs of the job, over all rows of its matrix, its schedule may have going at once.
  package var maximumConcurrentRuns: Int?
  package var maximumRowsPerSecond: Int?
  package var maximumReplicationLag: Duration?

  package init(
    parallelism: Int? = nil, memory: ByteCount? = nil, timeout: Duration? = nil,
    statementTimeout: Duration? = nil, lockTimeout: Duration? = nil, pool: String? = nil,
    priority: Int = 0, maximumConcurrentRuns: Int? = nil, maximumRowsPerSecond: Int? = nil,
    maximumReplicationLag: Duration? = nil
  ) {
    self.parallelism = parallelism
    self.memory = memory
    self.timeout = timeout
    self.statementTimeout = statementTimeout
    self.lockTimeout = lockTimeout
    self.pool = pool
    self.priority = priority
    self.maximumConcurrentRuns = maximumConcurrentRuns
    self.maximumRowsPerSecond = maximumRowsPerSecond
    self.maximumReplicationLag = maximumReplicationLag
  }
}

/// A number of bytes.
package struct ByteCount: Hashable, Comparable, Sendable {
  package var bytes: Int

  package init(_ bytes: Int) {
    self.bytes = bytes
  }

  package static func megabytes(_ count: Int) -> ByteCount { ByteCount(count * 1_000_000) }
  package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

/// One item of `notify:`.
package struct NotifyRule: Hashable, Sendable {
  package var events: Set<NoticeEvent>
  package var channel: Channel
  package var digest: Duration?
  package var place: Place

  /// A notifier by its name in the project file, or one written out here.
  package enum Channel: Hashable, Sendable {
    case named(String)
    case inline(Notifier)
  }

  package init(events: Set<NoticeEvent>, channel: Channel, digest: Duration?, place: Place) {
    self.events = events
    self.channel = channel
    self.digest = digest
    self.place = place
  }
}

package enum NoticeEvent: String, Hashable, Sendable, CaseIterable {
  case success, failure, recovery, missed, late
  case checkFailed = "check_failed"
}

/// Where a notice goes.
package enum Notifier: Hashable, Sendable {
  case webhook(url: Template, format: WebhookFormat, headers: [String: Template])
  case mail(to: [String], from: String?, server: Template?)
  /// An argument vector, never a shell line; values reach it by environment and stdin.
  case command([String], timeout: Duration)
  case postgres(connection: String, channel: String)

  package enum WebhookFormat: String, Hashable, Sendable, CaseIterable { case json, slack }
}

package struct Retention: Hashable, Sendable {
  package var runs: Duration
  package var quarantine: Duration

  package init(runs: Duration, quarantine: Duration) {
    self.runs = runs
    self.quarantine = quarantine
  }

  package static let standard = Retention(
    runs: .seconds(90 * 86_400), quarantine: .seconds(30 * 86_400))
}

internal import Model

extension JobDecoder {
  mutating func errorRules() -> ErrorRules {
    guard let fields = root.fields("errors") else { return .standard }
    let retry = fields.fields("retry")
    let standard = ErrorRules.Retry.standard
    let rules = ErrorRules(
      retry: ErrorRules.Retry(
        initial: retry?.duration("initial") ?? standard.initial,
        maximum: retry?.duration("max") ?? standard.maximum,
        giveUpAfter: retry?.duration("give_up_after") ?? standard.giveUpAfter),
      rerunAttempts: fields.fields("rerun")?.integer("attempts") ?? 0,
      rerunWait: fields.fields("rerun")?.duration("wait") ?? .zero,
      pauseAfter: fields.integer("pause_after"),
      quarantine: ErrorRules.QuarantineLimit(
        maximumRows: fields.fields("quarantine")?.integer("max_rows"),
        maximumSharePPM: fields.fields("quarantine")?.string("max_share").flatMap(UnitText.partsPerMillion),
        place: fields.fields("quarantine")?.place))
    if let retry, rules.retry.initial > rules.retry.maximum {
      refuse(
        "out_of_range", "The first wait of `retry` is longer than the longest", retry.place,
        hint: "Make `initial` at most `max`")
    }
    return rules
  }

  mutating func limits() -> Limits {
    guard let fields = root.fields("limits") else { return Limits() }
    let pool = unlessRefused { $0.pool(fields) }
    for key in ["timeout", "statement_timeout", "lock_timeout"]
    where fields.duration(key) == .zero && !isSaved {
      refuse(
        "out_of_range", "`\(key)` must be longer than nothing", fields[key]?.place,
        hint: "Give a longer one, or leave it out")
    }
    return Limits(
      parallelism: fields.integer("parallelism"), memory: fields.string("memory").flatMap(UnitText.byteCount),
      timeout: fields.duration("timeout"), statementTimeout: fields.duration("statement_timeout"),
      lockTimeout: fields.duration("lock_timeout"), pool: pool,
      priority: fields.integer("priority") ?? 0, maximumConcurrentRuns: fields.integer("max_concurrent_runs"),
      maximumRowsPerSecond: fields.integer("max_rows_per_second"),
      maximumReplicationLag: fields.duration("max_replication_lag"), place: fields.place)
  }

  private mutating func pool(_ fields: Fields) -> String? {
    guard let pool = fields.text("pool") else { return nil }
    if project.pools[pool.text] == nil {
      refuse(
        "unknown_pool", "There is no pool `\(pool.text.shortened)`", pool.place,
        hint: DidYouMean.hint(for: pool.text, among: project.pools.keys.sorted())
          ?? "Declare it under `pools:` in tidemark.yaml")
    }
    return pool.text
  }

  mutating func notifyRules() -> [NotifyRule] {
    (root["notify"]?.sequence ?? []).compactMap { node in
      Fields(node).flatMap { fields in unlessRefused { $0.notifyRule(fields) } }
    }
  }

  private mutating func notifyRule(_ fields: Fields) -> NotifyRule? {
    let events = Set(fields.strings("events").compactMap(NoticeEvent.init(rawValue:)))
    guard let channel = channel(fields) else { return nil }
    return NotifyRule(
      events: events, channel: channel, digest: fields.duration("digest"), place: fields.place)
  }

  private mutating func channel(_ fields: Fields) -> NotifyRule.Channel? {
    if let name = fields.text("notifier") {
      if project.notifiers[name.text] == nil {
        refuse(
          "unknown_notifier", "There is no notifier `\(name.text.shortened)`", name.place,
          hint: DidYouMean.hint(for: name.text, among: project.notifiers.keys.sorted())
            ?? "Declare it under `notifiers:` in tidemark.yaml")
      }
      return .named(name.text)
    }
    var decoder = NotifierDecoder()
    let notifier = decoder.notifier(fields)
    for text in decoder.templates { _ = template(text, in: .secret) }
    if !isSaved {
      faults += decoder.faults
      warnings += decoder.warnings
    }
    for connection in decoder.connections { requireConnection(connection.text, connection.place) }
    return notifier.map(NotifyRule.Channel.inline)
  }

  mutating func retention() -> Retention {
    let fields = root.fields("retention")
    return Retention(
      runs: fields?.duration("runs") ?? Retention.standard.runs,
      quarantine: fields?.duration("quarantine") ?? Retention.standard.quarantine)
  }
}

package import Model
package import Postgres
package import Runtime
package import StateStore

/// What runs of a process share: the state store, where to connect, the clock, and who listens.
package struct EngineEnvironment: Sendable {
  package var store: Store
  package var project: Project
  /// Resolves secrets in connection strings and channels.
  package var values: ExternalValues
  /// A folder for spool and spill files; emptied of a run's files when the run ends.
  package var scratchFolder: String
  /// The folder that output files stay inside.
  package var outputRoot: String
  package var now: @Sendable () -> Instant
  package var zones: ZoneFiles
  /// Told everything that happens to a run.
  package var report: @Sendable (RunID, RunEvent) -> Void
  /// One per connection entry that has a limit, shared by all runs of the process.
  private let limits: [String: ConnectionLimit]
  /// What a run has taken of them.
  private(set) var shares = ConnectionShares()
  /// Reads a saved job text again, over the project's defaults of then, for a run that must go on with the job as it was.
  package var readJob: ReadJob

  /// Without `defaults` over those of today.
  package typealias ReadJob =
    @Sendable (_ text: String, _ file: String, _ defaults: String?) throws(Faults) -> Job

  package init(
    store: Store, project: Project, values: ExternalValues, scratchFolder: String, outputRoot: String,
    now: @escaping @Sendable () -> Instant,
    zones: ZoneFiles,
    report: @escaping @Sendable (RunID, RunEvent) -> Void,
    readJob: @escaping ReadJob
  ) {
    self.store = store
    self.project = project
    self.values = values
    self.scratchFolder = scratchFolder
    self.outputRoot = outputRoot
    self.now = now
    self.zones = zones
    self.report = report
    self.readJob = readJob
    limits = project.connections.compactMapValues { rule in
      rule.maximumConnections.map { ConnectionLimit($0) }
    }
  }

  /// The same for a run, whose state is waited for while another process keeps it busy, and whose connections are
  /// counted together.
  func ofRun(_ run: RunID, _ retry: ErrorRules.Retry) -> EngineEnvironment {
    var environment = self
    environment.shares = ConnectionShares()
    environment.store = store.patient(retry) { [report] fault in
      report(run, .waiting(reason: "\(fault.sentence); trying again"))
    }
    return environment
  }

  /// Where and how to connect to `name`, under the application name of `run`.
  /// - Throws: `Fault` `unknown_connection`, or of resolving its string.
  package func settings(_ name: String, run: RunID?, job: JobName) throws(Fault) -> ConnectionSettings {
    guard let rule = project.connections[name] else {
      throw Fault("unknown_connection", .config, "There is no connection `\(name)`")
    }
    let application = run.map { "tidemark \(job) \($0)" } ?? "tidemark \(job)"
    var settings = try ConnectionSettings(rule: rule, values: values, applicationName: application)
    settings.limit = shares[name] ?? limits[name]
    if let run {
      settings.reportBlockers = { [report] in
        report(run, .waiting(reason: "connection `\(name)` waits for a lock that is held by \($0)"))
      }
    }
    return settings
  }

  /// Takes the connections that a run needs all at once, of the entries that are counted. While it waits for those of
  /// one entry it holds none of another: whoever has those may want just these.
  /// - Parameters:
  ///   - needs: the least and the most of each entry, of which the run has no connection open.
  /// - Returns: how many of each counted entry it has.
  func takeShares(_ needs: [String: ClosedRange<Int>], run: RunID) async throws -> [String: Int] {
    let needs = needs.compactMap { name, counts in
      limits[name].map { (name: name, limit: $0, counts: counts) }
    }
    shares.end()
    while true {
      for need in needs where shares[need.name] == nil {
        shares[need.name] = need.limit.shareNow(need.counts)
      }
      guard let missing = needs.first(where: { shares[$0.name] == nil }) else { break }
      shares.end()
      shares[missing.name] = try await missing.limit.share(missing.counts) {
        let (least, all) = (missing.counts.lowerBound, missing.limit.maximum)
        let reason = "fewer than \(least) of the \(all) connections that `\(missing.name)` may have are free"
        report(run, .waiting(reason: reason))
      }
    }
    return Dictionary(uniqueKeysWithValues: needs.map { ($0.name, shares[$0.name]?.maximum ?? 0) })
  }
}

import CaseFiles
import JobFiles
import Model
import Testing

/// What jobs are read as: defaults, decoding, merging.
@Suite struct JobDecodingTests {
  private func job(_ lines: String, project: ProjectFile? = nil) throws -> Job {
    try Fixtures.read(
      """
      timezone: UTC
      aggregate: {group_by: [day], measures: {n: count(*)}}
      store: {table: {connection: warehouse, name: r.x, mode: append}}

      """ + lines, project: project
    ).get().job
  }

  private static let plain = "source: {connection: shop, table: t}\n"
  private static let windowed =
    "source: {connection: shop, table: t, where: 'a >= ${window.start}'}\ninterval: {span: day}\n"

  @Test func schedulesGoByWhetherTheIntervalIsUsed() throws {
    let plain = try job(Self.plain + "schedule: '@daily'").schedule
    #expect(plain?.catchUp == .latest)
    #expect(plain?.ifRunning == .skip)
    let windowed = try job(Self.windowed + "schedule: '@daily'").schedule
    #expect(windowed?.catchUp == .all)
    #expect(windowed?.ifRunning == .queueAll)
    let said = try job(Self.windowed + "schedule: {cron: '@daily', catch_up: none, if_running: queue_one}")
      .schedule
    #expect(said?.catchUp == Schedule.CatchUpPolicy.none)
    #expect(said?.ifRunning == .queueOne)
  }

  @Test func anythingInTheJobCountsAsUse() throws {
    let job = try job(
      Self.plain + "schedule: '@daily'\nprocess: [{derive: {day: \"${interval.start}\"}}]")
    #expect(job.schedule?.catchUp == .all)
  }

  @Test func emptyResultsFailOnlyWhereTheyWouldDelete() throws {
    func onEmpty(_ mode: String) throws -> TableSinkRule.OnEmpty? {
      let job = try Fixtures.read(
        """
        timezone: UTC
        source: {connection: shop, table: t}
        interval: {span: day}
        aggregate: {group_by: [day], measures: {n: count(*)}}
        store: {table: {connection: warehouse, name: r.x, \(mode)}}
        """
      ).get().job
      guard case .table(let rule) = job.sinks.first else { return nil }
      return rule.onEmpty
    }
    #expect(try onEmpty("mode: append") == .publish)
    #expect(try onEmpty("mode: merge") == .publish)
    #expect(try onEmpty("mode: replace") == .fail)
    #expect(try onEmpty("mode: replace_window, window: day") == .fail)
    #expect(try onEmpty("mode: replace, on_empty: keep") == .keep)
  }

  @Test func everythingIsReadAsWritten() throws {
    let path = "\(Checkout.root)/fixtures/jobs/good/everything.yaml"
    let job = try JobFile.read(path: path, project: Fixtures.project()).get().job
    #expect(job.name.text == "everything")
    #expect(job.labels == ["team": "finance", "tier": "1"])
    #expect(
      job.interval
        == IntervalRule(
          span: .day, delay: .zero, lookback: CalendarAmount(days: 3), rolling: nil, isDeclared: true))
    #expect(job.schedule?.specs.count == 2)
    #expect(job.schedule?.jitter == .seconds(120))
    #expect(job.schedule?.finishBy == Schedule.TimeOfDay(hour: 6, minute: 0))
    #expect(job.schedule?.except.count == 3)
    #expect(job.parameters.map(\.type) == [.integer, .text])
    #expect(job.parameters.map(\.defaultValue) == ["1", nil])
    #expect(job.matrix?.rows == [["tenant": "acme"], ["tenant": "globex"]])
    let source = try #require(job.sources.first)
    #expect(source.name == "shop")
    #expect(source.chunk.rows == 250_000)
    #expect(source.sensitive == ["email"])
    #expect(job.steps.count == 13)
    #expect(job.steps[4].name == "positive quantity")
    #expect(job.steps[5].name == "step 6 (validate)")
    #expect(job.steps[5].onFail == .drop)
    #expect(job.aggregate?.groupingSets == [["shipped", "mode_name", "month"], ["shipped"]])
    #expect(job.aggregate?.measures[1].type == .numeric(.init(precision: 18, scale: 4)))
    #expect(job.checks.map(\.name) == ["not empty", "no negative group", "unique shipped, mode_name"])
    #expect(job.sinks.count == 3)
    if case .table(let table) = job.sinks[0] { #expect(table.maxDelete == .percent(50)) }
    if case .file(let file) = job.sinks[1] { #expect(file.format == .csv && file.isCompressed) }
    if case .file(let file) = job.sinks[2] { #expect(file.format == .jsonl && !file.isCompressed) }
    #expect(job.errors.quarantine.maximumSharePPM == 1000)
    #expect(job.errors.rerunWait == .seconds(1800))
    #expect(job.limits.memory == .megabytes(512))
    #expect(job.notify.count == 5)
    #expect(job.retention.quarantine == .seconds(30 * 86_400))
  }

  @Test(arguments: [
    ("rollup", [["a", "b"], ["a"], []]), ("cube", [["a", "b"], ["a"], ["b"], []]),
  ])
  func groupingSetsAreSpelledOut(word: String, sets: [[String]]) throws {
    let job = try Fixtures.read(
      """
      timezone: UTC
      source: {connection: shop, table: t}
      aggregate: {group_by: [a, b], grouping_sets: \(word)}
      store: {table: {connection: warehouse, name: r.x, mode: append}}
      """
    ).get().job
    #expect(job.aggregate?.groupingSets == sets)
  }

  @Test func bareColumnsKeepTheirNames() throws {
    let job = try Fixtures.read(
      """
      timezone: UTC
      source: {connection: shop, table: t}
      aggregate: {group_by: [day, Größe, select, "a b", {m: lower(x)}]}
      store: {file: {path: x.csv}}
      """
    ).get().job
    #expect(job.aggregate?.groupBy.map(\.name) == ["day", "Größe", "select", "a b", "m"])
    #expect(
      job.aggregate?.groupBy.map(\.expression.text) == [
        "day", "\"Größe\"", "\"select\"", "\"a b\"", "lower(x)",
      ])
  }

  /// A run that was begun before these were refused is finished.
  @Test(arguments: [
    "limits: {timeout: 0s, statement_timeout: 0m}", "params: {since: {type: date, default: soon}}",
  ])
  func aSavedJobMayHoldWhatIsRefusedByNow(_ text: String) throws {
    let job =
      "timezone: UTC\n" + Self.plain + "process: [{select: [a]}]\nstore: {file: {path: x.csv}}\n" + text
    let project = try Fixtures.project()
    #expect(throws: Faults.self) {
      try JobFile.read(bytes: Array(job.utf8), file: "job.yaml", project: project).get()
    }
    _ = try JobFile.read(saved: job, file: "job.yaml", defaults: nil, project: project).get()
  }

  /// What a run has saved of the project's defaults reads as they did, whatever stands there by now.
  @Test(arguments: [
    "{timezone: Asia/Tokyo}",
    #"{timezone: Asia/Tokyo, params: {t: {type: text, default: "a\u2028b\x7f\u0085\ufeff\ufffe\U0001F600\t\\\""}}}"#,
    "{timezone: Asia/Tokyo, limits: {parallelism: 0x3, memory: 64MB}}",
    "{timezone: Asia/Tokyo, labels: {a: 'no', b: \"1.10\", c: \"x\\n\\ty: [\"}, errors: {retry: {give_up_after: 5m}}}",
    "{timezone: Asia/Tokyo, notify: [{events: [failure], command: ['true', '~', \"null\"]}], params: {n: {type: integer, default: +1000}}, retention: {runs: 1d}}",
  ])
  func savedDefaultsReadAsTheyDid(_ defaults: String) throws {
    let job = Self.plain + "process: [{select: [a]}]\nstore: {file: {path: x.csv}}\n"
    let then = try project(defaults)
    let now = try project(defaults.replacing("Asia/Tokyo", with: "UTC"))
    let reading = try JobFile.read(bytes: Array(job.utf8), file: "job.yaml", project: then).get()
    let saved = try JobFile.read(
      saved: job, file: "job.yaml", defaults: then.project.defaults, project: now
    ).get()
    #expect(saved.hash == reading.hash)
    #expect(saved.job.timezone.literal == "Asia/Tokyo")
  }

  /// What is published in part is finished also where the notifier of then is gone.
  @Test func savedDefaultsTellWhomTodaysName() throws {
    let job =
      Self.plain.replacing("timezone: UTC\n", with: "")
      + "process: [{select: [a]}]\nstore: {file: {path: x.csv}}\n"
    let then = "{timezone: Asia/Tokyo, notify: [{events: [failure], notifier: gone}], limits: {pool: gone}}"
    let saved = try JobFile.read(
      saved: job, file: "job.yaml", defaults: then, project: try project("{limits: {parallelism: 3}}")
    ).get().job
    #expect(saved.notify.isEmpty && saved.limits.parallelism == 3 && saved.limits.pool == nil)
  }

  /// So it is where the run's own text names what is gone: that decides nothing of its result.
  @Test func aSavedJobLeavesOutWhatIsGone() throws {
    let job =
      "timezone: UTC\n" + Self.plain
        + """
        process: [{select: [a]}]
        store: {file: {path: x.csv}}
        limits: {pool: gone, parallelism: 3}
        notify:
          - {events: [failure], notifier: gone}
          - {events: [failure], postgres: {connection: gone, channel: c}}
          - {events: [failure], command: ["true"]}
        schedule: {cron: "0 2 * * *", except: [gone.txt]}
        """
    let project = try Fixtures.project()
    let saved = try JobFile.read(saved: job, file: "job.yaml", defaults: nil, project: project).get().job
    #expect(saved.notify.count == 1 && saved.limits.parallelism == 3 && saved.limits.pool == nil)
    let decided = job.replacing("x.csv", with: "'${params.gone}.csv'")
    #expect(throws: Faults.self) {
      try JobFile.read(saved: decided, file: "job.yaml", defaults: nil, project: project).get()
    }
  }

  // MARK: Defaults

  private func project(_ defaults: String) throws -> ProjectFile {
    let text = """
      connections: {shop: service=shop, warehouse: service=warehouse}
      defaults: \(defaults)
      """
    return try ProjectFile.read(files: [("tidemark.yaml", Array(text.utf8))], root: "/srv/shop").get()
  }

  @Test func jobsWinOverDefaultsKeyByKey() throws {
    let project = try project("{timezone: Asia/Tokyo, limits: {parallelism: 4, timeout: 1h}, labels: {a: x}}")
    let job = try job(Self.plain + "limits: {parallelism: 2}", project: project)
    #expect(job.timezone.literal == "UTC")
    #expect(job.limits.parallelism == 2)
    #expect(job.limits.timeout == .seconds(3600))
    #expect(job.labels == ["a": "x"])
  }

  @Test func defaultsSayHowSchedulesBehaveAndMakeNone() throws {
    let project = try project("{schedule: {jitter: 2m, dst: {overlap: both}}}")
    #expect(try job(Self.plain, project: project).schedule == nil)
    let schedule = try job(Self.plain + "schedule: '@daily'", project: project).schedule
    #expect(schedule?.jitter == .seconds(120))
    #expect(schedule?.overlap == .both)
  }

  @Test func oneWayOfSchedulingPutsOutTheOther() throws {
    let project = try project("{schedule: '@daily', interval: {span: day, lookback: 3d}}")
    #expect(try job(Self.plain, project: project).schedule?.specs.count == 1)
    let job = try job(Self.plain + "schedule: {every: 15m}\ninterval: {rolling: 30d}", project: project)
    #expect(job.schedule?.specs.map { if case .every = $0 { true } else { false } } == [true])
    #expect(job.interval.lookback == nil)
    #expect(job.interval.span == .day)
  }

  @Test func faultsInDefaultsPointAtTheProjectFile() throws {
    let project = try project("{limits: {pool: nowhere}}")
    let faults = #expect(throws: Faults.self) { try job(Self.plain, project: project) }
    #expect(faults?.all.map(\.code) == ["unknown_pool"])
    #expect(faults?.all.first?.place?.file == "tidemark.yaml")
  }

  // MARK: Hash

  @Test func theHashGoesByWhatTheFileSays() throws {
    func hash(_ text: String) throws -> String { try Fixtures.read(text).get().hash }
    let first = try hash(
      """
      timezone: UTC
      source: {connection: shop, table: t}
      aggregate: {measures: {n: count(*)}}
      store: {file: {path: x.csv}}
      """)
    let same = try hash(
      """
      # a remark
      x-store: &store
        file: {path: "x.csv"}
      aggregate:
        measures:
          n: 'count(*)'
      store: *store
      source:
        table: t
        connection: shop
      timezone: "UTC"
      """)
    let other = try hash(
      """
      timezone: UTC
      source: {connection: shop, table: t}
      aggregate: {measures: {n: count(1)}}
      store: {file: {path: x.csv}}
      """)
    #expect(first == same)
    #expect(first != other)
    #expect(first.count == 64)
  }
}

extension Matrix {
  fileprivate var rows: [[String: String]]? {
    if case .rows(let rows, _) = self { rows } else { nil }
  }
}

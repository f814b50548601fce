/// A job that is made to be killed, and where to look for what it leaves.
enum CrashScenario: Hashable, Sendable {
  /// Groups, published at the end into tables of three modes and two files.
  case groups
  /// Rows, published chunk by chunk into two tables, and at the end into a third and a file.
  case chunks
  /// Groups for one table, which are stored while they are merged, and a file.
  case oneTable
  /// Rows for a table that the run makes, which are stored while they are read.
  case newTable
  /// Groups for a table each of two connections, which have a transaction and a ledger of their own, and a file.
  case twoTargets
  /// As `chunks`, into one table, and one for each row: more than two hundred.
  case manyChunks

  /// Those that every kind of fault befalls.
  static let usual: [CrashScenario] = [.groups, .chunks, .oneTable, .newTable]

  /// A job's lines up to its source: the rows of one day.
  static let head = """
    version: 1
    job: crash
    timezone: UTC
    interval: {span: day}
    source:
      connection: db
      table: events
      where: at >= ${window.start} AND at < ${window.end}
    """

  /// The job as a file: of all the same rows, with the same rejections.
  var job: String {
    """
    \(self == .manyChunks ? Self.head + " AND id < 230" : Self.head)
      chunk: {by: key, column: id, rows: \(self == .manyChunks ? 1 : 40)}\(isByChunks ? "\n  consistency: chunk" : "")
    process:
      - validate: {expect: qty > 0}
        on_fail: quarantine
    \(rest)
    errors: {retry: {initial: 10ms, max: 20ms}}
    limits: {parallelism: 2}
    notify:
      - {events: [success], command: ["true"]}

    """
  }

  /// Whether rows are appended, each with its run.
  var appends: Bool { self == .groups || self == .twoTargets || isByChunks }

  /// A second connection that is published to, as a line of tidemark.yaml has it.
  /// - Parameter database: a libpq connection string.
  func other(_ database: String) -> String {
    self == .twoTargets
      ? "  other: {url: \"\(database)\", search_path: [public], ledger: other_ledger}\n" : ""
  }

  /// The schemas of the ledgers.
  var ledgers: [String] { self == .twoTargets ? ["tidemark", "other_ledger"] : ["tidemark"] }

  private var isByChunks: Bool { self == .chunks || self == .manyChunks }

  /// What `after_publish` has left, which runs at least once: of an owner asleep within it, and of its heir, two statements
  /// may each see that nothing is there yet.
  private static let toldAfterwards = "SELECT DISTINCT n FROM told ORDER BY n"

  /// What is in the tables, in an order of its own: the server keeps none, and a vacuum changes it.
  var queries: [String] {
    switch self {
    case .groups, .twoTargets:
      (["by_window", "appended"] + (self == .groups ? ["merged"] : [])).map {
        "SELECT day::text, kind, n::text, total::text, mean::text FROM \($0) ORDER BY 1, 2"
      } + [Self.toldAfterwards]
    case .chunks, .manyChunks:
      (["appended", "by_window"] + (merged.isEmpty ? [] : ["merged"])).map {
        "SELECT id::text, kind, amount::text FROM \($0) ORDER BY id"
      }
        + ["SELECT n FROM told WHERE n = 1", Self.toldAfterwards]
    case .oneTable:
      ["SELECT id::text, kind, total::text FROM by_window ORDER BY id", Self.toldAfterwards]
    case .newTable:
      [
        "SELECT id::text, kind, total::text FROM by_window ORDER BY id",
        "SELECT indexname FROM pg_indexes WHERE tablename = 'by_window'", Self.toldAfterwards,
      ]
    }
  }

  var files: [String] {
    switch self {
    case .groups: ["out/crash.csv.gz", "out/deep/er/crash.jsonl"]
    case .chunks, .manyChunks, .oneTable, .twoTargets: ["out/crash.csv"]
    case .newTable: []
    }
  }

  /// A second table that chunks are published to.
  private var merged: String {
    self == .chunks
      ? "\n  - table: {connection: db, name: merged, mode: merge, key: id, publish: per_chunk, create: true}"
      : ""
  }

  /// What is made of the rows, and where it goes.
  private var rest: String {
    switch self {
    case .groups:
      """
      aggregate:
        group_by: [{day: "at::date"}, kind]
        measures: {n: count(*), total: sum(amount), mean: avg(amount)}
      store:
        - table:
            connection: db
            name: by_window
            mode: replace_window
            window: day
            create: true
            after_publish: INSERT INTO told SELECT 1 WHERE NOT EXISTS (SELECT FROM told)
        - file: {path: crash.csv.gz, if_exists: fail}
        - table: {connection: db, name: appended, mode: append, create: true}
        - table: {connection: db, name: merged, mode: merge, create: true}
        - file: {path: deep/er/crash.jsonl}
      """
    case .twoTargets:
      """
      aggregate:
        group_by: [{day: "at::date"}, kind]
        measures: {n: count(*), total: sum(amount), mean: avg(amount)}
      store:
        - table: {connection: other, name: appended, mode: append, create: true}
        - file: {path: crash.csv}
        - table:
            connection: db
            name: by_window
            mode: replace_window
            window: day
            create: true
            after_publish: INSERT INTO told SELECT 1 WHERE NOT EXISTS (SELECT FROM told)
      """
    case .chunks, .manyChunks:
      """
        - select: [id, kind, amount]
      store:
        - table:
            connection: db
            name: appended
            mode: append
            publish: per_chunk
            create: true
            before_publish: INSERT INTO told VALUES (1)
            after_publish: INSERT INTO told SELECT 2 WHERE NOT EXISTS (SELECT FROM told WHERE n = 2)\(merged)
        - table: {connection: db, name: by_window, mode: replace, create: true}
        - file: {path: crash.csv}
      checks: [{name: some, expect: count(*) > 1000, severity: warn}]
      """
    case .oneTable:
      """
      aggregate:
        group_by: [{day: "at::date"}, id, kind]
        measures: {total: sum(amount)}
      store:
        - table:
            connection: db
            name: by_window
            mode: replace_window
            window: day
            create: true
            after_publish: INSERT INTO told SELECT 1 WHERE NOT EXISTS (SELECT FROM told)
        - file: {path: out/crash.csv}
      checks: [{name: some, expect: count(*) > 1000, severity: warn}]
      """
    case .newTable:
      """
        - derive: {day: "at::date", total: amount * 3}
        - select: [day, id, kind, total]
      store:
        - table:
            connection: db
            name: by_window
            mode: replace_window
            window: day
            key: id
            create: true
            after_publish: INSERT INTO told SELECT 1 WHERE NOT EXISTS (SELECT FROM told)
      checks: [{name: some, expect: count(*) > 1000, severity: warn}]
      """
    }
  }
}

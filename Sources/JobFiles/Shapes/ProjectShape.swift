internal import Model

/// The keys of a project file, `tidemark.yaml`.
enum ProjectShape {
  static let project = Record(
    "a project file",
    [
      .optional("version", .integer(1...1), "The version of this file's format: 1."),
      .optional("project", .text(.name), "Part of every run's identity. Default: the folder's name."),
      .optional(
        "connections", .map(.either([.text(.template), .record(connection)]), names: .name),
        "Databases by name: a libpq connection string, or a mapping."),
      .optional("state", .text(.template), "A SQLite file, or postgres://..."),
      .optional("output", .text(.free), "The root that output files stay inside. Default: out."),
      .optional("notifiers", .map(.record(notifier), names: .name), "Ways to tell people, by name."),
      .optional("pools", .map(.record(pool), names: .name), "Bounds on runs going at once, by name."),
      .optional(
        "max_concurrent_runs", .integer(1...10_000),
        "How many runs of the project its schedules may have going at once."),
      .optional("defaults", .record(defaults), "Keys of a job for jobs that leave them out."),
    ],
    advice: ["name": "Write `project:`", "connection": "Write `connections:`"])

  static let connection = Record(
    "a connection",
    [
      .required(
        "url", .text(.template), "A libpq connection string, URI or service=NAME.",
        example: "url: service=shop"),
      .optional("max_connections", .integer(1...10_000), "At most so many at once."),
      .optional("search_path", .oneOrList(.column), "Behind pg_catalog."),
      .optional("ledger", .column, "The schema of the publication ledger. Default: tidemark."),
      .optional("row_security", .boolean, "true lets row security hide rows; else hidden rows are an error."),
    ])

  static let notifier = Record(
    "a notifier", JobShape.notifierKeys, exactlyOne: [["webhook", "mail", "command", "postgres"]])

  static let pool = Record(
    "a pool", [.required("runs", .integer(1...10_000), "Runs going at once.", example: "runs: 2")])

  /// Names what a job has of its own.
  static let withoutDefault = ["version", "job", "source", "process", "aggregate", "store"]

  static let defaults = Record(
    "`defaults`",
    JobShape.job.keys.compactMap { key in
      if withoutDefault.contains(key.name) { return nil }
      // A default may say how schedules behave without saying when.
      if key.name == "schedule" {
        var schedule = JobShape.schedule
        schedule.atLeastOne = []
        return .optional(key.name, .either([.text(.cron), .record(schedule)]), key.summary)
      }
      return key
    },
    later: JobShape.job.later,
    advice: Dictionary(
      uniqueKeysWithValues: withoutDefault.map { ($0, "Every job has its own `\($0)`") }))
}

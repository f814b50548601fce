internal import Model

/// The keys of a job file.
enum JobShape {
  static let job = Record(
    "a job",
    [
      .optional("version", .integer(1...1), "The version of this file's format: 1."),
      .optional("job", .text(.jobName), "The job's name. Default: the file's name without its ending."),
      .optional("description", .text(.free), "What the job makes, in one sentence."),
      .optional("labels", .map(.value, names: .free), "Free labels, for filters and reports."),
      .optional(
        "timezone", .text(.template),
        "IANA name of the zone for schedule, interval dates and every session. Required here or in defaults."),
      .optional("interval", .record(interval), "Turns a fire into the span of data that a run is for."),
      .optional(
        "schedule", .either([.text(.cron), .record(schedule)]),
        "When the job is due: a cron expression, or a mapping."),
      .optional("params", .map(.record(parameter), names: .name), "Values that --set name=value gives."),
      .optional(
        "matrix", .either([.list(.map(.value, names: .name, atLeast: 1), atLeast: 1), .record(matrixQuery)]),
        "One run for each row and fire."),
      .required(
        "source", .oneOrList(.record(source)), "Where rows come from. The rows of all are taken together.",
        example: "source: {connection: shop, table: public.orders}"),
      .optional("process", .list(.record(step)), "Steps that each row goes through, in this order."),
      .optional(
        "aggregate", .record(aggregate), "How rows become groups. Left out: the rows are the result."),
      .optional("checks", .list(.record(check)), "Judged on the result before anything is published."),
      .required(
        "store", .oneOrList(.record(sink)), "Where the result goes.",
        example: "store: {table: {connection: warehouse, name: reporting.daily, mode: replace, create: true}}"
      ),
      .optional("errors", .record(errors), "Retries, reruns and how many rows may be rejected."),
      .optional("limits", .record(limits), "What the job may use."),
      .optional("notify", .list(.record(notify)), "Who is told about what."),
      .optional("retention", .record(retention), "How long records of runs are kept."),
    ],
    later: ["result", "sql", "on_schema_change"],
    advice: [
      "name": "Write `job:` for the job's name", "sink": "Write `store:`", "steps": "Write `process:`",
      "parameters": "Write `params:`", "cron": "Write `schedule: \"...\"`", "sources": "Write `source:`",
      "notifications": "Write `notify:`", "tz": "Write `timezone:`",
    ])

  static let interval = Record(
    "an interval",
    [
      .optional(
        "span", .choice(of: IntervalSpan.self),
        "The last whole hour, day, ... that ended by fire - delay; `fire` (default) is [previous fire, fire)."
      ),
      .optional("delay", .text(.calendarAmount), "How long after its end an interval counts as ended."),
      .optional("lookback", .text(.calendarAmount), "Widens what is read and replaced."),
      .optional("rolling", .text(.calendarAmount), "Widens only what is read."),
    ],
    atMostOne: [["lookback", "rolling"]])

  static let schedule = Record(
    "a schedule",
    [
      .optional(
        "cron", .oneOrList(.text(.cron)), "Five or six cron fields, or @daily and the like; one or a list."),
      .optional("every", .duration, "A fixed distance between fires."),
      .optional("at", .oneOrList(.text(.timestamp)), "Times with their offset; one or a list."),
      .optional("dst", .record(daylight), "What happens where clocks change. Default: Debian cron's rule."),
      .optional(
        "catch_up", .either([.choice(of: Schedule.CatchUpPolicy.self), .record(catchUp)]),
        "What becomes of fires that were missed. Default: all where ${interval} or ${window} is used, else latest."
      ),
      .optional(
        "if_running", .choice(of: Schedule.IfRunningPolicy.self),
        "When the last run is still going. Default: queue_all where ${interval} or ${window} is used, else skip."
      ),
      .optional("jitter", .duration, "Starts up to this much later, the same for each job."),
      .optional("finish_by", .text(.timeOfDay), "Local time of day; later raises the event `late`."),
      .optional("after", .record(after), "Jobs whose successful intervals must cover this one."),
      .optional("except", .oneOrList(.text(.free)), "Dates without fires, or a file of them."),
      .optional("trigger", .record(trigger), "Fires besides the clock, or without one."),
    ],
    atLeastOne: [["cron", "every", "at", "trigger"]], atMostOne: [["cron", "every", "at"]])

  static let daylight = Record(
    "`dst`",
    [
      .optional("gap", .choice(of: Schedule.GapPolicy.self), "A fire in the skipped hour."),
      .optional("overlap", .choice(of: Schedule.OverlapPolicy.self), "A fire in the repeated hour."),
    ])

  static let catchUp = Record(
    "`catch_up`",
    [
      .optional("policy", .choice(of: Schedule.CatchUpPolicy.self), "Which missed fires are made up for."),
      .optional("window", .duration, "How far back."),
    ])

  static let after = Record(
    "`after`",
    [
      .required("jobs", .oneOrList(.text(.jobName)), "Names of jobs.", example: "jobs: daily-revenue"),
      .optional("within", .duration, "How long to wait; then the fire counts as upstream_failed."),
    ])

  static let trigger = Record(
    "a trigger",
    [
      .optional("listen", .text(.name), "A channel of Postgres's NOTIFY."),
      .optional("connection", .text(.name), "Where to listen. Default: the first source's connection."),
      .optional(
        "missed", .text(.sql),
        "A query for what was sent: `at` (timestamptz, unique) and `payload`. Without it what is sent while nobody listens is lost."
      ),
      .optional("file", .text(.free), "A file whose appearance fires; relative to the project."),
    ],
    exactlyOne: [["listen", "file"]], atMostOne: [["connection", "file"], ["missed", "file"]])

  static let parameter = Record(
    "a parameter",
    [
      .required("type", .text(.sqlType), "An SQL type.", example: "type: integer"),
      .optional("default", .value, "Without one, every run must give the value."),
      .optional("description", .text(.free), "What it is for."),
    ],
    advice: ["value": "Write `default:`"])

  static let matrixQuery = Record(
    "a matrix",
    [
      .required("connection", .text(.name), "Where the query runs.", example: "connection: warehouse"),
      .required(
        "query", .text(.sql), "One run for each row that it gives.",
        example: "query: SELECT tenant FROM public.tenants"),
    ],
    otherwise: "Rows are a list, also a single one: `matrix: [{name: value}]`")

  static let errors = Record(
    "`errors`",
    [
      .optional("retry", .record(retry), "Per chunk and per publish, transient errors only."),
      .optional("rerun", .record(rerun), "Per run."),
      .optional(
        "pause_after", .integer(1...1000), "So many fires in a row that end as failed pause the job."),
      .optional("quarantine", .record(quarantine), "How many rows may be rejected; whichever trips first."),
    ])

  static let retry = Record(
    "`retry`",
    [
      .optional("initial", .duration, "The first wait."),
      .optional("max", .duration, "The longest wait."),
      .optional("give_up_after", .duration, "How long to go on."),
    ])

  static let rerun = Record(
    "`rerun`",
    [
      .optional("attempts", .integer(0...1000), "How often a failed run starts again by itself."),
      .optional("wait", .duration, "How long after its failure."),
    ])

  static let quarantine = Record(
    "`quarantine`",
    [
      .optional("max_rows", .integer(0...Int.max), "More rejected rows fail the run."),
      .optional("max_share", .text(.percent), "Of the rows that reach the first step."),
    ])

  static let limits = Record(
    "`limits`",
    [
      .optional("parallelism", .integer(1...1024), "Connections that read at once."),
      .optional("memory", .text(.byteCount), "For groups and sorting, before they go to disk."),
      .optional("timeout", .duration, "For a whole run."),
      .optional("statement_timeout", .duration, "For one statement."),
      .optional("lock_timeout", .duration, "For one wait on a lock."),
      .optional("pool", .text(.name), "A pool of the project file, which bounds runs going at once."),
      .optional(
        "priority", .integer(-1000...1000), "Of fires that wait for a place the highest goes first."),
      .optional(
        "max_concurrent_runs", .integer(1...1000),
        "How many runs of the job, over all rows of its matrix, its schedule may have going at once."),
      .optional("max_rows_per_second", .positive, "Slows reading down."),
      .optional("max_replication_lag", .duration, "Reading pauses while a replica is further behind."),
    ])

  static let notify = Record(
    "a notify rule",
    [
      .required(
        "events", .oneOrList(.choice(of: NoticeEvent.self)), "What to tell.", example: "events: [failure]"),
      .optional("notifier", .text(.name), "A notifier of the project file.", example: "notifier: ops"),
      .optional("digest", .duration, "Collects notices for so long into one."),
    ] + notifierKeys,
    exactlyOne: [["notifier", "webhook", "mail", "command", "postgres"]])

  static let retention = Record(
    "`retention`",
    [
      .optional("runs", .duration, "How long records of runs are kept."),
      .optional("quarantine", .duration, "How long rejected rows are kept."),
    ])
}

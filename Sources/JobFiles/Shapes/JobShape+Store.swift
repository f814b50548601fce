internal import Model

extension JobShape {
  static let sink = Record(
    "a store",
    [
      .optional("table", .record(table), "A Postgres table."),
      .optional("file", .record(file), "A file inside the project's output folder."),
    ],
    exactlyOne: [["table", "file"]])

  static let table = Record(
    "a table store",
    [
      .required(
        "connection", .text(.template), "A connection of the project file.", example: "connection: warehouse"),
      .required(
        "name", .text(.template), "The table, as name or schema.name.", example: "name: reporting.daily"),
      .required(
        "mode", .choice(of: TableSinkRule.Mode.self), "How the result meets what is there.",
        example: "mode: replace"),
      .optional("window", .column, "The result column that replace_window deletes and inserts by."),
      .optional("scope", .map(.text(.template), names: .column, atLeast: 1), "Bounds every delete."),
      .optional("key", .oneOrList(.column), "What tells rows apart. Default: group_by."),
      .optional("create", .boolean, "Makes the table where there is none."),
      .optional(
        "on_empty", .choice(of: TableSinkRule.OnEmpty.self),
        "An empty result. Default: fail under the replace modes, else publish."),
      .optional(
        "max_delete", .either([.integer(0...Int.max), .text(.percent)]),
        "More rows that are deleted and not put back fail the publish: a number, or a share of the table."),
      .optional("before_publish", .oneOrList(.text(.sql)), "SQL inside the publish transaction."),
      .optional("after_publish", .oneOrList(.text(.sql)), "SQL after it."),
      .optional(
        "publish", .choice(["at_end", "per_chunk"]), "per_chunk makes finished chunks visible at once."),
    ],
    later: ["partition_by", "on_schema_change"],
    advice: ["table": "Write `name:`", "schema": "Write `name: schema.table`", "primary_key": "Write `key:`"])

  static let file = Record(
    "a file store",
    [
      .required(
        "path", .text(.template), "Inside the output folder; .gz compresses.",
        example: "path: reports/daily.csv"),
      .optional("format", .choice(of: FileSinkRule.FileFormat.self), "Default: by the path's ending."),
      .optional("if_exists", .choice(of: FileSinkRule.IfExists.self), "Default: replace."),
      .optional("order_by", .oneOrList(.column), "The order of rows where there is no aggregate."),
    ],
    later: ["partition_by"],
    advice: ["name": "Write `path:`"])

  /// The ways to tell people, in `notify:` and `notifiers:` alike.
  static let notifierKeys: [Record.Key] = [
    .optional("webhook", .record(webhook), "An HTTP POST."),
    .optional("mail", .record(mail), "A mail."),
    .optional(
      "command", .either([.list(.text(.free), atLeast: 1), .record(command)]), "A program, no shell."),
    .optional("postgres", .record(postgresNotify), "Postgres's NOTIFY."),
  ]

  static let webhook = Record(
    "a webhook",
    [
      .required(
        "url", .text(.template), "May hold ${env.X}, ${file:path} and ${credential.X}.",
        example: "url: ${credential.ops-url}"),
      .optional("format", .choice(of: Notifier.WebhookFormat.self), "Default: json."),
      .optional("headers", .map(.text(.template), names: .free), "Further headers."),
    ])

  static let mail = Record(
    "`mail`",
    [
      .required("to", .oneOrList(.text(.free)), "Addresses.", example: "to: ops@example.org"),
      .optional("from", .text(.free), "The sender's address."),
      .optional("server", .text(.template), "smtp://host:port or smtps://user:password@host."),
    ])

  static let command = Record(
    "a command",
    [
      .required(
        "run", .list(.text(.free), atLeast: 1), "The program and its arguments.", example: "run: [cat]"),
      .optional("timeout", .duration, "Default: 30s; 1m30s at most."),
    ])

  static let postgresNotify = Record(
    "`postgres`",
    [
      .required(
        "connection", .text(.name), "A connection of the project file.", example: "connection: warehouse"),
      .required("channel", .text(.column), "The channel.", example: "channel: tidemark"),
    ])
}

internal import Model

extension JobShape {
  static let source = Record(
    "a source",
    [
      .optional("name", .text(.name), "What source_name says of its rows. Default: the connection's name."),
      .required(
        "connection", .text(.template), "A connection of the project file.", example: "connection: shop"),
      .optional("table", .text(.template), "A table or view: name or schema.name."),
      .optional("query", .text(.sql), "A SELECT, computed by Postgres."),
      .optional("add_columns", .map(.text(.sql), names: .column), "Extra columns, computed by Postgres."),
      .optional("where", .text(.sql), "Which rows, computed by Postgres."),
      .optional("chunk", .record(chunk), "How the rows are cut into chunks."),
      .optional(
        "consistency", .choice(of: Source.Consistency.self),
        "snapshot (default): one moment for all chunks; chunk: may miss or repeat rows changed meanwhile."),
      .optional("on_resume", .choice(of: Source.OnResume.self), "What becomes of finished chunks."),
      .optional("wait_for", .record(waitFor), "Waits for a lagging replica or a late load."),
      .optional(
        "sensitive", .oneOrList(.column), "Columns never shown in quarantine, samples, logs or notices."),
    ],
    exactlyOne: [["table", "query"]],
    later: ["watermark", "incremental", "on_schema_change"],
    advice: [
      "sql": "Write `query:`", "filter": "Write `where:`",
      "columns": "Write `add_columns:`, or a select step",
    ])

  static let chunk = Record(
    "a chunk rule",
    [
      .optional(
        "by", .choice(of: ChunkRule.Kind.self), "How to cut. Default: auto, by the catalogue's facts."),
      .optional("rows", .integer(1...1_000_000_000), "Rows that a chunk should hold."),
      .optional("column", .oneOrList(.column), "What to cut by; one or a list."),
      .optional("span", .text(.calendarAmount), "The length of time windows."),
    ],
    advice: ["columns": "Write `column:`", "size": "Write `rows:`"])

  static let waitFor = Record(
    "`wait_for`",
    [
      .optional("replayed_to", .text(.template), "The replica must have replayed to this time."),
      .optional("query", .text(.sql), "Must give true."),
      .optional("within", .duration, "How long to wait. Default: 30m."),
    ],
    exactlyOne: [["replayed_to", "query"]])
}

/// One way to cut the source, to read it, and to run out of memory.
struct Cut: Sendable, CustomStringConvertible {
  var chunk: String
  var parallelism: Int
  var memory: String?

  var description: String { "\(chunk), parallelism \(parallelism), memory \(memory ?? "enough")" }

  static let wide: [Cut] = [
    Cut(chunk: "{by: none}", parallelism: 1),
    Cut(chunk: "{by: key, column: id, rows: 1}", parallelism: 4),
    Cut(chunk: "{by: key, column: id, rows: 7}", parallelism: 3),
    Cut(chunk: "{by: key, column: [k_text, id], rows: 13}", parallelism: 2),
    Cut(chunk: "{by: key, column: k_num, rows: 31}", parallelism: 4),
    Cut(chunk: "{by: ctid, rows: 20}", parallelism: 3),
    Cut(chunk: "{by: time, column: ts, span: 3d}", parallelism: 2),
    Cut(chunk: "{by: auto}", parallelism: 2),
  ]
  static let narrow: [Cut] = [wide[0], wide[2]]

  /// Of `many_rows`: several batches a chunk, with and without spilling.
  static let spilling: [Cut] = [
    Cut(chunk: "{by: none}", parallelism: 1),
    Cut(chunk: "{by: none}", parallelism: 2, memory: "1kB"),
    Cut(chunk: "{by: key, column: row_no, rows: 997}", parallelism: 4, memory: "100kB"),
    Cut(chunk: "{by: ctid, rows: 500}", parallelism: 2),
  ]

  /// Of `many_rows`: every kind of chunk over every type of key.
  static let all: [Cut] =
    [
      "row_no", "hot", "sparse", "u", "label", "seen", "k_num", "k_f8", "k_date", "k_char", "span",
      "[k_text, row_no]", "[hot, seen]", "[k_small, k_ts, u]",
    ].enumerated().map { number, columns in
      Cut(
        chunk: "{by: key, column: \(columns), rows: \([700, 1301, 4000][number % 3])}",
        parallelism: [1, 2, 4][number % 3], memory: number % 2 == 0 ? nil : "1kB")
    } + [
      Cut(chunk: "{by: time, column: seen, span: 5d}", parallelism: 4),
      Cut(chunk: "{by: time, column: day, span: 1mo}", parallelism: 2, memory: "1kB"),
      Cut(chunk: "{by: time, column: k_date, span: 3y}", parallelism: 2),
      Cut(chunk: "{by: ctid, rows: 1}", parallelism: 4),
      Cut(chunk: "{by: auto, rows: 800}", parallelism: 2),
    ] + spilling
}

import Compute
import Expressions
import JobFiles
import Model

/// What five steps cost beside the decoding of the same rows: 6 million rows as COPY bytes, in processor time.
struct FiveSteps {
  private static let rows = 6_000_000
  /// Rows of the stream, which is fed over and over.
  private static let batchesAStream = 24

  private let stream: [UInt8]
  private let format: CopyFormat
  private let lookup: LookupTable

  init(_ batches: Batches) throws {
    // As a run asks for these columns.
    format = CopyFormat(fetching: Batches.schema)
    var stream: [UInt8] = []
    for columns in batches.columns.prefix(Self.batchesAStream) {
      for row in 0..<Column.capacity { Self.append(columns, row, as: format, to: &stream) }
    }
    self.stream = stream
    let payload = [ColumnSchema(name: "kind", type: .integer)]
    let key = [ColumnSchema(name: "code", type: .text)]
    let table = [Column(.text), Column(.integer)]
    for (number, mode) in Batches.modes.enumerated() {
      table[0].append(.text(mode))
      table[1].append(.integer(Int64(number)))
    }
    var builder = LookupTableBuilder(name: "modes", keys: key, payload: payload, onDuplicate: .error)
    try builder.add(Batch(schema: key + payload, columns: table))
    lookup = try builder.finish()
  }

  private static func append(_ columns: [Column], _ row: Int, as format: CopyFormat, to stream: inout [UInt8])
  {
    if format == .text {
      stream += columns.map { $0.value(at: row).postgresText ?? #"\N"# }.joined(separator: "\t").utf8
      stream.append(0x0A)
      return
    }
    func word(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.bigEndian) { stream += $0 } }
    word(Int16(columns.count))
    for (column, schema) in zip(columns, Batches.schema) {
      switch column.value(at: row) {
      case .integer(let value):
        word(Int32(4))
        word(Int32(value))
      case .numeric(let value):
        let digits = Self.digits(value)
        word(Int32(8 + digits.count * 2))
        word(Int16(digits.count))
        word(Int16(digits.count - 2))
        word(Int16(0))
        word(Int16(2))
        for digit in digits { word(digit) }
      case .text(let text):
        word(Int32(text.utf8.count))
        stream += text.utf8
      default: preconditionFailure("\(schema.name) has no binary form here")
      }
    }
  }

  /// The digits to the base 10,000 of a number of scale 2, the last one its fraction.
  private static func digits(_ value: Decimal) -> [Int16] {
    let hundredths = value.parts?.mantissa ?? 0
    var whole = hundredths / 100
    var digits = [Int16(hundredths % 100 * 100)]
    while whole > 0 {
      digits.insert(Int16(whole % 10_000), at: 0)
      whole /= 10_000
    }
    return digits
  }

  private static let steps = [
    "- sanitize: {mode: [trim, upper]}",
    "- {validate: {expect: quantity > 0 AND price > 0}, on_fail: quarantine}",
    "- derive: {net: price * (1 - discount), gross: price * (1 - discount) * (1 + tax)}",
    "- lookup: {from: {connection: db, table: modes}, match: {mode: code}, take: {kind: kind}}",
    "- filter: gross > 1000 AND comment NOT LIKE '%special%requests%'",
  ]

  /// - Returns: false where the bar is missed: the steps add less than decoding takes.
  func measure(rounds: Int) throws -> Bool {
    // None of them, then one more each time: the filter reads what `derive` makes.
    var times = (0...Self.steps.count).map { _ in [Double]() }
    for _ in 0..<rounds {
      for count in times.indices { times[count].append(try time(Array(Self.steps.prefix(count)))) }
    }
    let totals = times.map { Clock.median($0) / Double(Self.rows) }
    print(
      "\n\(Self.rows / 1_000_000) million rows of \(Batches.schema.count) columns by COPY (\(format)), processor time"
    )
    print("decoding         \(hundredths(totals[0]).padded(-7)) ns a row")
    for (number, step) in Self.steps.enumerated() {
      print("                +\(hundredths(totals[number + 1] - totals[number]).padded(-7))   \(step)")
    }
    let more = totals[Self.steps.count] - totals[0]
    print(
      "five steps add   \(hundredths(more).padded(-7)) ns a row, \(hundredths(more / totals[0])) of decoding")
    return more < totals[0]
  }

  private struct Nothing: BatchConsumer {
    var rows = 0
    mutating func consume(_ batch: borrowing Batch) { rows += batch.rows.count }
  }

  private func time(_ steps: [String]) throws -> Double {
    let names = Batches.schema.map(\.name).joined(separator: ", ")
    let lines = steps + ["- select: [\(names)]"]
    let text = """
      timezone: UTC
      source: {connection: db, table: lineitem}
      process:
      \(lines.joined(separator: "\n"))
      store: {file: {path: out.csv}}

      """
    let file = "version: 1\nproject: bench\nconnections: {db: postgresql://localhost/bench}\n"
    let project = try ProjectFile.read(files: [("tidemark.yaml", Array(file.utf8))], root: "/tmp").get()
    let job = try JobFile.read(bytes: Array(text.utf8), file: "bench.yaml", project: project).get().job
    let hasLookup = job.steps.contains { if case .lookup = $0.action { true } else { false } }
    let checked = try PipelineChecker(
      references: ReferenceScope(),
      lookups: hasLookup ? [LookupSchema(key: lookup.keys, payload: lookup.payload)] : []
    ).check(steps: job.steps, aggregate: nil, fetched: Batches.schema, rowKey: [])
    var pipeline = try RowPipeline(checked.pipeline, format: format, lookups: [lookup], zones: .utc)
    var consumer = Nothing()
    let header: [UInt8] =
      format == .binary ? Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0] : []
    let time = try Clock.nanoseconds {
      try header.withUnsafeBytes { try pipeline.add($0, to: &consumer) }
      for _ in 0..<Self.rows / (Self.batchesAStream * Column.capacity) {
        // In pieces of the size that libpq gives.
        try stream.withUnsafeBytes { bytes in
          for start in stride(from: 0, to: bytes.count, by: 8_192) {
            let piece = bytes[start..<min(start + 8_192, bytes.count)]
            try pipeline.add(UnsafeRawBufferPointer(rebasing: piece), to: &consumer)
          }
        }
      }
    }
    let read = pipeline.counts.read
    return time * Double(Self.rows) / Double(read)
  }
}

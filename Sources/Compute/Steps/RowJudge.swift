internal import Model

/// Carries out `on_fail`: decides what becomes of rows that a step refuses, and keeps the rejections until
/// they are drained.
final class RowJudge {
  let record: RowRecord
  private(set) var rejections: [Rejection] = []
  var counts = RowCounts()
  /// Position in the chunk of row 0 of the present batch.
  var firstOrdinal: Int64 = 0
  /// Rows of the present batch that are in quarantine, in the order of the steps.
  private(set) var quarantined: [Int] = []
  /// Rows of the present batch that are out, one bit each.
  private var refused = [UInt64](repeating: 0, count: Column.validityWords)
  private var refusedCount = 0

  init(record: RowRecord) {
    self.record = record
  }

  func beginBatch() { quarantined.removeAll(keepingCapacity: true) }

  func beginStep() {
    guard refusedCount > 0 else { return }
    refusedCount = 0
    for word in refused.indices { refused[word] = 0 }
  }

  /// Deals with one row that broke something in a step, all its breaches at once.
  /// - Throws: the fault that ends the chunk, under `fail`.
  func refuse(
    _ row: Int, step: StepFacts, onFail: Step.OnFail, broken: @autoclosure () -> [Rejection.BrokenRule]
  ) throws(Fault) {
    switch onFail {
    case .keep: return
    case .fail: throw fault(row, step: step, broken: broken())
    case .quarantine:
      counts.quarantined += 1
      quarantined.append(row)
      rejections.append(
        Rejection(
          ordinal: firstOrdinal + Int64(row), key: record.key(row), step: step.name, broken: broken(),
          row: record.json(row)))
    case .drop: counts.dropped += 1
    }
    refused[row >> 6] |= 1 << UInt64(row & 63)
    refusedCount += 1
  }

  /// The rows of `rows` that were not refused since `beginStep`.
  func remaining(_ rows: Rows, in selection: Selection) -> Rows {
    guard refusedCount > 0 else { return rows }
    refused.withUnsafeBufferPointer { bits in
      selection.take(rows) { bits[$0 >> 6] >> UInt64($0 & 63) & 1 == 0 }
    }
    return selection.rows
  }

  func takeRejections(_ maximum: Int) -> [Rejection] {
    guard rejections.count > maximum else {
      defer { rejections = [] }
      return rejections
    }
    let taken = Array(rejections.prefix(maximum))
    rejections.removeFirst(maximum)
    return taken
  }

  private func fault(_ row: Int, step: StepFacts, broken: [Rejection.BrokenRule]) -> Fault {
    let which = record.name(row, ordinal: firstOrdinal + Int64(row))
    let first = broken.first
    let rule = first.map { $0.rule == step.name ? "" : ": \($0.rule)" } ?? ""
    return Fault(
      first?.reason ?? "rule_failed", .data, "\(which) fails step \"\(step.name)\"\(rule)", place: step.place,
      cause: first?.detail,
      hint: "Mend the data, or set `\(step.decidingKey): quarantine` to keep such rows aside")
  }
}

/// What faults and rejections say about the step they come from.
struct StepFacts {
  let name: String
  let place: Place
  /// Where the job file says what becomes of such rows.
  var decidingKey = "on_fail"

  /// That a column of the step cannot hold all its values of a batch.
  func batchTooLarge(hint: String) -> Fault {
    Fault(
      "batch_too_large", .resource,
      "Step \"\(name)\" makes more than 2 GiB of text of \(Column.capacity) rows or fewer", place: place,
      hint: hint)
  }
}

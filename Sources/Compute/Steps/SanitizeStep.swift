internal import Expressions
internal import Model

/// `sanitize`: cleans text columns, each by its operations in order. Never refuses a row.
final class SanitizeStep: StepRunner {
  let columns: [Column]
  private let entries: [Entry]

  private struct Entry {
    let from: Column
    /// A `char(n)`, whose trailing blanks are no part of it as a text.
    let isPadded: Bool
    let to = Column(.text)
    let operations: [TextSanitizer]
  }

  /// Where a text stands between two operations.
  private let scratch = (Column(.text), Column(.text))

  init(_ sanitizings: [TypedStep.Sanitizing], _ step: TypedStep, columns: [Column]) throws(Fault) {
    var outputs = columns
    var entries: [Entry] = []
    for sanitizing in sanitizings {
      var operations: [TextSanitizer] = []
      for operation in sanitizing.operations {
        operations.append(try TextSanitizer(operation, place: step.place))
      }
      let entry = Entry(
        from: outputs[sanitizing.column], isPadded: step.columnsBefore[sanitizing.column].type.isChar,
        operations: operations)
      entries.append(entry)
      outputs[sanitizing.column] = entry.to
    }
    self.entries = entries
    self.columns = outputs
  }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows {
    for entry in entries {
      entry.to.clear()
      rows.forEach { row in
        guard entry.from.isValid(row) else { return entry.to.writeNull(row) }
        let bytes = entry.from.bytes(row)
        clean(entry.isPadded ? Comparing.withoutTrailingBlanks(bytes) : bytes, entry, row)
      }
    }
    return rows
  }

  private func clean(_ bytes: UnsafeBufferPointer<UInt8>, _ entry: Entry, _ row: Int) {
    var usesFirst = true
    var bytes = bytes
    for operation in entry.operations {
      if operation.kind == .nullIfEmpty, bytes.isEmpty { return entry.to.writeNull(row) }
      if let part = operation.cut(bytes) {
        bytes = part
        continue
      }
      // Written to the one of both that the text does not lie in.
      let target = usesFirst ? scratch.0 : scratch.1
      usesFirst.toggle()
      target.clear()
      operation.rewrite(bytes, to: target)
      bytes = UnsafeBufferPointer(start: target.data, count: target.dataCount)
    }
    entry.to.setBytes(row, bytes)
  }
}

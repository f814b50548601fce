package import Compute
package import Model

/// Writes result batches as the bytes of a file, in one of its formats.
package struct FileEncoder: Sendable {
  private enum Form {
    case csv(CSVForm)
    case jsonLines(JSONLinesForm)
  }

  private let form: Form

  package init(_ format: FileSinkRule.FileFormat, schema: [ColumnSchema]) {
    switch format {
    case .csv: form = .csv(CSVForm(schema))
    case .jsonl: form = .jsonLines(JSONLinesForm(schema))
    }
  }

  /// What stands before the first row.
  package var header: [UInt8] {
    switch form {
    case .csv(let form): form.header
    case .jsonLines: []
    }
  }

  /// Appends the rows of a batch.
  package func append(_ batch: borrowing Batch, to bytes: inout [UInt8]) {
    let rows = batch.rows
    for position in 0..<rows.count {
      switch form {
      case .csv(let form): form.append(batch.columns, rows[position], to: &bytes)
      case .jsonLines(let form): form.append(batch.columns, rows[position], to: &bytes)
      }
    }
  }
}

package import Model

/// The rows of a job's matrix and their names.
package struct MatrixRows: Hashable, Sendable {
  package let rows: [MatrixRow]
  /// The fewest leading columns, by name, that tell the rows apart.
  private let naming: [String]

  package init(_ rows: [[String: String]]) {
    self.rows = rows.map(MatrixRow.init)
    let columns = (rows.first?.keys).map { $0.sorted() } ?? []
    // One column that is unique by itself names a row best.
    if let single = columns.first(where: { column in Set(rows.map { $0[column] }).count == rows.count }) {
      naming = [single]
    } else {
      naming = columns
    }
  }

  package func name(of row: MatrixRow) -> String { row.name(by: naming) }

  /// The row that `job[text]` means.
  /// - Throws: `Fault` `unknown_matrix_row` with the rows there are.
  package func row(named text: String) throws(Fault) -> MatrixRow {
    if let found = rows.first(where: { name(of: $0) == text }) { return found }
    let names = rows.map(name)
    throw Fault(
      "unknown_matrix_row", .usage, "The job has no matrix row `\(text)`",
      hint: DidYouMean.hint(for: text, among: names) ?? "It has \(names.joined(separator: ", "))")
  }
}

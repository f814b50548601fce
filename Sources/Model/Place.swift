/// A position in a file that a person wrote: what an error points at.
package struct Place: Hashable, Sendable {
  /// The file as the caller named it, or a description such as `--set`.
  package var file: String
  /// One-based.
  package var line: Int
  /// One-based, counted in Unicode scalars.
  package var column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }
}

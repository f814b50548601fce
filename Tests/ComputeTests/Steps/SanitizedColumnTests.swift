import Model
import Testing

@testable import Compute

@Suite struct SanitizedColumnTests {
  static let operations: [[Step.SanitizeOperation]] = [
    [.truncate(1), .nullIfEmpty], [.trim, .nullIfEmpty, .lower], [.nullIfEmpty],
  ]

  /// Kernels look at all rows before they mask the NULLs: what stands in those rows stays within the column.
  @Test(arguments: operations)
  func whatBecomesNullLeadsNowhere(_ operations: [Step.SanitizeOperation]) throws {
    let column = Column(.text)
    for row in 0..<100 { column.append(.text(row == 99 ? "" : String(repeating: "x", count: 1000))) }
    let sanitized = SanitizedColumn(
      column, isPadded: false,
      try operations.map { try TextSanitizer($0, place: Place(file: "a.yaml", line: 1, column: 1)) })
    sanitized.run(Rows(count: 100))
    #expect(!sanitized.to.isValid(99))
    #expect(sanitized.to.slices[99].offset == 0 && sanitized.to.slices[99].length == 0)
  }
}

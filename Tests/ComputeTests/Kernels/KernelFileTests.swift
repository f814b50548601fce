import Compute
import Expressions
import Model
import Testing

/// Holds the kernels to what Postgres 15 answered for the same expressions over the same rows.
@Suite struct KernelFileTests {
  @Test func theFilesAreThere() {
    #expect(KernelFile.paths.count >= 5)
  }

  @Test(arguments: KernelFile.paths) func answersAsPostgresDid(_ path: String) throws {
    let file = try KernelFile(path)
    var decoder = CopyDecoder(file.schema)
    try file.stream.withUnsafeBytes { bytes in
      var rest = bytes
      let progress = try decoder.decode(&rest)
      #expect(progress == .needsMore)
    }
    try decoder.finish()
    decoder.sealBatch()
    let zones = try TestZones.context("Europe/Berlin")
    #expect(!file.cases.isEmpty)
    for item in file.cases {
      #expect(item.expected.count == decoder.count, "\(item.expression)")
      do {
        let typed = try ExpressionChecker.check(SourceText(item.expression), columns: file.schema)
        // All rows, and some of them: what is left out must neither count nor fault.
        for stride in [1, 2, 3] {
          let rows = (0..<decoder.count).filter { $0 % stride == stride - 1 }
          let actual = try KernelFile.evaluate(typed, decoder, rows: rows, zones: zones)
          #expect(actual == rows.map { item.expected[$0] }, "\(item.expression)")
        }
      } catch {
        Issue.record("\(item.expression): \(error)")
      }
    }
  }
}

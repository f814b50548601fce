import CaseFiles
import JobFiles
import Model
import Testing

/// What the documents show is what the code takes: each YAML block of the README and of docs/jobs.md, put into a
/// job that has whatever the block leaves out.
@Suite struct DocumentTests {
  private struct Block: CustomTestStringConvertible, Sendable {
    var file: String
    var line: Int
    var text: String
    var testDescription: String { "\(file):\(line)" }
  }

  private static let blocks: [Block] = ["README.md", "docs/jobs.md"].flatMap { file in
    var blocks: [Block] = []
    var open: Block?
    let text = (try? Checkout.text(file)) ?? ""
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line == "```yaml" {
        open = Block(file: file, line: number + 2, text: "")
      } else if line == "```" {
        if let open { blocks.append(open) }
        open = nil
      } else {
        open?.text += line + "\n"
      }
    }
    return blocks
  }

  private static let base = [
    ("version", "version: 1\n"), ("timezone", "timezone: UTC\n"), ("interval", "interval: {span: day}\n"),
    ("source", "source: {connection: shop, table: public.orders}\n"),
    (
      "aggregate",
      "aggregate: {group_by: [day, month, segment_then, currency], measures: {revenue: sum(total)}}\n"
    ),
    ("store", "store: [{table: {connection: warehouse, name: reporting.t, mode: merge}}]\n"),
  ]

  /// The top-level keys of a block with all that belongs to them; a key that stands twice shows two ways to
  /// say a thing.
  private static func parts(_ text: String) -> [(key: String, text: String)] {
    var parts: [(key: String, text: String)] = []
    for line in text.split(separator: "\n") {
      if let first = line.first, first.isLetter, let colon = line.firstIndex(of: ":") {
        parts.append((String(line[..<colon]), "\(line)\n"))
      } else if !parts.isEmpty {
        parts[parts.count - 1].text += "\(line)\n"
      }
    }
    return parts
  }

  @Test func thereAreBlocks() {
    #expect(Self.blocks.count > 15)
  }

  @Test(arguments: blocks.filter { !$0.text.contains("{...}") && !$0.text.contains("connections:") })
  private func aBlockIsTaken(_ block: Block) throws {
    var parts = Self.parts(block.text)
    // `chunk` and the like stand within a source.
    if let only = parts.first, parts.count == 1, only.key == "chunk" {
      parts = [("source", "source: {connection: shop, table: public.orders, \(only.text.dropLast())}\n")]
    }
    let keys = Set(parts.map(\.key))
    for repeated in keys.map({ key in parts.filter { $0.key == key } }) where repeated.count > 1 {
      for way in repeated { try check(parts.filter { $0.key != way.key } + [way], block) }
      return
    }
    try check(parts, block)
  }

  private func check(_ parts: [(key: String, text: String)], _ block: Block) throws {
    let keys = Set(parts.map(\.key))
    // Rows that a last `select` makes the result have no groups.
    let base = Self.base.filter { key, _ in
      !keys.contains(key) && !(key == "aggregate" && block.text.contains("{select:"))
    }
    let text = (base.map(\.1) + parts.map(\.text)).joined()
    switch try Fixtures.read(text) {
    case .success: break
    case .failure(let faults):
      Issue.record("\(block.testDescription)\n\(faults.all.map { $0.line("error") })\n\(text)")
    }
  }
}

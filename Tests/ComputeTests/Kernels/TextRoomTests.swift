import Model
import Testing

@testable import Compute

/// A column holds only so much text that its slices' offsets fit 32 bits: what COALESCE, CASE and GREATEST copy out of
/// several columns may be more.
@Suite struct TextRoomTests {
  private func column(_ texts: String?...) -> Column {
    let column = Column(.text)
    for text in texts { column.append(text.map { .text($0) } ?? .null) }
    return column
  }

  @Test func textsWithoutRoomAreFaultsOfTheirRows() {
    let (first, second) = (column("aaaa", nil, "bbbb", nil), column(nil, "cccc", nil, "dd"))
    let out = Column(.text)
    let frame = Frame(registers: [])
    out.copy(Rows(count: 4), from: first, frame, most: 10)
    #expect(frame.faults.isEmpty)
    for row in [1, 3] { out.copy(row, from: second, frame, most: 10) }
    #expect((0..<4).map { out.value(at: $0) } == [.text("aaaa"), .null, .text("bbbb"), .text("dd")])
    #expect(frame.faults.map(\.row) == [1] && frame.faults[0].fault.sqlState == "53200")
  }

  /// What only repeats one text takes room for each row.
  @Test func aConstantTakesRoomForEachRow() {
    let constant = Column(.text)
    constant.fill(.text("aaaa"))
    let out = Column(.text)
    let frame = Frame(registers: [])
    out.copy(Rows(count: 4), from: constant, frame, most: 12)
    #expect((0..<4).map { out.value(at: $0) } == [.text("aaaa"), .text("aaaa"), .text("aaaa"), .null])
    #expect(frame.faults.map(\.row) == [3])
  }
}

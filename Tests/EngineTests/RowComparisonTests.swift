import Testing

@testable import Engine

@Suite struct RowComparisonTests {
  private static let right: [String?] = ["1", "10"]
  private static let wrong: [String?] = ["1", "11"]
  private static let another: [String?] = ["2", "20"]

  /// A key that was computed once stands there once, also where a table holds more than was computed.
  @Test(arguments: [[right, right], [right, wrong], [wrong, right]])
  func aKeyThatStandsThereTwice(_ published: [[String?]]) {
    let comparison = compared(published + [Self.another], [Self.right], ignoringSurplus: true)
    #expect(comparison.equal == 1)
    #expect(comparison.shown.map(\.kind) == [.surplus])
  }

  @Test(arguments: [true, false])
  func aKeyThatWasNotComputed(_ ignoringSurplus: Bool) {
    let comparison = compared([Self.right, Self.another], [Self.right], ignoringSurplus: ignoringSurplus)
    #expect(comparison.equal == 1)
    #expect(comparison.differing == (ignoringSurplus ? 0 : 1))
  }

  @Test func aValueThatDiffers() {
    let comparison = compared([Self.wrong], [Self.right, Self.another], ignoringSurplus: true)
    #expect(comparison.equal == 0)
    #expect(comparison.shown.map(\.kind) == [.value, .missing])
    #expect(comparison.shown.first?.published == "11")
  }

  private func compared(
    _ published: [[String?]], _ computed: [[String?]], ignoringSurplus: Bool
  ) -> RowComparison {
    var comparison = RowComparison(columns: ["id", "n"], hidden: [], key: [0])
    comparison.compare(published: published, computed: computed, ignoringSurplus: ignoringSurplus)
    return comparison
  }
}

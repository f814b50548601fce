import Model
import Testing

@Suite struct DidYouMeanTests {
  @Test(arguments: [
    ("shedule", "schedule"), ("scehdule", "schedule"), ("Schedule", "schedule"), ("sources", "source"),
    ("proces", "process"), ("on_fial", "on_fail"), ("agregate", "aggregate"),
  ])
  func findsTheWordMeant(word: String, meant: String) {
    let words = ["schedule", "source", "process", "aggregate", "store", "on_fail", "name"]
    #expect(DidYouMean.nearest(to: word, among: words) == meant)
  }

  @Test(arguments: ["", "x", "colour", "connections", String(repeating: "s", count: 100)])
  func saysNothingWhereNothingIsNear(word: String) {
    #expect(DidYouMean.nearest(to: word, among: ["schedule", "source", "name", "n"]) == nil)
  }
}

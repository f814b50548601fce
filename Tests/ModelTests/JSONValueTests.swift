import Model
import Testing

@Suite struct JSONValueTests {
  @Test(arguments: [
    "null", "true", "[1,2.50,-3e10,\"a\\nb\"]", "{\"a\":{\"b\":[]},\"ü\":\"é\"}", "\"\\u0001\"", "{}",
  ]) func writesWhatItReads(_ text: String) throws {
    #expect(try JSONValue(parsing: text).text == text)
  }

  @Test func readsEscapesAndSurrogates() throws {
    #expect(try JSONValue(parsing: #""\u00e9\ud83d\ude00\/""#) == .string("é😀/"))
  }

  @Test(arguments: [
    "", "nul", "01", "1.", "[1,]", "{\"a\" 1}", "\"a", "\"\\ud800\"", "[1] 2", "\"\u{1}\"", "1e", "-",
  ]) func refuses(_ text: String) {
    #expect(throws: Fault.self) { try JSONValue(parsing: text) }
  }

  @Test func deepNestingIsRefusedNotCrashed() {
    #expect(throws: Fault.self) {
      try JSONValue(parsing: String(repeating: "[", count: 100_000))
    }
  }
}

import Model
import Testing

@Suite struct QueryEstimateTests {
  private static func functions(_ output: String) throws -> [String] {
    let plan = JSONValue.object([
      .init("Node Type", .string("Result")), .init("Output", .array([.string(output)])),
    ])
    return try QueryEstimate(explainJSON: JSONValue.array([.object([.init("Plan", plan)])]).text).functions
  }

  @Test func calledFunctionsAreNamed() throws {
    #expect(try Self.functions("lower(x)") == ["lower"])
    #expect(try Self.functions("(a.b + shop.tax_2(c)) > my$f (d)") == ["tax_2"])
    #expect(
      try Self.functions("\"Odd name (1)\"(x), \"a\".\"b\"(y), grün(z)") == ["Odd name (1)", "b", "grün"])
    #expect(try Self.functions("'a literal(like this)'::text, (1)") == ["literal"])
    #expect(try Self.functions("") == [])
  }

  /// What the planner folds may be of any length; a name has 63 bytes.
  @Test func longConstantsNameNothing() throws {
    let letters = String(repeating: "x", count: 2_000_000)
    #expect(try Self.functions("'\(letters)('::text, length(y)") == ["length"])
  }
}

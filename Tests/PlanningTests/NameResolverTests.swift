import Model
import Testing

@testable import Planning

/// A reference stands for a piece of one identifier part, whatever its value holds.
@Suite struct NameResolverTests {
  private func quoted(_ template: String, tenant: String) throws -> String {
    let scope = ReferenceScope(["matrix.tenant": .value(.text(tenant), .text)])
    return try NameResolver(references: scope)
      .qualifiedName(Template(parsing: SourceText(template))).quoted
  }

  @Test(arguments: [
    ("acme", #""tenant_acme"."orders""#),
    ("a.b", #""tenant_a.b"."orders""#),
    (#"a"b"#, #""tenant_a""b"."orders""#),
    (#"x"."y"; DROP TABLE z; --"#, #""tenant_x"".""y""; DROP TABLE z; --"."orders""#),
    ("\u{301}", "\"tenant_\u{301}\".\"orders\""),
    ("Ünï'\\", #""tenant_Ünï'\"."orders""#),
  ])
  func valuesStayInsideTheirPart(_ value: String, _ expected: String) throws {
    #expect(try quoted("tenant_${matrix.tenant}.orders", tenant: value) == expected)
  }

  @Test func insideQuotesToo() throws {
    #expect(try quoted(#""a.${matrix.tenant}".b"#, tenant: #"x"y"#) == #""a.x""y"."b""#)
    #expect(try quoted("${matrix.tenant}${matrix.tenant}", tenant: ".") == #""..""#)
  }

  @Test func lengthIsCountedOnTheNameThatComesOut() throws {
    let stem = String(repeating: "s", count: 62)
    #expect(try quoted(stem + "${matrix.tenant}", tenant: "x") == "\"\(stem)x\"")
    let fault = #expect(throws: Fault.self) { try quoted(stem + "${matrix.tenant}", tenant: "xy") }
    #expect(fault?.code == "bad_identifier")
    #expect(fault?.sentence.hasSuffix("has 64 bytes; Postgres keeps only 63") == true)
  }

  @Test(arguments: [
    ("${matrix.tenant}.t", ""), ("t_${matrix.tenant}", "a\0b"), ("a.b.${matrix.tenant}", "c"),
  ])
  func whatIsNoName(_ template: String, _ value: String) {
    let fault = #expect(throws: Fault.self) { try quoted(template, tenant: value) }
    #expect(fault?.code == "bad_identifier")
    #expect(fault?.sentence.unicodeScalars.contains { $0.value >= 0xF0000 } == false)
  }

  @Test func unknownReferencesAreFaults() {
    let fault = #expect(throws: Fault.self) { try quoted("${matrix.other}", tenant: "x") }
    #expect(fault?.code == "unknown_reference")
  }
}

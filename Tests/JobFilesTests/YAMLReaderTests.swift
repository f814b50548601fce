import Model
import Testing

@testable import JobFiles

@Suite struct YAMLReaderTests {
  private func read(_ text: String) throws -> YAMLNode {
    let (node, faults) = try YAMLReader.read(Array(text.utf8), file: "f")
    #expect(faults == [])
    return node
  }

  private func value(_ text: String) throws -> YAMLScalar {
    try #require(try read("a: \(text)\n").mapping?["a"]?.scalar)
  }

  @Test(arguments: [
    ("10", 10), ("010", 10), ("0o17", 15), ("0x1F", 31), ("-5", -5), ("+5", 5), ("250_000", 250_000),
    ("9223372036854775807", Int.max),
  ])
  func readsWholeNumbers(text: String, number: Int) throws {
    #expect(try value(text).integer == number)
  }

  @Test(arguments: [
    "\"10\"", "1.0", "1e3", "1__0", "_1", "1_", "0b11", "12:30", "9223372036854775808", "0x-1", "no", "",
    "--5",
  ])
  func readsNoWholeNumber(text: String) throws {
    #expect(try value(text).integer == nil)
  }

  @Test(arguments: [
    ("true", true), ("True", true), ("FALSE", false), ("yes", nil), ("no", nil), ("on", nil),
    ("\"true\"", nil),
  ])
  func readsBooleans(text: String, expected: Bool?) throws {
    #expect(try value(text).boolean == expected)
  }

  @Test(arguments: [("", true), ("~", true), ("null", true), ("\"\"", false), ("nil", false), ("'~'", false)])
  func readsNull(text: String, expected: Bool) throws {
    #expect(try value(text).isNull == expected)
  }

  @Test func textsStayAsWritten() throws {
    for text in ["NO", "1.10", "0755", "06:00", "2026-12-25", "1e3", ".5"] {
      #expect(try value(text).text == text)
    }
  }

  @Test func aliasesAndMergesAreFollowed() throws {
    let node = try read(
      """
      base: &base {a: 1, b: 2}
      other: &other {b: 3, c: 4}
      one: {<<: *base, b: 9}
      two: {z: 0, <<: [*base, *other], y: 0}
      same: *base
      """)
    func keys(_ name: String) -> [String] {
      node.mapping?[name]?.mapping?.entries.map { "\($0.key.text)=\($0.value.scalar?.text ?? "?")" } ?? []
    }
    #expect(keys("one") == ["a=1", "b=9"])
    #expect(keys("two") == ["z=0", "a=1", "b=2", "c=4", "y=0"])
    #expect(keys("same") == ["a=1", "b=2"])
  }

  @Test func crlfAndByteOrderMarkAreTaken() throws {
    let node = try read("\u{FEFF}a: 1\r\nb: |\r\n  x\r\n  y\r\n")
    #expect(node.mapping?["a"]?.scalar?.text == "1")
    #expect(node.mapping?["b"]?.scalar?.text == "x\ny\n")
  }

  /// Every letter of every style of text is found again in the file: the file has each letter once.
  @Test(arguments: [
    "key: abc def\n",
    "key: abc\n  def\n  ghi\n",
    "key: abc\n\n  def\n\n\n  ghi\n",
    "key: 'abc\n  def'\n",
    "key: 'ab''cd'\n",
    "key: \"abc\\tdef\\x41ghi\\u00e9jkl\"\n",
    "key: \"abc \\\n    def\n    ghi\"\n",
    "key: |\n  abc\n    def\n\n  ghi\n",
    "key: |2-   # remark\n    abc\n  def\n",
    "key: >\n  abc\n  def\n\n  ghi\n",
    "key: &anchor abc def\n",
    "key: !!str &anchor 'abc'\n",
    "{z: [1, {key: \"abc def\"}]}\n",
    "key: äbc\n  é def\n",
    "key: |\r\n  abc\r\n  def\r\n",
  ])
  func placesAreRight(text: String) throws {
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
    func find(_ node: YAMLNode) -> YAMLScalar? {
      if let found = node.mapping?["key"]?.scalar { return found }
      let inner = (node.mapping?.entries.map(\.value) ?? []) + (node.sequence ?? [])
      return inner.lazy.compactMap { find($0) }.first
    }
    let source = try #require(find(try read(text))).source
    var offset = 0
    var checked = 0
    for scalar in source.text.unicodeScalars {
      let isEscape = scalar == "A" || (scalar == "é" && text.contains("\\u00e9")) || scalar == "'"
      if !scalar.properties.isWhitespace, !isEscape {
        let place = source.place(atUTF8Offset: offset)
        #expect(lines[place.line - 1][place.column - 1] == scalar, "\(scalar) at \(place)")
        checked += 1
      }
      offset += UTF8.width(scalar)
    }
    #expect(checked >= 3)
  }

  // MARK: Limits

  private func refusal(_ text: String) -> String? {
    #expect(throws: Fault.self) { try YAMLReader.read(Array(text.utf8), file: "f") }
      .map(\.code)
  }

  @Test func bombsAreRefused() {
    var laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      laughs += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(refusal(laughs) == "yaml_too_many")

    var merges = "m0: &m0 {k: v}\n"
    for level in 1...30 {
      merges += "m\(level): &m\(level) {<<: [*m\(level - 1), *m\(level - 1)], k\(level): v}\n"
    }
    #expect(refusal(merges) == "yaml_too_many")

    #expect(refusal("a: [" + String(repeating: "x, ", count: 60_000) + "]") == "yaml_too_many")
  }

  @Test func depthIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try read(nested(64))
    #expect(refusal(nested(65)) == "yaml_too_deep")
    #expect(refusal(String(repeating: "[", count: 500_000)) == "yaml_too_deep")
    #expect(refusal(String(repeating: "{a: ", count: 100_000)) == "yaml_too_deep")
    let blocks = (0..<700).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
    #expect(refusal(blocks) == "yaml_too_deep")
    #expect(refusal(String(repeating: "- ", count: 100_000)) == "yaml_too_deep")
  }

  @Test func sizesAreLimited() throws {
    let letters = String(repeating: "x", count: 128 << 10)
    #expect(try value(letters).text == letters)
    #expect(refusal("a: \(letters)x\n") == "yaml_too_big")
    #expect(refusal("a: \(String(repeating: "x", count: 20_000_000))\n") == "yaml_too_big")
  }

  @Test(arguments: [
    [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80], [0xC3],
  ])
  func whatIsNoUTF8IsRefused(bytes: [UInt8]) {
    let text = Array("a: é".utf8) + bytes + Array("\nb: 1\n".utf8)
    let fault = #expect(throws: Fault.self) { try YAMLReader.read(text, file: "f") }
    #expect(fault?.code == "yaml_not_utf8")
    #expect(fault?.place == Place(file: "f", line: 1, column: 5))
  }
}

import ProjectRig
import Testing

/// Odd names and values reach SQL as what they are: names and values.
@Suite(.timeLimit(.minutes(5))) struct HostileNameTests {
  static let names = [
    "a\"b", "a'b", "a\\b", "select", "User", "Übergröße", "two words", "a.b", "$$", "${x}", "%s",
    "a;DROP TABLE witness;--",
    "/*", "--", "E'", "a\"\u{301}", "a'\u{301}", "日本語", "🌊", "\u{301}", "_run_id2", "ctid2", "s", "t", "n",
    "i", "null", "true",
    String(repeating: "n", count: 63), String(repeating: "ü", count: 31),
  ]

  /// Scalar by scalar: a combining letter behind a quote makes one character of both.
  private func escaped(_ text: String, _ escapes: [Unicode.Scalar: String]) -> String {
    text.unicodeScalars.reduce("") { $0 + (escapes[$1] ?? String($1)) }
  }

  private func quoted(_ name: String) -> String { "\"" + escaped(name, ["\"": "\"\""]) + "\"" }

  /// The inside of a double-quoted YAML scalar; with `${` as it stands for itself where references work.
  private func yaml(_ text: String, hasReferences: Bool = true) -> String {
    let escaped = escaped(text, ["\\": "\\\\", "\"": "\\\""])
    return hasReferences ? escaped.replacing("${", with: "$${") : escaped
  }

  @Test(arguments: ["append", "merge", "replace"]) func namesAndValues(_ mode: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE witness (x int)")
      for (number, name) in Self.names.enumerated() {
        let column = quoted(name)
        let literal = "'" + escaped(name, ["'": "''"]) + "'"
        let target = "target \(number) " + (name.utf8.count < 40 ? name : "long")
        try await project.sql(
          "DROP TABLE IF EXISTS \(column)", "SET standard_conforming_strings = on",
          "CREATE TABLE \(column) (\(column) text, \"value of\" int)",
          "INSERT INTO \(column) VALUES (\(literal), 1), (\(literal), 2), ('other', 4), (NULL, 8)",
          "ANALYZE \(column)")
        try project.write(
          "jobs/hostile.yaml",
          """
          version: 1
          job: hostile
          params: {wanted: {type: text, default: x}, place: {type: text, default: y}}
          source:
            connection: db
            table: ${params.place}
            where: "\(yaml(column)) = ${params.wanted}"
            chunk: {by: key, column: "\(yaml(name, hasReferences: false))", rows: 1}
          process:
            - filter: "\(yaml(column)) = ${params.wanted}"
          aggregate:
            group_by: ["\(yaml(name))"]
            measures: {"\(yaml("m " + String(name.prefix(20)), hasReferences: false))": "sum(\\"value of\\")"}
          store:
            - table: {connection: db, name: "\(yaml(quoted(target)))", mode: \(mode), create: true}
          limits: {parallelism: 2}

          """)
        let arguments = ["run", "hostile", "--set", "wanted=\(name)", "--set", "place=\(name)"]
        let run = try await project.run(arguments)
        #expect(run.status == 0, "\(name): \(run.output)")
        let again = try await project.run(arguments)
        #expect(again.status == 0, "\(name): \(again.output)")
        if run.status == 0 {
          let rows = try await project.rows("SELECT * FROM \(quoted(target)) LIMIT 1").map {
            Array($0.prefix(2))
          }
          #expect(rows == [[name, "3"]])
        }
      }
      #expect(try await project.rows("SELECT count(*) FROM witness") == [["0"]])
    }
  }
}

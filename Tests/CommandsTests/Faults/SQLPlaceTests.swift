import CaseFiles
import ProjectRig
import Testing

/// What the server refuses in a job's own SQL is told at the word that it means: `fixtures/jobs/refused` has the jobs, and
/// beside each what a command tells of it.
@Suite(.timeLimit(.minutes(5))) struct SQLPlaceTests {
  @Test(arguments: (try? Checkout.files(in: "fixtures/jobs/refused", ending: ".yaml")) ?? [])
  func theWordIsNamed(path: String) async throws {
    let expected = try Checkout.lines(path.replacing(".yaml", with: ".expected"))
    try #require(!expected.isEmpty)
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE many (id int PRIMARY KEY, n int, note text)")
      try project.write("jobs/bad.yaml", Checkout.text(path))
      for (_, line) in expected {
        let (command, place) = try #require(
          line.firstIndex(of: " ").map { (line[..<$0], line[$0...].dropFirst()) })
        let told = try await project.run([String(command), "bad"])
        #expect(told.output.contains("jobs/bad.yaml:\(place)"), "\(line) in \(told.output)")
        #expect(
          told.status != 0 && told.output.split(separator: "error[").count == 2, "one error: \(told.output)")
      }
    }
  }

  @Test func thereAreCases() throws {
    #expect(try Checkout.files(in: "fixtures/jobs/refused", ending: ".yaml").count >= 11)
  }
}

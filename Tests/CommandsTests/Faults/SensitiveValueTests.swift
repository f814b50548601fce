import ProjectRig
import Testing

/// Whatever a run is refused for, no value of a sensitive column is told.
@Suite(.timeLimit(.minutes(5))) struct SensitiveValueTests {
  private static let groups =
    "aggregate: {group_by: [born, name, id], measures: {last: max(name), n: count(*)}}"
  private static let file = "store: [{file: {path: out.csv}}]"

  @Test(arguments: [
    "\(groups)\nchecks: [{name: once, unique: [name]}]\n\(file)",
    "\(groups)\nchecks: [{name: none, every: n = 0}]\n\(file)",
    "\(groups)\nchecks: [{name: none, every: n = 0}, {name: once, unique: [last]}]\n\(file)",
    "process: [{select: [born, name, id]}]\nchecks: [{name: once, unique: [name]}]\n\(file)",
    "\(groups)\nstore: [{table: {connection: db, name: seen, mode: replace_window, window: born, create: true}}]",
    """
    \(groups)
    store: [{table: {connection: db, name: seen, mode: replace, scope: {name: other}, create: true}}]
    """,
    """
    process: [{lookup: {from: {connection: db, table: twice}, match: {name: name}, take: {note: note}}}]
    aggregate: {group_by: [note], measures: {n: count(*)}}
    \(file)
    """,
  ])
  func isNotTold(_ rest: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE people (id int, born date, name text)",
        "INSERT INTO people VALUES (1, '1971-03-04', 'SECRETNAME'), (2, '1971-03-04', 'SECRETNAME')",
        "CREATE TABLE twice (name text, note text)",
        "INSERT INTO twice VALUES ('SECRETNAME', 'a'), ('SECRETNAME', 'b')")
      try project.write(
        "jobs/people.yaml",
        """
        version: 1
        job: people
        interval: {span: day}
        source: {connection: db, table: people, sensitive: [born, name]}
        \(rest)

        """)
      let run = try await project.run(["run", "people", "--for", "2026-03-14"])
      #expect([1, 4].contains(run.status), "\(run.output)")
      let told = try await project.run(["show", "people"])
      let trail = try await project.run(["audit", "--json"])
      #expect(told.status == 0 && told.output.contains("failed"), "\(told.output)")
      #expect(trail.status == 0 && trail.output.contains("run_failed"), "\(trail.output)")
      for text in [run.output, told.output, trail.output] {
        #expect(!text.contains("SECRETNAME") && !text.contains("1971"), "\(text)")
      }
    }
  }
}

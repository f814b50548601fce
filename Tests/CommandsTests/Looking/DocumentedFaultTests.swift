import CaseFiles
import Model
import ProjectRig
import Testing

/// What `docs/operations.md` says of faults, their exit codes and failpoints is what the program has.
@Suite(.timeLimit(.minutes(2))) struct DocumentedFaultTests {
  @Test func faultsAreThoseOfTheirClass() async throws {
    try await TidemarkProject.with { project in
      let rows = try Checkout.lines("docs/operations.md").compactMap { line -> [String]? in
        let cells = line.text.split(separator: "|").map { $0.trimmingPrefix(" ") }
        guard cells.count == 3, let name = cells[0].split(separator: "`").first else { return nil }
        return FaultClass(rawValue: String(name)).map { [$0.rawValue, String(cells[1]), String(cells[2])] }
      }
      #expect(Set(rows.map { $0[0] }) == Set(FaultClass.allCases.map(\.rawValue)))
      for row in rows {
        let kind = try #require(FaultClass(rawValue: row[0]))
        #expect(row[1].hasPrefix("\(kind.exitCode.rawValue) "), "\(row[0]) ends with \(row[1])")
        for code in row[2].matches(of: /`([a-z_]+)`/) {
          let said = try await project.run(["explain", String(code.1)])
          #expect(said.output.contains("(class \(row[0]),"), "\(code.1) of \(row[0]): \(said.output)")
        }
      }
    }
  }

  @Test func failpointsAreTold() async throws {
    let text = try Checkout.text("docs/operations.md")
    try await TidemarkProject.with { project in
      let points = try await project.run(["failpoints"]).output.split(separator: "\n")
      try #require(points.count > 50)
      for point in points where !point.hasPrefix("state.") { #expect(text.contains(point), "\(point)") }
    }
  }
}

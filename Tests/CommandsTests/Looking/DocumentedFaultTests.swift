import CaseFiles
import Model
import ProjectRig
import Runtime
import Testing

/// What `docs/operations.md` and `explain` say of faults, their exit codes and failpoints is what the program has.
@Suite(.timeLimit(.minutes(5))) struct DocumentedFaultTests {
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

  @Test func everyCodeOfTheSourcesIsExplained() async throws {
    try await TidemarkProject.with { project in
      let listed = try JSONValue(parsing: try await project.run(["explain", "--json"]).output)
      var exits: [String: Set<Int>] = [:]
      for entry in listed["codes"]?.elements ?? [] {
        exits[entry["code"]?.stringValue ?? "", default: []].insert(entry["exit"]?.intValue ?? -1)
      }
      let known = Set(exits.keys)
      let sources = "\(Checkout.root)/Sources"
      var missing: Set<String> = []
      var unused = known.filter { $0.first?.isLetter == true }
      for text in try Self.swiftFiles(sources) {
        for match in text.matches(
          of: /\b(?:Fault|refuse|add|warn|report|fault)\(\s*"([a-z_0-9]+)",\s*(?:\.(\w+))?/)
        {
          if !known.contains(String(match.1)) { missing.insert(String(match.1)) }
          // What is a fault of Tidemark in one place may be somebody's in another; told is the latter.
          guard
            let kind = match.2.flatMap({ FaultClass(rawValue: $0 == "notFound" ? "not_found" : String($0)) }),
            kind != .internal
          else { continue }
          let isTold = exits[String(match.1)]?.contains(Int(kind.exitCode.rawValue)) == true
          #expect(isTold, "\(match.1) also ends with exit code \(kind.exitCode)")
        }
        for match in text.matches(of: /"([a-z_0-9]+)"/) { unused.remove(String(match.1)) }
        for match in text.matches(of: /sqlState: "(22[0-9A-Z]{3})"/) {
          if !known.contains(String(match.1)) { missing.insert(String(match.1)) }
        }
      }
      missing.subtract(["interval", "window"])
      #expect(missing == [])
      #expect(unused == [])
      let both = try await project.run(["explain", "out_of_range"])
      #expect(both.output.contains("exit code 3") && both.output.contains("exit code 1"), "\(both.output)")
      let one = try await project.run(["explain", "outside_window"])
      #expect(one.status == 0 && one.output.contains("exit code 4"), "\(one.output)")
      #expect(one.output.contains("outside_window  (outcome of a fire)"), "\(one.output)")
      let server = try await project.run(["explain", "unknown_column"]).output
      #expect(server.contains("(class validation,") && server.contains("(class not_found,"), "\(server)")
      let outcome = try await project.run(["explain", "already_done", "--json"]).output
      #expect(try JSONValue(parsing: outcome)["codes"]?.elements.map { $0["exit"] } == [.null])
      let deadlock = try await project.run(["explain", "40P01"])
      #expect(deadlock.output.contains("tries it again as `errors.retry` says"), "\(deadlock.output)")
      let state = try await project.run(["explain", "53300"])
      #expect(state.status == 0 && state.output.contains("too_many_connections"), "\(state.output)")
      let ofClass = try await project.run(["explain", "22P06"])
      #expect(ofClass.status == 0 && ofClass.output.contains("bad_value"), "\(ofClass.output)")
      for code in [
        "file_not_found", "file_permission", "read_only", "operator_intervention", "transaction_rolled_back",
        "postgres_error",
      ] {
        let said = try await project.run(["explain", code])
        #expect(said.status == 0 && !said.output.contains("A fault of Tidemark"), "\(said.output)")
      }
      let slip = try await project.run(["explain", "outside_windo"])
      #expect(slip.status == 3 && slip.output.contains("Did you mean `outside_window`?"), "\(slip.output)")
    }
  }

  private static func swiftFiles(_ folder: String) throws -> [String] {
    try FolderTree.names(in: folder).flatMap { name -> [String] in
      let path = folder + "/" + name
      if name.hasSuffix(".swift") {
        return [String(decoding: try FileContents.read(path, atMost: ByteCount(1 << 20)), as: UTF8.self)]
      }
      return name.contains(".") ? [] : try swiftFiles(path)
    }
  }
}

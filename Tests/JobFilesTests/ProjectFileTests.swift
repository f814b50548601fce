import Foundation
import JobFiles
import Model
import Testing

@Suite struct ProjectFileTests {
  private func read(_ texts: String...) -> Result<ProjectFile, Faults> {
    let files = texts.enumerated().map { ("\($0.offset).yaml", Array($0.element.utf8)) }
    return ProjectFile.read(files: files, root: "/srv/shop-reports")
  }

  private func faults(_ texts: String) -> [String] {
    guard case .failure(let faults) = read(texts) else { return [] }
    return faults.all.map { $0.line("error") }
  }

  @Test func withoutAFileTheFolderNamesTheProject() throws {
    let project = try read().get().project
    #expect(project.name == "shop-reports")
    #expect(project.output == "out")
    #expect(project.connections.isEmpty)
    #expect(project.files == [])
    #expect(try read("# remarks alone\n").get().project.name == "shop-reports")
  }

  @Test func laterFilesWinMappingByMapping() throws {
    let project = try read(
      """
      project: shop
      connections:
        shop: service=shop
        warehouse: {url: service=test, max_connections: 2, search_path: [reporting]}
      pools: {nightly: {runs: 4}}
      """,
      """
      connections: {warehouse: {url: "${env.WAREHOUSE_URL}"}}
      state: postgres:///state
      """
    ).get().project
    #expect(project.name == "shop")
    #expect(project.connections["shop"]?.url.literal == "service=shop")
    let warehouse = try #require(project.connections["warehouse"])
    #expect(warehouse.url.references.map(\.spelling) == ["env.WAREHOUSE_URL"])
    #expect(warehouse.maximumConnections == 2)
    #expect(warehouse.searchPath == ["reporting"])
    #expect(warehouse.ledgerSchema == "tidemark")
    #expect(project.pools == ["nightly": 4])
    #expect(project.state?.literal == "postgres:///state")
    #expect(project.files == ["0.yaml", "1.yaml"])
  }

  @Test func allFaultsAreTold() {
    #expect(
      faults(
        """
        conections: {}
        connections:
          a: {uri: x}
          b: "${params.x} ${env.Y}"
        pools: {p: 4}
        notifiers:
          n: {postgres: {connection: aa, channel: x}}
          m: {webhook: {url: "${env.A"}}
        defaults: {source: {}, limits: {paralelism: 1}, schedule: {every: 1h, cron: "@daily"}}
        """) == [
          "1:1: error[unknown_key]: There is no key `conections` in a project file | Did you mean `connections`?",
          "3:7: error[unknown_key]: There is no key `uri` in a connection | Did you mean `url`?",
          "4:7: error[reference_refused]: `${params.x}` cannot stand in a project file"
            + " | Only env, file and credential can stand here",
          "5:12: error[wrong_type]: `p` takes a mapping, but is a number | Write {runs: ...}",
          "7:30: error[unknown_connection]: There is no connection `aa` | Did you mean `a`?",
          "8:23: error[bad_reference]: A `${` is not closed by `}` | Write `$${` for the text `${` itself",
          "9:12: error[unknown_key]: There is no key `source` in `defaults` | Every job has its own `source`",
          "9:33: error[unknown_key]: There is no key `paralelism` in `limits` | Did you mean `parallelism`?",
          "9:71: error[conflicting_keys]: A schedule takes only one of `every` and `cron` | Keep one of them",
        ])
  }

  @Test(arguments: [
    ("postgresql://reader:hunter2@db/shop", true), ("postgresql://reader@db/shop", false),
    ("host=db password=hunter2", true), ("postgres://db/shop?password=hunter2&x=y", true),
    ("postgresql://reader:${env.PASSWORD}@db/shop", false), ("service=shop", false),
    ("postgresql://[::1]:5432/shop", false), ("password=${file:pw} host=db", false),
  ])
  func passwordsInTheFileAreWarnedOfAndNotRepeated(url: String, isWarned: Bool) throws {
    let reading = try read("connections: {shop: \"\(url)\"}").get()
    #expect(reading.warnings.map(\.code) == (isWarned ? ["secret_in_file"] : []))
    #expect(!reading.warnings.contains { "\($0)".contains("hunter2") })
  }

  /// A project that an earlier version took still runs: a notifier fails no run.
  @Test func aNotifierThatMayTakeTooLongIsCutAndWarnedOf() throws {
    let reading = try read("notifiers: {ops: {command: {run: [cat], timeout: 5m}}}").get()
    #expect(reading.project.notifiers["ops"] == .command(["cat"], timeout: .seconds(90)))
    #expect(
      reading.warnings.map { $0.line("warning") } == [
        "1:50: warning[out_of_range]: A notifier's `timeout` is 1m30s at most, and is taken for that"
          + " | Others wait behind it: have the command hand what takes longer to another program"
      ])
  }

  @Test func aMissingConfigIsAFault() {
    let result = ProjectFile.read(root: "/", configs: ["/no/such.yaml"])
    guard case .failure(let faults) = result else { return #expect(Bool(false)) }
    #expect(faults.all.map(\.code) == ["file_missing"])
  }
}

/// Jobs are found by path, by file name and by `job:`.
@Suite struct JobFolderTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "tidemark-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: root + "/jobs", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (name, text) in [
      ("a.yaml", "timezone: UTC\n"), ("b.yml", "job: bee\n"), ("c.yaml", "job: [\n"), ("notes.txt", ""),
      (".hidden.yaml", ""),
    ] {
      try text.write(toFile: "\(root)/jobs/\(name)", atomically: true, encoding: .utf8)
    }
    try body(root)
  }

  @Test func listsAndFinds() throws {
    try withFolder { root in
      let jobs = root + "/jobs/"
      #expect(try JobFolder.list(root: root) == ["a.yaml", "b.yml", "c.yaml"].map { jobs + $0 })
      for (text, name, file) in [
        ("a", "a", "a.yaml"), ("bee", "bee", "b.yml"), ("b", "bee", "b.yml"), ("c", "c", "c.yaml"),
        ("jobs/a.yaml", "a", "a.yaml"), (jobs + "b.yml", "bee", "b.yml"),
        ("jobs/../jobs/b.yml", "bee", "../jobs/b.yml"),
      ] {
        let found = try JobFolder.find(text, root: root)
        #expect(found.name == name && found.path == jobs + file, "\(text): \(found)")
      }
      let fault = #expect(throws: Fault.self) { try JobFolder.find("be", root: root) }
      #expect(fault?.code == "unknown_job")
      #expect(fault?.hint == "Did you mean `bee`?")
    }
  }

  @Test func theJobOfARunIsFoundByItsNameAlone() throws {
    try withFolder { root in
      let path = try JobFolder.file(of: JobName("bee"), root: root)
      #expect(path == root + "/jobs/b.yml")
      let fault = #expect(throws: Fault.self) { try JobFolder.file(of: JobName("b"), root: root) }
      #expect(fault?.code == "unknown_job")
    }
  }

  /// A name that two files have is refused however the file is named: both would share their runs.
  @Test func twinsAreRefusedByWhateverName() throws {
    try withFolder { root in
      try "job: bee\n".write(toFile: root + "/jobs/d.yaml", atomically: true, encoding: .utf8)
      for text in ["bee", "b", "d", "jobs/b.yml", "jobs/d.yaml", root + "/jobs/../jobs/d.yaml"] {
        let fault = #expect(throws: Fault.self) { try JobFolder.find(text, root: root) }
        #expect(fault?.code == "ambiguous_job", "\(text)")
      }
      #expect(throws: Fault.self) { try JobFolder.file(of: JobName("bee"), root: root) }
      // A draft of a job elsewhere is read by its path.
      try "job: bee\n".write(toFile: root + "/draft.yaml", atomically: true, encoding: .utf8)
      let draft = try JobFolder.find(root + "/draft.yaml", root: root)
      #expect(draft.name == "bee")
    }
  }

  @Test func withoutAFolderOfJobsThereIsNoProject() throws {
    let fault = #expect(throws: Fault.self) { try JobFolder.list(root: "/nowhere") }
    #expect(fault?.code == "no_project" && fault?.hint?.contains("--project") == true)
  }

  @Test func filesThatOthersMayWriteAreRefusedToRoot() throws {
    try withFolder { root in
      let path = root + "/jobs/a.yaml"
      #expect(chmod(path, 0o666) == 0)
      guard case .failure(let faults) = JobFile.read(path: path, project: try Fixtures.project()) else {
        return #expect(Bool(false))
      }
      #expect(faults.all.contains { $0.code == "file_unsafe" } == (geteuid() == 0))
    }
  }

  @Test func foldersAndPipesAreNoJobFiles() throws {
    try withFolder { root in
      #expect(mkfifo(root + "/pipe", 0o600) == 0)
      for path in [root, root + "/pipe", "/dev/zero", root + "/none.yaml"] {
        guard case .failure(let faults) = JobFile.read(path: path, project: try Fixtures.project()) else {
          return #expect(Bool(false))
        }
        #expect(faults.all.map(\.kind) == [.notFound])
      }
    }
  }
}

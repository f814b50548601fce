import Glibc
import ProjectRig
import Runtime
import Testing

/// Files appear whole, with the same bytes each time, and inside the output folder only.
@Suite(.timeLimit(.minutes(5))) struct FileSinkTests {
  @Test func zippedFilesHaveTheSameBytes() async throws {
    try await SinkWorld.with { world in
      let sinks = ["file: {path: a.csv.gz}", "file: {path: deep/b.jsonl.gz}"]
      #expect(try await world.run(sinks[0], sinks[1]).status == 0)
      let first = try (world.project.read("out/a.csv.gz"), world.project.read("out/deep/b.jsonl.gz"))
      #expect(first.0?.prefix(3) == [0x1F, 0x8B, 8])
      // No time of day in the header, or no two runs would agree.
      #expect(first.0?[4..<8] == [0, 0, 0, 0])
      #expect(try await world.run(sinks[0], sinks[1], again: true).status == 0)
      #expect(try world.project.read("out/a.csv.gz") == first.0)
      #expect(try world.project.read("out/deep/b.jsonl.gz") == first.1)
    }
  }

  @Test func aPathMayGoThroughTheOutputFolder() async throws {
    try await SinkWorld.with { world in
      let run = try await world.run("file: {path: out/a.csv}", "file: {path: b.csv}")
      #expect(run.status == 0, "\(run.output)")
      #expect(try FolderTree.names(in: world.project.path("out")).sorted() == ["a.csv", "b.csv"])
    }
  }

  @Test func aFileThatIsThereMayBeKept() async throws {
    try await SinkWorld.with { world in
      try world.project.write("out/kept.csv", "mine")
      for _ in 1...2 {
        let run = try await world.run("file: {path: kept.csv, if_exists: fail}")
        #expect(run.status == 8 && run.output.contains("error[file_exists]"), "\(run.output)")
        #expect(try world.project.read("out/kept.csv") == Array("mine".utf8))
      }
      #expect(try FolderTree.names(in: world.project.path("out")) == ["kept.csv"])
    }
  }

  /// One that comes while the run is at work is not the run's; the run's own is known again.
  @Test(arguments: ["file.before_rename:1:kill", "file.after_rename:1:kill"])
  func aFileThatComesMeanwhileIsKept(_ place: String) async throws {
    try await SinkWorld.with { world in
      let sink = "file: {path: kept.csv, if_exists: fail}"
      let killed = try await world.run(sink, failpoint: place)
      #expect(killed.wasKilled, "\(killed.output)")
      let isMine = place.contains("before")
      if isMine { try world.project.write("out/kept.csv", "mine") }
      let mine = try world.project.read("out/kept.csv")
      for _ in 1...2 {
        let run = try await world.run(sink)
        #expect(run.status == (isMine ? 8 : 0) && run.output.contains("error[file_exists]") == isMine)
        #expect(try world.project.read("out/kept.csv") == mine)
      }
      #expect(try FolderTree.names(in: world.project.path("out")) == ["kept.csv"])
    }
  }

  /// Each is refused, and what is outside stays as it is.
  @Test(
    arguments: [
      "../outside.csv", "a/../../outside.csv", "..", "/tmp/outside.csv", "/", "a//b.csv", "./a.csv",
      "link/a.csv",
      "linked.csv", "pipe.csv", "folder", "a/", String(repeating: "n", count: 256) + ".csv",
      "plain.txt/a.csv",
    ])
  func pathsThatLeadOut(_ path: String) async throws {
    try await SinkWorld.with { world in
      let project = world.project
      mkdir(project.path("elsewhere"), 0o755)
      mkdir(project.path("out/folder"), 0o755)
      try project.write("elsewhere/target.csv", "mine")
      try project.write("out/plain.txt", "mine")
      symlink(project.path("elsewhere"), project.path("out/link"))
      symlink(project.path("elsewhere/target.csv"), project.path("out/linked.csv"))
      mkfifo(project.path("out/pipe.csv"), 0o644)
      let run = try await world.run("file: {path: \"\(path)\", format: csv}")
      #expect(run.status == 3 && run.output.contains("_path]"), "\(run.output)")
      #expect(try FolderTree.names(in: project.path("elsewhere")) == ["target.csv"])
      #expect(try project.read("elsewhere/target.csv") == Array("mine".utf8))
      #expect(
        try Set(FolderTree.names(in: project.path("out")))
          .isSubset(of: ["link", "linked.csv", "pipe.csv", "folder", "plain.txt"]))
      #expect(access(project.path("outside.csv"), F_OK) != 0)
    }
  }
}

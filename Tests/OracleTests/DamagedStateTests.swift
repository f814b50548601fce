import Glibc
import Model
import ProjectRig
import Runtime
@testable import StateStore
import Testing

/// What is damaged in the state between a crash and the resume is found, named and computed again, and the result is
/// that of an undisturbed run.
@Suite(.timeLimit(.minutes(5))) struct DamagedStateTests {
  private static func job(_ name: String, measure: String = "sum(money)") -> String {
    """
    version: 1
    job: \(name)
    source: {connection: db, table: many_rows, chunk: {by: key, column: row_no, rows: 2000}}
    aggregate: {group_by: [hot], measures: {n: count(*), total: "\(measure)", kinds: count(distinct k_num)}}
    store: {file: {path: \(name).csv}}
    limits: {parallelism: 2, memory: 1kB}

    """
  }

  /// Runs `body` with a project whose job `damaged` was killed once all its chunks were finished, with the bytes that
  /// it is to make, and with how many chunks it has.
  private func withKilledRun(
    _ body: (_ project: TidemarkProject, _ result: [UInt8], _ chunks: Int) async throws -> Void
  ) async throws {
    try await TidemarkProject.withManyRows { project in
      for name in ["whole", "damaged"] { try project.write("jobs/\(name).yaml", Self.job(name)) }
      #expect(try await project.run(["run", "whole"]).status == 0)
      #expect(try await project.run(["run", "damaged"], failpoint: "read.done:1:kill").wasKilled)
      let result = try #require(try project.read("out/whole.csv"))
      let chunks = try await withStore(of: project) { tx in
        try await tx.rows("SELECT chunk FROM chunks WHERE run_id = (SELECT max(run_id) FROM runs)", []).count
      }
      #expect(chunks > 4)
      try await body(project, result, chunks)
    }
  }

  /// Opens the state as any other program might, and closes it, so that all of it is in its one file.
  private func withStore<Output: Sendable>(
    of project: TidemarkProject, _ body: @escaping @Sendable (any StateTransaction) async throws -> Output
  ) async throws -> Output {
    let store = try await Store.openSQLite(path: project.path(".tidemark/state.db")) {
      Instant(microseconds: 0)
    }
    let output = try await store.database.transaction(.write(.dropChunks), body)
    await store.close()
    return output
  }

  @Test func everyDamagedFrameIsFound() async throws {
    try await withKilledRun { project, result, chunks in
      let bytes = try #require(try project.read(".tidemark/state.db"))
      let magic = Array("TMB\u{1}".utf8)
      let frames = bytes.indices.filter { bytes[$0...].starts(with: magic) }
      // The two plans and the chunks of both jobs; the one that succeeded may have kept its own.
      #expect(frames.count > chunks)
      var named = 0
      for (number, frame) in frames.enumerated() {
        var damaged = bytes
        // The version, a length, the checksum, the first of the contents.
        damaged[frame + [3, 5, 13, 22][number % 4]] ^= 1 << UInt8(number % 8)
        try write(damaged, to: project)
        let run = try await project.run(["run", "damaged"])
        #expect(run.status == 0, "frame \(number): \(run.output)")
        if run.output.contains("chunk_damaged") || run.output.contains("plan_damaged") { named += 1 }
        #expect(try project.read("out/damaged.csv") == result, "frame \(number)")
      }
      // Those of the killed run: its plan and its chunks.
      #expect(named == chunks + 1)
    }
  }

  @Test func cutMissingForeignAndNewerBlocksAreFound() async throws {
    try await withKilledRun { project, result, _ in
      try project.write("jobs/other.yaml", Self.job("other", measure: "max(money)"))
      #expect(try await project.run(["run", "other"], failpoint: "read.done:1:kill").wasKilled)
      // Aggregates the same, over other rows.
      let like = Self.job("like").replacing("table: many_rows,", with: "table: many_rows, where: id < 200,")
      try project.write("jobs/like.yaml", like)
      #expect(try await project.run(["run", "like"], failpoint: "read.done:1:kill").wasKilled)
      try await withStore(of: project) { _ in }
      let bytes = try #require(try project.read(".tidemark/state.db"))
      let changes: [(String, StaticString)] = [
        (
          "cut",
          """
          UPDATE blocks SET frame = substr(frame, 1, length(frame) - 3) WHERE kind = 'partial' AND part = 2
          AND run_id = (SELECT run_id FROM runs WHERE job = 'damaged')
          """
        ),
        (
          "empty",
          """
          UPDATE blocks SET frame = x'' WHERE kind = 'partial'
          AND run_id = (SELECT run_id FROM runs WHERE job = 'damaged')
          """
        ),
        (
          "missing",
          """
          DELETE FROM blocks WHERE kind = 'partial' AND part = 3
          AND run_id = (SELECT run_id FROM runs WHERE job = 'damaged')
          """
        ),
        (
          "of a newer version",
          """
          UPDATE blocks SET frame = CAST(x'544D4209' || substr(frame, 5) AS BLOB) WHERE kind = 'partial' AND part = 1
          AND run_id = (SELECT run_id FROM runs WHERE job = 'damaged')
          """
        ),
        (
          "another job's",
          """
          UPDATE blocks SET frame = (
            SELECT frame FROM blocks AS b WHERE b.kind = 'partial' AND b.part = 2 AND b.block = 0
            AND b.run_id = (SELECT run_id FROM runs WHERE job = 'other'))
          WHERE kind = 'partial' AND part = 2 AND block = 0
          AND run_id = (SELECT run_id FROM runs WHERE job = 'damaged')
          """
        ),
        (
          "another chunk's",
          """
          UPDATE blocks SET frame = (
            SELECT frame FROM blocks AS b WHERE b.kind = 'partial' AND b.part = 3 AND b.block = 0
            AND b.run_id = blocks.run_id)
          WHERE kind = 'partial' AND part = 2 AND block = 0
          AND run_id = (SELECT run_id FROM runs WHERE job = 'damaged')
          """
        ),
        (
          "of a like job",
          """
          UPDATE blocks SET frame = (
            SELECT frame FROM blocks AS b WHERE b.kind = 'partial' AND b.part = 2 AND b.block = 0
            AND b.run_id = (SELECT run_id FROM runs WHERE job = 'like'))
          WHERE kind = 'partial' AND part = 2 AND block = 0
          AND run_id = (SELECT run_id FROM runs WHERE job = 'damaged')
          """
        ),
        (
          "a cut plan",
          """
          UPDATE blocks SET frame = substr(frame, 1, 30) WHERE kind = 'plan'
          AND run_id = (SELECT run_id FROM runs WHERE job = 'damaged')
          """
        ),
      ]
      for (name, change) in changes {
        try write(bytes, to: project)
        let changed = try await withStore(of: project) { tx in try await tx.run(change, []) }
        #expect(changed > 0, "\(name)")
        let run = try await project.run(["run", "damaged"])
        #expect(run.status == 0, "\(name): \(run.output)")
        #expect(run.output.contains(name == "a cut plan" ? "plan_damaged" : "chunk_damaged"), "\(name)")
        #expect(try project.read("out/damaged.csv") == result, "\(name)")
      }
    }
  }

  @Test func spillFilesAreGoneAfterTheRun() async throws {
    try await TidemarkProject.withManyRows { project in
      try project.write("jobs/damaged.yaml", Self.job("damaged"))
      let scratch = project.path(".tidemark/scratch")
      // While the third chunk is computed, with runs on the disk.
      #expect(try await project.run(["run", "damaged"], failpoint: "chunk.read:3:kill").wasKilled)
      let left = try FolderTree.names(in: scratch)
      #expect(left.count == 1)
      #expect(try FolderTree.names(in: "\(scratch)/\(left[0])").count > 1)
      #expect(try await project.run(["run", "damaged"]).status == 0)
      #expect(try FolderTree.names(in: scratch) == [])
    }
  }

  /// Puts the state file back as the kill left it, but for what `change` does to it.
  private func write(_ bytes: [UInt8], to project: TidemarkProject) throws {
    for name in ["state.db", "state.db-wal", "state.db-shm"] { unlink(project.path(".tidemark/\(name)")) }
    let file = try FileDescriptor(project.path(".tidemark/state.db"), O_WRONLY | O_CREAT | O_TRUNC)
    try file.write(bytes)
  }
}

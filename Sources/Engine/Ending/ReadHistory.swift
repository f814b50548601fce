internal import Model
internal import StateStore

/// How a run came by its rows: the snapshots that its chunks were read under, and what became of chunks that were done
/// when it was gone on with.
///
/// Each chunk's snapshot is kept with its checkpoint and each verdict in the audit trail, so that the receipt has all of
/// them, however often the run was resumed.
struct ReadHistory: Sendable {
  private struct Snapshot {
    /// `nil` of a chunk that an earlier version has read.
    var connection: String?
    var snapshot: String
    var chunks: Int
  }

  private var snapshots: [Snapshot] = []
  private let resumptions: [EventRecord]

  init(_ chunks: [ChunkRecord], _ events: [EventRecord]) {
    for proof in chunks.map(\.proof) {
      // Pages of a replay are read out of the state.
      guard let snapshot = proof["snapshot"]?.stringValue else { continue }
      let connection = proof["connection"]?.stringValue
      if let known = snapshots.firstIndex(where: { $0.connection == connection && $0.snapshot == snapshot }) {
        snapshots[known].chunks += 1
      } else {
        snapshots.append(Snapshot(connection: connection, snapshot: snapshot, chunks: 1))
      }
    }
    resumptions = events.filter { $0.name == "run_resumed" }
  }

  /// What a checkpoint notes of its chunk, beside the snapshot itself.
  static func note(connection: String) -> JSONValue.Member { .init("connection", .string(connection)) }

  /// The most snapshots that one connection was read under.
  var snapshotsOfOneConnection: Int {
    Dictionary(grouping: snapshots, by: \.connection).values.map(\.count).max() ?? 0
  }

  /// For receipts.
  var members: [JSONValue.Member] {
    [
      .init(
        "snapshots",
        .array(
          snapshots.map {
            .object([
              .init("connection", .optional($0.connection)), .init("snapshot", .string($0.snapshot)),
              .init("chunks", .integer($0.chunks)),
            ])
          })),
      .init(
        "resumed",
        .array(resumptions.map { .object([.init("at", .string($0.at.text()))] + $0.body.members) })),
    ]
  }
}

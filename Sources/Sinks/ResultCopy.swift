package import Compute
package import Model
package import Postgres

/// Hands a result to a COPY that is going on, batch by batch.
package final class ResultCopy: ResultOutput {
  private let writer: CopyWriter
  private let encoder: CopyEncoder
  private let hash: ResultHash
  private var header: [UInt8]? = CopyEncoder.header
  package private(set) var rows: Int64 = 0

  /// - Throws: `Fault` `no_hash`.
  package init(schema: [ColumnSchema], to writer: CopyWriter) throws(Fault) {
    self.writer = writer
    encoder = CopyEncoder(schema)
    hash = try ResultHash()
  }

  /// - Throws: what the server says, or a lost connection.
  package nonisolated(nonsending) func append(_ batch: borrowing Batch) async throws {
    try await writeHeader()
    var pieces = encoder.pieces(of: batch)
    while let piece = pieces.next() {
      try hash.update(piece)
      try await writer.write(piece)
    }
    rows += Int64(batch.rows.count)
  }

  private nonisolated(nonsending) func writeHeader() async throws {
    if let header = header.take() { try await writer.write(header) }
  }

  /// Ends the stream of the COPY, which its owner then ends.
  /// - Returns: the result's hash.
  /// - Throws: as `append`.
  package nonisolated(nonsending) func finish() async throws -> String {
    try await writeHeader()
    try await writer.write(CopyEncoder.trailer)
    return try hash.finish()
  }
}

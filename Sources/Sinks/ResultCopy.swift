package import Compute
package import Model
package import Postgres

/// Hands a result to a COPY that is going on, batch by batch.
package final class ResultCopy: ResultOutput {
  private let writer: CopyWriter
  private let encoder: CopyEncoder
  private let hash: ResultHash
  private var bytes = CopyEncoder.header
  package private(set) var rows: Int64 = 0

  /// - Throws: `Fault` `no_hash`.
  package init(schema: [ColumnSchema], to writer: CopyWriter) throws(Fault) {
    self.writer = writer
    encoder = CopyEncoder(schema)
    hash = try ResultHash()
  }

  /// - Throws: what the server says, or a lost connection.
  package nonisolated(nonsending) func append(_ batch: borrowing Batch) async throws {
    let start = bytes.count
    encoder.append(batch, to: &bytes)
    try hash.update(bytes[start...])
    rows += Int64(batch.rows.count)
    try await writer.write(bytes)
    bytes.removeAll(keepingCapacity: true)
  }

  package nonisolated(nonsending) func finish() async throws -> String {
    try await writer.write(bytes + CopyEncoder.trailer)
    return try hash.finish()
  }
}

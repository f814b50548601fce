package import Compute

/// Takes a result while it is merged: encodes it as COPY takes it, and hashes it as it comes, so that two runs can be
/// told to have made the same bytes.
package protocol ResultOutput: AnyObject {
  /// Rows so far.
  var rows: Int64 { get }

  nonisolated(nonsending) func append(_ batch: borrowing Batch) async throws

  /// Ends the result.
  /// - Returns: the hash of all rows in order, in hexadecimal.
  nonisolated(nonsending) func finish() async throws -> String
}

extension ResultSpool: ResultOutput {}

import Compute
import Model

/// The rows of a COPY stream that comes in pieces of so many bytes.
func decodedRows(
  _ stream: [UInt8], _ schema: [ColumnSchema], format: CopyFormat = .binary, piece: Int
) throws -> [[Value]] {
  var decoder = CopyDecoder(schema, format: format)
  var rows: [[Value]] = []
  try stream.withUnsafeBytes { all in
    var position = 0
    while position < all.count {
      let end = position + min(piece, all.count - position)
      var rest = UnsafeRawBufferPointer(rebasing: all[position..<end])
      while try decoder.decode(&rest) == .full { rows += take(&decoder) }
      position = end
    }
  }
  try decoder.finish()
  return rows + take(&decoder)
}

private func take(_ decoder: inout CopyDecoder) -> [[Value]] {
  decoder.sealBatch()
  let columns = decoder.columns
  let rows = (0..<decoder.count).map { row in columns.map { $0.value(at: row) } }
  decoder.startBatch()
  return rows
}

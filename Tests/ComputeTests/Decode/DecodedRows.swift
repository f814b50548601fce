import Compute
import Model
import Seeds

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

/// Decodes arbitrary bytes behind `header`, and `sound` with bytes changed, cut and doubled, in pieces of any length: each
/// must end in rows or a fault.
/// - Returns: how they ended.
func outcomesOfDamage(
  to sound: [UInt8], _ schema: [ColumnSchema], format: CopyFormat, header: [UInt8]
) throws -> Set<String> {
  let cases = GeneratedCases(3_000)
  var outcomes: Set<String> = []
  for number in 0..<cases.count {
    var numbers = cases.numbers(number)
    var bytes = sound
    switch number % 4 {
    case 0: bytes = header + (0..<numbers.below(200)).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    case 1:
      let (first, second) = (numbers.below(bytes.count), numbers.below(bytes.count))
      let part = bytes[min(first, second)..<max(first, second)]
      if numbers.oneIn(2) {
        bytes.removeSubrange(part.indices)
      } else {
        bytes.insert(contentsOf: part, at: first)
      }
    default:
      for _ in 0...numbers.below(4) {
        bytes[numbers.below(bytes.count)] =
          numbers.oneIn(3)
          ? numbers.pick([0, 1, 0x7F, 0x80, 0xFF]) : UInt8(truncatingIfNeeded: numbers.next())
      }
    }
    do {
      let rows = try decodedRows(bytes, schema, format: format, piece: 1 + numbers.below(300))
      outcomes.insert("\(rows.count) rows")
    } catch let fault as Fault {
      outcomes.insert(fault.code)
    }
  }
  return outcomes
}

internal import Compute
internal import Formats
internal import Model
internal import Planning
internal import Runtime

/// A CSV file with a header that a lookup reads, relative to the project.
struct LookupFile {
  private let path: String
  private let bytes: [UInt8]

  /// What a lookup file may hold.
  private static let maximum = ByteCount.megabytes(256)

  /// - Throws: a `SystemFault`, or `file_too_large`.
  init(_ path: String, root: String) throws(Fault) {
    self.path = path
    bytes = try FileContents.read(Path.joined(path, to: root), atMost: LookupFile.maximum)
  }

  /// The table of the file's rows. Its columns are text.
  /// - Throws: `Fault` `bad_csv`, `lookup_too_large`, `lookup_duplicate_key`.
  func load(_ lookup: PlannedLookup, columns: [String]) throws(Fault) -> LookupTable {
    let schema = lookup.key + lookup.payload
    var reader = try CSVReader(bytes, file: path)
    let header = reader.header
    let positions = columns.compactMap { name in header.firstIndex(of: name) }
    var builder = LookupTableBuilder(
      name: lookup.step, keys: lookup.key, payload: lookup.payload, onDuplicate: lookup.onDuplicate,
      maximumRows: lookup.maximumRows)
    var batch = schema.map { Column($0.type) }
    while let row = try reader.next() {
      for (column, position) in zip(batch, positions) {
        column.append(row[position].map { .text($0) } ?? .null)
      }
      if batch[0].count == Column.capacity {
        try builder.add(Batch(schema: schema, columns: batch))
        batch = schema.map { Column($0.type) }
      }
    }
    try builder.add(Batch(schema: schema, columns: batch))
    return try builder.finish()
  }

  var header: [String] {
    get throws(Fault) { try CSVReader(bytes, file: path).header }
  }
}

internal import Model

/// The statements of this room's `.sql` files, which are part of the program.
enum EmbeddedSQL {
  static let relation = read(PackageResources.relation_sql)
  static let columns = read(PackageResources.columns_sql)
  static let indexes = read(PackageResources.indexes_sql)
  static let partitions = read(PackageResources.partitions_sql)
  static let types = read(PackageResources.types_sql)
  static let server = read(PackageResources.server_sql)

  private static func read(_ bytes: [UInt8]) -> SQLText {
    SQLText(trusted: String(decoding: bytes, as: UTF8.self))
  }
}

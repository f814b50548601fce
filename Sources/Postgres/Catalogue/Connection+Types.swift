internal import Model

/// What a database knows a type and its modifier by.
struct TypeNumber: Hashable {
  var oid: UInt32
  var modifier: Int32
}

extension Connection {
  /// The types that numbers stand for, in their order. The server is asked for those only that Tidemark does not know.
  func types(_ numbers: [TypeNumber]) async throws -> [SQLType] {
    let known = numbers.map { SQLType(oid: $0.oid, modifier: $0.modifier) }
    let unknown = Array(Set(zip(numbers, known).filter { $1 == nil }.map(\.0)))
    if unknown.isEmpty { return known.compactMap { $0 } }
    func list(_ items: [String]) -> String { "{" + items.joined(separator: ",") + "}" }
    let parameters = [list(unknown.map { "\($0.oid)" }), list(unknown.map { "\($0.modifier)" })]
    var types: [TypeNumber: SQLType] = [:]
    for row in try await query(EmbeddedSQL.types, parameters.map { .text($0) }).rows {
      let number = TypeNumber(
        oid: try row.integer("oid", as: UInt32.self), modifier: try row.integer("modifier", as: Int32.self))
      types[number] = SQLType(
        oid: number.oid, modifier: -1, isEnum: try row.boolean("is_enum"), name: try row.string("name"),
        declared: try row.text("declared"))
    }
    return zip(numbers, known).map { number, known in
      known ?? types[number] ?? .opaque(oid: number.oid, name: "type \(number.oid)")
    }
  }
}

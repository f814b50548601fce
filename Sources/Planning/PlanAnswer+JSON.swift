package import Model

/// Answers as they are saved, so that a plan can be made again without asking anybody.
extension PlanAnswer {
  package var json: JSONValue {
    switch self {
    case .server(let facts):
      .object([
        .init("kind", .string("server")), .init("version", .integer(facts.version)),
        .init("system", .string(facts.database)),
      ])
    case .relation(let facts): .object([.init("kind", .string("relation")), .init("facts", facts.json)])
    case .columns(let columns):
      .object([.init("kind", .string("columns")), .init("columns", .array(columns.map(\.json)))])
    case .estimate(let estimate):
      .object([
        .init("kind", .string("estimate")), .init("rows", .number("\(estimate.rows)")),
        .init("width", .integer(estimate.width)), .init("cost", .number("\(estimate.cost)")),
        .init("relations", .array(estimate.relations.map(\.json))),
        .init(
          "scans",
          .array(
            estimate.scans.map {
              .array([.string($0.node), $0.relation?.json ?? .null, .optional($0.index)])
            })),
      ])
    case .rows(let rows):
      .object([
        .init("kind", .string("rows")),
        .init("rows", .array(rows.map { .array($0.map(JSONValue.optional)) })),
      ])
    case .fileHeader(let names):
      .object([.init("kind", .string("header")), .init("names", .array(names.map(JSONValue.string)))])
    }
  }

  /// - Throws: `Fault` `bad_plan`.
  package init(json: JSONValue) throws(Fault) {
    switch json["kind"]?.stringValue {
    case "server":
      self = .server(
        ServerFacts(version: try json.int("version"), database: try json.string("system")))
    case "relation": self = .relation(try TableFacts(json: json.member("facts")))
    case "columns":
      var columns: [ColumnSchema] = []
      for column in try json.member("columns").elements { columns.append(try ColumnSchema(json: column)) }
      self = .columns(columns)
    case "estimate":
      var relations: [QualifiedName] = []
      for name in try json.member("relations").elements { relations.append(try QualifiedName(json: name)) }
      var scans: [QueryEstimate.Scan] = []
      for scan in try json.member("scans").elements {
        let parts = scan.elements
        guard parts.count == 3, let node = parts[0].stringValue else { throw JSONValue.badPlan }
        scans.append(
          QueryEstimate.Scan(
            node: node, relation: parts[1] == .null ? nil : try QualifiedName(json: parts[1]),
            index: parts[2].stringValue))
      }
      self = .estimate(
        QueryEstimate(
          rows: try json.number("rows"), width: try json.int("width"), cost: try json.number("cost"),
          relations: relations, scans: scans))
    case "rows":
      self = .rows(try json.member("rows").elements.map { $0.elements.map(\.stringValue) })
    case "header": self = .fileHeader(try json.member("names").elements.compactMap(\.stringValue))
    default: throw JSONValue.badPlan
    }
  }
}

extension JSONValue {
  static var badPlan: Fault {
    Fault(
      "bad_plan", .data, "What the run was planned by cannot be read back from the state store",
      hint: "Run `tidemark state check`")
  }

  fileprivate func member(_ name: String) throws(Fault) -> JSONValue {
    guard let value = self[name] else { throw JSONValue.badPlan }
    return value
  }

  fileprivate func string(_ name: String) throws(Fault) -> String {
    guard let text = self[name]?.stringValue else { throw JSONValue.badPlan }
    return text
  }

  fileprivate func int(_ name: String) throws(Fault) -> Int {
    guard let number = self[name]?.intValue else { throw JSONValue.badPlan }
    return number
  }

  fileprivate func number(_ name: String) throws(Fault) -> Double {
    guard let number = self[name]?.doubleValue else { throw JSONValue.badPlan }
    return number
  }

  fileprivate func boolean(_ name: String) throws(Fault) -> Bool {
    guard let value = self[name]?.boolValue else { throw JSONValue.badPlan }
    return value
  }
}

extension QualifiedName {
  fileprivate var json: JSONValue { .array([.optional(schema?.name), .string(name.name)]) }

  fileprivate init(json: JSONValue) throws(Fault) {
    guard json.elements.count == 2, let name = json.elements[1].stringValue else { throw JSONValue.badPlan }
    self.init(schema: json.elements[0].stringValue.map { Identifier($0) }, name: Identifier(name))
  }
}

extension ColumnSchema {
  fileprivate var json: JSONValue {
    .object([
      .init("name", .string(name)), .init("type", type.json), .init("nullable", .boolean(isNullable)),
      .init("sensitive", .boolean(isSensitive)), .init("nondeterministic", .boolean(isNondeterministic)),
    ])
  }

  fileprivate init(json: JSONValue) throws(Fault) {
    self.init(
      name: try json.string("name"), type: try SQLType(json: json.member("type")),
      isNullable: try json.boolean("nullable"), isSensitive: try json.boolean("sensitive"),
      isNondeterministic: try json.boolean("nondeterministic"))
  }
}

extension TableFacts {
  fileprivate var json: JSONValue {
    .object([
      .init("name", name.json), .init("kind", .string(kind.rawValue)), .init("heap", .boolean(isHeap)),
      .init("pages", .integer(pages)), .init("rows", .number("\(estimatedRows)")),
      .init("partitions", .array(partitions.map(\.json))),
      .init(
        "columns",
        .array(
          columns.map {
            .object([
              .init("name", .string($0.name)), .init("type", $0.type.json),
              .init("nullable", .boolean($0.isNullable)),
            ])
          })),
      .init(
        "indexes",
        .array(
          indexes.map {
            .object([
              .init("name", .string($0.name)), .init("unique", .boolean($0.isUnique)),
              .init("primary", .boolean($0.isPrimary)),
              .init(
                "columns",
                .array($0.columns.map { .array([.string($0.name), $0.collation?.json ?? .null]) })),
            ])
          })),
    ])
  }

  fileprivate init(json: JSONValue) throws(Fault) {
    guard let kind = Kind(rawValue: try json.string("kind")) else { throw JSONValue.badPlan }
    var columns: [Column] = []
    for column in try json.member("columns").elements {
      columns.append(
        Column(
          name: try column.string("name"), type: try SQLType(json: column.member("type")),
          isNullable: try column.boolean("nullable")))
    }
    var indexes: [Index] = []
    for index in try json.member("indexes").elements {
      var keys: [Index.Column] = []
      for key in try index.member("columns").elements {
        guard key.elements.count == 2, let name = key.elements[0].stringValue else { throw JSONValue.badPlan }
        let collation = key.elements[1]
        keys.append(
          Index.Column(name: name, collation: collation == .null ? nil : try QualifiedName(json: collation)))
      }
      indexes.append(
        Index(
          name: try index.string("name"), columns: keys, isUnique: try index.boolean("unique"),
          isPrimary: try index.boolean("primary")))
    }
    var partitions: [Partition] = []
    for partition in try json.member("partitions").elements {
      partitions.append(try Partition(json: partition))
    }
    self.init(
      name: try QualifiedName(json: json.member("name")), oid: 0, kind: kind, columns: columns,
      indexes: indexes, pages: Int64(try json.int("pages")), estimatedRows: try json.number("rows"),
      fileNode: 0, partitions: partitions, isReadable: true,
      isHeap: try json.boolean("heap"), hasActiveRowSecurity: false)
  }
}

extension TableFacts.Partition {
  fileprivate var json: JSONValue {
    .object([
      .init("name", name.json), .init("heap", .boolean(isHeap)), .init("pages", .integer(pages)),
      .init("rows", .number("\(estimatedRows)")),
    ])
  }

  fileprivate init(json: JSONValue) throws(Fault) {
    self.init(
      name: try QualifiedName(json: json.member("name")), oid: 0, isHeap: try json.boolean("heap"),
      pages: Int64(try json.int("pages")), estimatedRows: try json.number("rows"), fileNode: 0)
  }
}

extension SQLType {
  private static let plain: [SQLType] = [
    .boolean, .smallint, .integer, .bigint, .numeric(nil), .real, .double, .text, .varchar(nil), .char(nil),
    .name, .date, .timestamp, .timestamptz, .interval, .uuid, .bytea, .json, .jsonb,
  ]

  /// The type's name and what modifies it.
  fileprivate var json: JSONValue {
    switch self {
    case .numeric(let modifier?):
      .array([.string("numeric"), .integer(modifier.precision), .integer(modifier.scale)])
    case .varchar(let length?): .array([.string("varchar"), .integer(length)])
    case .char(let length?): .array([.string("char"), .integer(length)])
    case .enumeration(let name): .array([.string("enum"), .string(name)])
    case .opaque(let oid, let name, let declared):
      .array([.string("opaque"), .integer(oid), .string(name)] + (declared.map { [.string($0)] } ?? []))
    default: .string(sqlName)
    }
  }

  fileprivate init(json: JSONValue) throws(Fault) {
    if let name = json.stringValue, let type = SQLType.plain.first(where: { $0.sqlName == name }) {
      self = type
      return
    }
    let parts = json.elements
    let numbers = parts.dropFirst().compactMap(\.intValue)
    switch parts.first?.stringValue {
    case "numeric" where numbers.count == 2:
      self = .numeric(NumericModifier(precision: numbers[0], scale: numbers[1]))
    case "varchar" where numbers.count == 1: self = .varchar(numbers[0])
    case "char" where numbers.count == 1: self = .char(numbers[0])
    case "enum": self = .enumeration(name: parts.last?.stringValue ?? "")
    case "opaque" where numbers.count == 1:
      let names = parts.compactMap(\.stringValue).dropFirst()
      self = .opaque(
        oid: UInt32(clamping: numbers[0]), name: names.first ?? "", declared: names.dropFirst().first)
    default: throw JSONValue.badPlan
    }
  }
}

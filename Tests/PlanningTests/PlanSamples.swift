import Expressions
import Model

@testable import Planning

/// Jobs, catalogues and answers that the planner's tests share.
enum PlanSamples {
  static let place = Place(file: "jobs/a.yaml", line: 3, column: 5)

  static let connections = ["shop": rule("shop"), "other": rule("other")]

  static func rule(_ name: String) -> ConnectionRule {
    ConnectionRule(
      name: name, url: Template(literal: "postgresql://"), maximumConnections: nil, searchPath: [],
      ledgerSchema: "tidemark", allowsRowSecurity: false, place: place)
  }

  static func source(
    _ relation: Source.Relation = .table(Template(literal: "public.orders")), name: String = "orders",
    connection: String = "shop", addColumns: [Source.NamedSQL] = [], filter: String? = nil,
    chunk: ChunkRule = ChunkRule(), consistency: Source.Consistency = .snapshot, sensitive: [String] = []
  ) -> Source {
    Source(
      name: name, connection: Template(literal: connection), relation: relation, addColumns: addColumns,
      filter: filter.map { SourceText($0) }, chunk: chunk, consistency: consistency, onResume: .auto,
      waitFor: nil, sensitive: sensitive, place: place)
  }

  static func job(_ sources: [Source] = [source()], steps: [Step] = [], sinks: [SinkRule] = []) -> Job {
    Job(
      name: JobName("a"), file: "jobs/a.yaml", description: nil, labels: [:],
      timezone: Template(literal: "UTC"),
      interval: IntervalRule(), schedule: nil, parameters: [], matrix: nil, sources: sources, steps: steps,
      aggregate: Aggregate(
        groupBy: [.init(name: "mode", expression: SourceText("mode"))], groupingSets: nil,
        measures: [.init(name: "total", value: SourceText("sum(price)"), type: nil, description: nil)],
        having: nil, place: place),
      checks: [], sinks: sinks, errors: .standard, limits: Limits(), notify: [], retention: .standard)
  }

  static let columns = [
    ColumnSchema(name: "id", type: .bigint, isNullable: false),
    ColumnSchema(name: "mode", type: .text),
    ColumnSchema(name: "price", type: .numeric(.init(precision: 12, scale: 2))),
  ]

  static func table(
    _ kind: TableFacts.Kind = .table, pages: Int64 = 10_000, rows: Double = 1_000_000,
    hasPrimaryKey: Bool = true, isHeap: Bool = true, isReadable: Bool = true,
    partitions: [TableFacts.Partition] = [], fileNode: UInt32 = 77, columns: [ColumnSchema] = columns
  ) -> TableFacts {
    TableFacts(
      name: QualifiedName("public", "orders"), oid: 1, kind: kind,
      columns: columns.map { .init(name: $0.name, type: $0.type, isNullable: $0.isNullable) },
      indexes: hasPrimaryKey
        ? [.init(name: "orders_pkey", columns: [.init(name: "id")], isUnique: true, isPrimary: true)] : [],
      pages: pages, estimatedRows: rows, fileNode: fileNode, partitions: partitions, isReadable: isReadable,
      isHeap: isHeap, hasActiveRowSecurity: false)
  }

  static func partition(_ name: String, pages: Int64) -> TableFacts.Partition {
    .init(
      name: QualifiedName("public", name), oid: 5, isHeap: true, pages: pages,
      estimatedRows: Double(pages) * 100,
      fileNode: 9)
  }

  static func estimate(
    _ rows: Double, scan: String = "Seq Scan", index: String? = nil,
    relations: [QualifiedName] = [QualifiedName("public", "orders")]
  ) -> QueryEstimate {
    QueryEstimate(
      rows: rows, width: 10, cost: 1, relations: relations,
      scans: relations.map { .init(node: scan, relation: $0, index: index) })
  }

  /// Answers as a server with the table above would.
  struct Catalogue {
    var version = 150_004
    var system = "7001"
    var table = PlanSamples.table()
    var estimate = PlanSamples.estimate(1_000_000)
    var columns = PlanSamples.columns
    var boundaries: [[String?]] = [["100"], ["200"]]
    var asked: [PlanQuestion] = []

    mutating func answer(_ question: PlanQuestion) -> PlanAnswer {
      asked.append(question)
      switch question {
      case .server: return .server(ServerFacts(version: version, database: system))
      case .relation: return .relation(table)
      case .columns(_, let sql, _):
        var columns = columns
        // What the describing query adds by AS.
        if sql.text.contains("AS \"year\"") { columns.append(ColumnSchema(name: "year", type: .integer)) }
        if sql.text.contains("\"modes\"") {
          columns = [ColumnSchema(name: "code", type: .text), ColumnSchema(name: "title", type: .text)]
        }
        return .columns(columns)
      case .estimate: return .estimate(estimate)
      case .rows: return .rows(boundaries)
      case .fileHeader: return .fileHeader(["code", "title"])
      }
    }
  }

  /// Asks and answers until there is a plan.
  static func plan(
    _ job: Job, _ catalogue: inout Catalogue, references: ReferenceScope = ReferenceScope()
  ) throws(Faults) -> Plan {
    var planner = Planner(PlanRequest(job: job, references: references, connections: connections))
    var step = try planner.begin()
    while true {
      switch step {
      case .plan(let plan): return plan
      case .ask(let questions):
        var answers: [PlanAnswer] = []
        for question in questions { answers.append(catalogue.answer(question)) }
        step = try planner.on(answers)
      }
    }
  }

  static func plan(_ job: Job = job()) throws(Faults) -> Plan {
    var catalogue = Catalogue()
    return try plan(job, &catalogue)
  }
}

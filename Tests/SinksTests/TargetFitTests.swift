import Model
import Testing

@testable import Sinks

@Suite struct TargetFitTests {
  private func fit(
    _ mode: TableSinkRule.Mode, _ columns: [TableFacts.Column], _ result: [(String, SQLType)],
    kind: TableFacts.Kind = .table
  ) throws(Faults) -> Bool {
    let facts = TableFacts(
      name: QualifiedName("public", "t"), oid: 1, kind: kind, columns: columns, indexes: [], pages: 0,
      estimatedRows: 0, fileNode: 1, partitions: [], isReadable: true, isHeap: true,
      hasActiveRowSecurity: false)
    return try TargetFit(
      target: PublishWorld.target(mode), facts: facts,
      result: result.map { ColumnSchema(name: $0.0, type: $0.1) }
    ).isDirect
  }

  private func column(
    _ name: String, _ type: SQLType, isNullable: Bool = true, isGenerated: Bool = false,
    hasDefault: Bool = false
  ) -> TableFacts.Column {
    .init(name: name, type: type, isNullable: isNullable, isGenerated: isGenerated, hasDefault: hasDefault)
  }

  @Test func theSameTypesAreCopiedStraightIn() throws {
    let modified = column("v", .numeric(.init(precision: 9, scale: 2)))
    #expect(try fit(.replace, [modified], [("v", .numeric)]))
    #expect(
      try fit(
        .replace, [modified, column("x", .text, isNullable: false, hasDefault: true)], [("v", .numeric)]))
    #expect(try !fit(.replace, [column("v", .numeric)], [("v", .bigint)]))
    #expect(try !fit(.merge, [modified], [("v", .numeric)]))
    #expect(try !fit(.append, [modified, column("_run_id", .text)], [("v", .numeric)]))
  }

  /// Of two databases each has its own number for a type that Postgres does not bring along.
  @Test func typesThatAreOnlyCarriedAreKnownByTheirNames() throws {
    func type(_ oid: UInt32, _ name: String, _ declared: String? = nil) -> SQLType {
      .opaque(oid: oid, name: name, declared: declared)
    }
    let column = column("v", type(20_001, "public.geometry", "public.geometry(Point)"))
    #expect(try fit(.replace, [column], [("v", type(16_384, "public.geometry"))]))
    #expect(throws: Faults.self) { try fit(.replace, [column], [("v", type(16_384, "public.citext"))]) }
    #expect(throws: Faults.self) { try fit(.replace, [column], [("v", type(16_384, "ext.geometry"))]) }
    #expect(throws: Faults.self) { try fit(.replace, [column], [("v", .text)]) }
  }

  /// Plans that were saved before names had their schemas are gone on with.
  @Test func earlierNamesWithoutSchemaStillFit() throws {
    let column = column("v", .opaque(oid: 20_001, name: "public.inet"))
    #expect(try fit(.replace, [column], [("v", .opaque(oid: 16_384, name: "inet"))]))
    // Postgres's own.
    #expect(throws: Faults.self) { try fit(.replace, [column], [("v", .opaque(oid: 869, name: "inet"))]) }
    #expect(throws: Faults.self) { try fit(.replace, [column], [("v", .opaque(oid: 16_384, name: "net"))]) }
  }

  @Test func allMisfitsAtOnce() {
    let faults = #expect(throws: Faults.self) {
      try fit(
        .append,
        [
          column("v", .text), column("made", .integer, isGenerated: true),
          column("needed", .integer, isNullable: false),
        ], [("v", .bigint), ("made", .integer), ("gone", .date)])
    }
    #expect(
      faults?.all.map(\.sentence) == [
        "Column `v` of `public.t` is text, the result's is bigint",
        "Column `made` of `public.t` is generated and cannot be written", "`public.t` has no column `gone`",
        "`public.t` has no column `_run_id`",
        "Column `needed` of `public.t` is NOT NULL without a default, and the result has no such column",
      ])
    #expect(throws: Faults.self) { try fit(.replace, [column("v", .text)], [("v", .text)], kind: .view) }
  }

  @Test func noMergeByKeysOfWhichSeveralAreOne() {
    let key = TableFacts.Column(
      name: "k", type: .text, isNullable: false, collation: .nondeterministic)
    let faults = #expect(throws: Faults.self) { try fit(.merge, [key], [("k", .text)]) }
    #expect(faults?.all.map(\.code) == ["target_misfit"])
    #expect(throws: Never.self) { try fit(.replace, [key], [("k", .text)]) }
  }

  @Test(arguments: [
    (SQLType.numeric, SQLType.double), (.bigint, .double), (.double, .numeric), (.double, .real),
    (.text, .integer), (.timestamptz, .date), (.text, .enumeration(name: "mood")), (.json, .jsonb),
  ])
  func whatWouldLoseDigitsOrFailIsRefused(_ from: SQLType, _ to: SQLType) {
    #expect(!TargetFit.canAssign(from, to: to))
  }
}

import DemoServer
import Model
import Postgres
import Testing

@Suite struct CatalogueTests {
  private func facts(_ sql: String, of name: String = "t") async throws -> TableFacts {
    try await SharedServer.withConnection { connection in
      try await connection.execute(SQLText(trusted: sql))
      return try #require(try await connection.tableFacts(QualifiedName(parsing: name)))
    }
  }

  private static let types: [(declaration: SQLText, type: SQLType)] = [
    ("boolean", .boolean), ("smallint", .smallint), ("integer", .integer), ("bigint", .bigint),
    ("numeric", .numeric), ("numeric(12,2)", .numeric(.init(precision: 12, scale: 2))),
    ("numeric(1000,0)", .numeric(.init(precision: 1000, scale: 0))),
    ("numeric(3,-2)", .numeric(.init(precision: 3, scale: -2))),
    ("numeric(3,5)", .numeric(.init(precision: 3, scale: 5))),
    ("real", .real), ("double precision", .double), ("text", .text), ("varchar", .varchar(nil)),
    ("varchar(7)", .varchar(7)), ("char(3)", .char(3)), ("bpchar", .char(nil)), ("name", .name),
    ("date", .date), ("timestamp", .timestamp), ("timestamp(3)", .timestamp), ("timestamptz", .timestamptz),
    ("interval", .interval), ("uuid", .uuid), ("bytea", .bytea), ("json", .json), ("jsonb", .jsonb),
    ("int[]", .opaque(oid: 1007, name: "integer[]")), ("inet", .opaque(oid: 869, name: "inet")),
    ("\"Mood\"", .enumeration(name: "public.\"Mood\"")),
    ("amount", .numeric(.init(precision: 10, scale: 3))),
    ("inner_amount", .numeric(.init(precision: 10, scale: 3))),
  ]

  @Test func knowsTypes() async throws {
    try await SharedServer.withConnection { connection in
      let columns = Self.types.enumerated().map { SQLText("\(Identifier("c\($0)")) \($1.declaration)") }
      try await connection.execute(
        """
        CREATE TYPE "Mood" AS ENUM ('sad', 'ok');
        CREATE DOMAIN amount AS numeric(10,3);
        CREATE DOMAIN inner_amount AS amount NOT NULL;
        CREATE TABLE t (\(columns))
        """)
      let facts = try await connection.tableFacts(QualifiedName("public", "t"))
      let described = try await connection.transaction(.reading()) {
        try await $0.describe("SELECT * FROM public.t")
      }
      for (number, expected) in Self.types.enumerated() {
        #expect(facts?.columns[number].type == expected.type, "\(expected.declaration)")
        #expect(described[number] == ColumnSchema(name: "c\(number)", type: expected.type))
      }
    }
  }

  /// Declaration, name and name with its modifier.
  private static let carried: [(declaration: SQLText, name: String, declared: String)] = [
    ("pair", "public.pair", "public.pair"), ("pair[]", "public.pair[]", "public.pair[]"),
    ("\"Mood\"[]", "public.\"Mood\"[]", "public.\"Mood\"[]"), ("span", "public.span", "public.span"),
    ("\"Odd one\".\"a.b[]\"", "\"Odd one\".\"a.b[]\"", "\"Odd one\".\"a.b[]\""),
    ("amount[]", "public.amount[]", "public.amount[]"), ("public.inet", "public.inet", "public.inet"),
    ("own(5)", "public.own", "public.own(5)"), ("own(5)[]", "public.own[]", "public.own(5)[]"),
    ("pg_catalog.inet", "inet", "inet"), ("numeric(9,2)[]", "numeric[]", "numeric(9,2)[]"),
    ("bit(3)", "\"bit\"", "bit(3)"), ("time(3)[]", "time without time zone[]", "time(3) without time zone[]"),
  ]

  /// Whatever schemas a session looks into: its names are compared with those that another one is told.
  @Test(arguments: [[], ["public"], ["Odd one", "public"]])
  func namesTypesWithTheirSchemas(path: [String]) async throws {
    try await SharedServer.withConnection { connection in
      let columns = Self.carried.enumerated().map { SQLText("\(Identifier("c\($0)")) \($1.declaration)") }
      try await connection.execute(
        """
        CREATE TYPE pair AS (a integer, b text);
        CREATE TYPE "Mood" AS ENUM ('sad', 'ok');
        CREATE TYPE span AS RANGE (subtype = numeric);
        CREATE DOMAIN amount AS numeric(10,3);
        CREATE TYPE public.inet AS (a integer);
        CREATE SCHEMA "Odd one";
        CREATE TYPE "Odd one"."a.b[]" AS (a integer);
        CREATE TYPE own;
        CREATE FUNCTION own_in(cstring, oid, integer) RETURNS own LANGUAGE internal IMMUTABLE STRICT AS 'varcharin';
        CREATE FUNCTION own_out(own) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'varcharout';
        CREATE TYPE own (
          INPUT = own_in, OUTPUT = own_out, TYPMOD_IN = varchartypmodin, TYPMOD_OUT = varchartypmodout);
        CREATE TABLE t (\(columns))
        """)
      let (described, found) = try await connection.transaction(.reading(SessionSettings(searchPath: path))) {
        (
          try await $0.describe("SELECT * FROM public.t"),
          try await $0.tableFacts(QualifiedName("public", "t"))?.columns ?? []
        )
      }
      for (number, expected) in Self.carried.enumerated() {
        #expect(described[number].type.base.sqlName == expected.name)
        #expect(described[number].type.sqlName == expected.declared)
        #expect(found[number].type.sqlName == expected.name)
        #expect(found[number].declared == expected.declared)
      }
    }
  }

  @Test func knowsColumns() async throws {
    let facts = try await facts(
      """
      CREATE COLLATION loose (provider = icu, locale = 'und', deterministic = false);
      CREATE TABLE t (
        a int PRIMARY KEY, gone int, b text COLLATE loose, c int GENERATED ALWAYS AS (a + 1) STORED,
        d int GENERATED ALWAYS AS IDENTITY, e int DEFAULT 1, "odd ""name" text NOT NULL);
      ALTER TABLE t DROP COLUMN gone
      """)
    #expect(facts.columns.map(\.name) == ["a", "b", "c", "d", "e", "odd \"name"])
    #expect(facts.columns.map(\.isNullable) == [false, true, true, false, true, false])
    #expect(facts.columns.map(\.collation) == [nil, .nondeterministic, nil, nil, nil, .deterministic])
    #expect(facts.columns.map(\.isGenerated) == [false, false, true, true, false, false])
    #expect(facts.columns.map(\.hasDefault) == [false, false, true, true, true, false])
    #expect(facts.name == QualifiedName("public", "t"))
    #expect(facts.kind == .table)
    #expect(facts.isHeap)
    #expect(facts.isReadable)
    #expect(facts.pages == 0)
    #expect(facts.estimatedRows < 0)
    #expect(facts.fileNode != 0)
  }

  @Test func keepsOnlyIndexesThatOrder() async throws {
    let facts = try await facts(
      """
      CREATE TABLE t (a int, b text, c text COLLATE "C", PRIMARY KEY (b, a));
      CREATE UNIQUE INDEX i1 ON t (c DESC) INCLUDE (a);
      CREATE UNIQUE INDEX i2 ON t (a) NULLS NOT DISTINCT;
      CREATE INDEX i3 ON t (b COLLATE "POSIX");
      ALTER TABLE t ADD CONSTRAINT i4 UNIQUE (c, a) DEFERRABLE;
      CREATE INDEX no1 ON t (a) WHERE a > 0;
      CREATE INDEX no2 ON t (lower(b));
      CREATE INDEX no3 ON t USING hash (a);
      CREATE INDEX no4 ON t (b text_pattern_ops)
      """)
    let texts = facts.indexes.map { index in
      let columns = index.columns.map { "\($0.name)\($0.collation.map { " \($0)" } ?? "")" }
      let marks = [
        index.isPrimary ? "primary" : nil, index.isUnique ? "unique" : nil,
        index.hasDistinctNulls ? nil : "same nulls",
      ]
      return
        "\(index.name): \(columns.joined(separator: ", ")); \(marks.compactMap { $0 }.joined(separator: " "))"
    }
    #expect(
      texts == [
        "t_pkey: b, a; primary unique", "i1: c pg_catalog.C; unique", "i2: a; unique same nulls",
        "i3: b pg_catalog.POSIX; ", "i4: c pg_catalog.C, a; ",
      ])
  }

  @Test func measuresSizes() async throws {
    let facts = try await facts(
      "CREATE TABLE t AS SELECT g, repeat('x', 1000) FROM generate_series(1, 700) g; ANALYZE t")
    #expect(facts.pages == 100)
    #expect(facts.estimatedRows == 700)
  }

  @Test func ordersPartitionsByBounds() async throws {
    let facts = try await facts(
      """
      CREATE TABLE t (d int, k text) PARTITION BY RANGE (d);
      CREATE TABLE t_rest PARTITION OF t DEFAULT;
      CREATE TABLE t_100 PARTITION OF t FOR VALUES FROM (100) TO (200);
      CREATE TABLE t_20 PARTITION OF t FOR VALUES FROM (20) TO (100);
      CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (MINVALUE) TO (20) PARTITION BY LIST (k);
      CREATE TABLE t_low_b PARTITION OF t_low FOR VALUES IN ('b, c');
      CREATE TABLE t_low_a PARTITION OF t_low FOR VALUES IN ('a');
      """)
    #expect(facts.kind == .partitioned)
    #expect(!facts.isHeap)
    #expect(facts.fileNode == 0)
    #expect(facts.partitions.map(\.name.name.name) == ["t_low_a", "t_low_b", "t_20", "t_100", "t_rest"])
    #expect(facts.partitions.allSatisfy { $0.isHeap && $0.fileNode != 0 })
  }

  @Test(arguments: [
    ("CREATE VIEW t AS SELECT 1 AS a", TableFacts.Kind.view, false),
    ("CREATE MATERIALIZED VIEW t AS SELECT 1 AS a", .materialized, true),
    ("CREATE TABLE t (a int); CREATE TABLE u () INHERITS (t)", .table, false),
    ("CREATE TABLE t (a int PRIMARY KEY)", .table, true),
  ])
  func knowsKinds(sql: String, kind: TableFacts.Kind, isHeap: Bool) async throws {
    let facts = try await facts(sql)
    #expect(facts.kind == kind)
    #expect(facts.isHeap == isHeap)
    #expect(facts.columns.map(\.name) == ["a"])
  }

  @Test func seesWhatTheRoleMay() async throws {
    let facts = try await facts(
      """
      CREATE ROLE reader_of_nothing_\(UInt32.random(in: 0...UInt32.max)) ;
      CREATE TABLE t (a int);
      ALTER TABLE t ENABLE ROW LEVEL SECURITY;
      DO $$ DECLARE r text; BEGIN SELECT max(rolname) INTO r FROM pg_roles WHERE rolname LIKE 'reader_of_nothing_%';
        EXECUTE format('SET ROLE %I', r); END $$
      """)
    #expect(!facts.isReadable)
    #expect(facts.hasActiveRowSecurity)
  }

  @Test func knowsNothingOfWhatIsNotThere() async throws {
    try await SharedServer.withConnection { connection in
      #expect(try await connection.tableFacts(QualifiedName("public", "nowhere")) == nil)
      #expect(try await connection.tableFacts(QualifiedName("nowhere", "t")) == nil)
      try await connection.execute("CREATE SEQUENCE s")
      #expect(try await connection.tableFacts(QualifiedName("public", "s")) == nil)
    }
  }

  @Test func carriesTextOfLooseCollations() async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute(
        """
        CREATE COLLATION loose (provider = icu, locale = 'und', deterministic = false);
        CREATE TABLE t (a text, b text COLLATE loose)
        """)
      let columns = try await connection.transaction(.reading()) { connection in
        try await connection.describe(
          "SELECT a, b, b || 'x' AS c, b COLLATE \"C\" AS a, 1 AS n FROM public.t -- with a comment")
      }
      let loose = SQLType.opaque(oid: 25, name: "text")
      #expect(columns.map(\.type) == [.text, loose, loose, .text, .integer])
    }
  }

  @Test(arguments: ["SELECT nothing", "SELEC", "SELECT FROM pg_class", "", "CREATE TABLE x (a int)"])
  func describesOnlyQueries(sql: String) async throws {
    try await SharedServer.withConnection { connection in
      await #expect(throws: Fault.self) { try await connection.describe(SQLText(trusted: sql)) }
      try await expectUsable(connection)
    }
  }

  @Test func estimates() async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS a; ANALYZE t")
      let estimate = try await connection.estimate("SELECT * FROM t")
      #expect(estimate.rows == 1000)
      #expect(estimate.relations == [QualifiedName("public", "t")])
    }
  }

  @Test func namesTheServer() async throws {
    try await SharedServer.withConnection { connection in
      let identity = try await connection.serverIdentity()
      #expect(UInt64(identity.systemIdentifier) != nil)
      let again = try await connection.serverIdentity()
      #expect(again == identity)
    }
  }
}

import Model
import Testing

@testable import Engine

/// What a run is asked for: matrix rows and parameters.
@Suite struct RunInputTests {
  @Test func aColumnThatTellsRowsApartNamesThem() throws {
    let rows = MatrixRows([["region": "eu", "tenant": "acme"], ["region": "eu", "tenant": "globex"]])
    #expect(rows.rows.map(rows.name) == ["tenant=acme", "tenant=globex"])
    #expect(try rows.row(named: "tenant=globex").cells["region"] == "eu")
  }

  @Test func otherwiseAllColumnsDo() {
    let rows = MatrixRows([["a": "1", "b": "1"], ["a": "1", "b": "2"], ["a": "2", "b": "1"]])
    #expect(rows.rows.map(rows.name) == ["a=1,b=1", "a=1,b=2", "a=2,b=1"])
    #expect(MatrixRows([]).rows.isEmpty)
  }

  @Test func unknownRowsAreNamedWithTheOnesThereAre() {
    let rows = MatrixRows([["tenant": "acme"], ["tenant": "globex"]])
    let fault = #expect(throws: Fault.self) { try rows.row(named: "x") }
    #expect(fault?.code == "unknown_matrix_row")
    #expect(fault?.hint == "It has tenant=acme, tenant=globex")
  }

  private func parameters(_ declared: [(String, SQLType, String?)], _ given: [String: String]) -> Parameters {
    Parameters(
      declared: declared.map {
        Parameter(name: $0.0, type: $0.1, defaultValue: $0.2, description: nil, place: EngineSamples.place)
      }, given: given)
  }

  @Test func everyTypeIsRead() throws {
    let values = try parameters(
      [
        ("a", .integer, "1"), ("b", .numeric, "1.50"), ("c", .text, ""), ("d", .date, "2026-03-14"),
        ("e", .boolean, "true"), ("f", .timestamp, "2026-03-14 01:00"),
        ("g", .timestamptz, "2026-03-14 01:00+01"),
        ("h", .interval, "1 day"),
      ], ["a": "7"]
    ).values()
    #expect(values["a"]?.0 == .integer(7))
    #expect(values["b"]?.0.postgresText == "1.50")
    #expect(values["c"]?.0 == .text(""))
    #expect(values["d"]?.0 == .date(9569))
    #expect(values["e"]?.0 == .boolean(true))
    #expect(values["f"]?.0.postgresText == "2026-03-14 01:00:00")
    #expect(values["g"]?.0.postgresText == "2026-03-14 00:00:00+00")
    #expect(values["h"]?.0.postgresText == "1 day")
  }

  @Test func allFaultsAtOnce() {
    let faults = #expect(throws: Faults.self) {
      _ = try parameters(
        [("a", .integer, nil), ("b", .integer, "x"), ("c", .smallint, "1")], ["d": "1", "c": "40000"]
      )
      .values()
    }
    #expect(
      faults?.all.map(\.code) == ["unknown_parameter", "missing_parameter", "bad_parameter", "bad_parameter"])
    // A default's fault points at the file, a given value's does not.
    #expect(faults?.all.map { $0.place != nil } == [false, true, true, false])
  }

  @Test func defaultsArePartOfTheIdentity() throws {
    let declared: [(String, SQLType, String?)] = [("a", .integer, "1"), ("b", .text, "")]
    #expect(try identity(declared, [:]) == ["a": "1", "b": ""])
    #expect(try identity(declared, ["a": "1"]) == identity(declared, [:]))
    #expect(try identity(declared, ["b": "x"]) == ["a": "1", "b": "x"])
  }

  private func identity(
    _ declared: [(String, SQLType, String?)], _ given: [String: String]
  ) throws -> [String: String] {
    let job = EngineSamples.job(zone: "Europe/Berlin", parameters: parameters(declared, [:]).declared)
    return try EngineSamples.context(job, .latest, given).identity.parameters
  }

  /// A run of one spelling is done by a run of another, and goes on with it.
  @Test(arguments: [
    (SQLType.integer, ["1", "01", "+1", " 1 "], "1"),
    (.boolean, ["true", "t", "TRUE", "1", "yes", "on"], "true"),
    (.bigint, ["-7", "-007"], "-7"), (.date, ["2026-01-02", "20260102", "January 2, 2026"], "2026-01-02"),
    (
      .timestamptz,
      [
        "2026-01-01T00:00:00Z", "2026-01-01 00:00:00+00", "2026-01-01T01:00:00+01:00", "2026-01-01 01:00",
      ], "2026-01-01 00:00:00+00"
    ),
    (.timestamp, ["2026-01-01T00:00", "2026-01-01"], "2026-01-01 00:00:00"),
    (.interval, ["1 day", "P1D", "1d"], "1 day"), (.real, ["0.1", "1e-1"], "0.1"),
    (.double, ["0.5", ".5"], "0.5"),
    (.numeric(nil), ["1.50", "01.50"], "1.50"), (.numeric(nil), ["1.5"], "1.5"),
    (.uuid, ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"], "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    (.text, [" 01 "], " 01 "),
  ])
  func theIdentityHasTheValueAndNotItsSpelling(_ type: SQLType, _ spellings: [String], _ text: String) throws
  {
    for spelling in spellings {
      #expect(try identity([("a", type, spelling)], [:]) == ["a": text], "default")
      #expect(try identity([("a", type, nil)], ["a": spelling]) == ["a": text], "given")
    }
    // What a run is gone on with stands for itself.
    #expect(try identity([("a", type, nil)], ["a": text]) == ["a": text])
  }
}

import ProjectRig
import Testing

/// Triggers and rules of a table that keep rows out of it.
@Suite(.timeLimit(.minutes(5))) struct KeptBackRowTests {
  /// Where a row stays out of the table it is said, and not counted.
  @Test(arguments: ["append", "replace", "merge"], ["integer", "bigint"])
  func rowsThatATriggerKeepsBackAreTold(mode: String, type: String) async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop text, n \(type), total numeric, _run_id text)",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER keep BEFORE INSERT ON result FOR EACH ROW WHEN (NEW.shop = 'b') EXECUTE FUNCTION keep()"
      )
      for (revision, again) in [false, true].enumerated() {
        let run = try await world.run("table: {connection: db, name: result, mode: \(mode)}", again: again)
        #expect(run.status == 0 && run.output.contains("took 2 of 3 rows"), "\(run.output)")
        let told = try await world.project.rows("SELECT rows FROM tidemark.publications")
        #expect(told == Array(repeating: ["2"], count: revision + 1))
      }
    }
  }

  /// So it is said where `merge` finds a row that differs, and a trigger or a rule does not let it be changed.
  @Test(
    arguments: [
      "CREATE TRIGGER keep BEFORE UPDATE ON result FOR EACH ROW WHEN (NEW.shop = 'b') EXECUTE FUNCTION keep()",
      "CREATE RULE keep AS ON UPDATE TO result WHERE NEW.shop = 'b' DO INSTEAD NOTHING",
    ], [true, false])
  func changesThatAreKeptBackAreTold(keeper: String, keyMayBeNull: Bool) async throws {
    try await SinkWorld.with { world in
      let key = keyMayBeNull ? "" : " NOT NULL"
      try await world.project.sql(
        "CREATE TABLE result (day date\(key), shop text\(key), n integer, total numeric, changed timestamptz)",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed = now(); NEW.total = 0; RETURN NEW; END $$",
        "CREATE TRIGGER note BEFORE UPDATE ON result FOR EACH ROW EXECUTE FUNCTION note()")
      let sink = "table: {connection: db, name: result, mode: merge}"
      let filter = keyMayBeNull ? "true" : "shop IS NOT NULL"
      let count = keyMayBeNull ? 3 : 2
      for again in [false, true] {
        let run = try await world.run(sink, again: again, filter: filter)
        #expect(run.status == 0 && !run.output.contains(" took "), "\(run.output)")
        try await world.project.sql("UPDATE sales SET amount = coalesce(amount, 0) + 1")
      }
      try await world.project.sql(keeper)
      let run = try await world.run(sink, again: true, filter: filter)
      #expect(run.status == 0 && run.output.contains("took \(count - 1) of \(count) rows"), "\(run.output)")
      let told = try await world.project.rows("SELECT rows FROM tidemark.publications ORDER BY revision")
      #expect(told == [["\(count)"], ["\(count)"], ["\(count - 1)"]])
    }
  }
}

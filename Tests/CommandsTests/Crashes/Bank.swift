import ProjectRig

/// A bank whose money moves between its accounts all the time: at every moment their sum is the same.
enum Bank {
  static let accounts = 100
  static let total = 1000 * accounts

  /// Makes the accounts.
  static func open(in project: TidemarkProject) async throws {
    try await project.sql(
      "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL)",
      "INSERT INTO accounts SELECT i, \(total / accounts) FROM generate_series(1, \(accounts)) AS i",
      "ANALYZE accounts",
      """
      CREATE PROCEDURE transfer() LANGUAGE plpgsql AS $$
        DECLARE giver int; taker int; amount int;
        BEGIN FOR i IN 1..200 LOOP
          giver := 1 + floor(random() * \(accounts));
          taker := giver % \(accounts) + 1;
          amount := floor(random() * 10);
          UPDATE accounts SET balance = balance + CASE id WHEN giver THEN -amount ELSE amount END
          WHERE id IN (giver, taker);
          COMMIT;
          PERFORM pg_sleep(0.005);
        END LOOP; END
      $$
      """)
  }

  /// Moves money while `body` goes on, whatever happens to the server.
  static func whileMoneyMoves(in project: TidemarkProject, _ body: () async throws -> Void) async throws {
    let transfers = Task {
      while !Task.isCancelled {
        do {
          try await project.sql("CALL transfer()")
        } catch {
          // The server is away, or has ended the session.
          await Task.yield()
        }
      }
    }
    try await CleanUp.after(body) {
      transfers.cancel()
      await transfers.value
    }
  }
}

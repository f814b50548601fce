package import Model
internal import Postgres

/// What every publish begins with, before anything that others can see.
extension TablePublisher {
  /// In a transaction that has begun: makes the publications' entries, which waits for a twin in flight; holds the
  /// fence; locks the tables. All publishes do it in this order, so that no two wait for each other.
  /// - Returns: of each whether it is new; where none is, nothing is held.
  /// - Throws: `Fault` `fenced`, `published_by_another`, `overtaken`.
  func enter(_ publications: [TablePublication], token: FencingToken) async throws -> [Bool] {
    var isNew: [Bool] = []
    for publication in publications {
      // Of one that was published by chunks the first of them has made the entry.
      isNew.append(publication.chunks != nil ? true : try await insertEntry(publication))
    }
    let new = zip(publications, isNew).filter(\.1).map(\.0)
    guard let entry = new.first?.entry else { return isNew }
    try await holdFence(entry, token: token)
    for publication in new {
      if let fault = try await rival(of: publication) { throw fault }
    }
    let filled = new.filter { $0.chunks == nil }
    try await lockTables(filled)
    for publication in filled where !publication.isOnlyForward {
      if let fault = try await overtaking(publication) { throw fault }
    }
    return isNew
  }

  private func insertEntry(_ publication: TablePublication) async throws -> Bool {
    try await !connection.query(ledger.insert(publication.entry)).rows.isEmpty
  }

  private func holdFence(_ entry: LedgerEntry, token: FencingToken) async throws {
    let hold = FenceHold(entry.identity, token)
    if try await !connection.query(ledger.holdFence(hold)).rows.isEmpty { return }
    let holder = try await connection.query(ledger.fenceHolder(identity: entry.identity.key)).rows.first
    throw Fault(
      "fenced", .conflict,
      "Run \(holder?[0] ?? "(unknown)") has taken over what this run was to publish",
      hint: "Nothing was published by this one; `tidemark status` shows the other")
  }

  /// Why a publication would put older rows in the place of those of another run of the identity, or beside them: that
  /// run counts from another state, or the job's stores have changed their places. `nil` where there is none; behind
  /// the fence none can come.
  package func rival(of publication: TablePublication) async throws -> Fault? {
    let (entry, target) = (publication.entry, publication.target)
    guard let row = try await connection.query(ledger.rival(of: entry, in: target.sink)).rows.first else {
      return nil
    }
    return Fault(
      "published_by_another", .conflict,
      "Run \(row[0] ?? "?") has published revision \(row[2] ?? "?") of this interval into `\(target.table)` at \(row[1] ?? "?"), and this run is revision \(entry.revision)",
      place: target.place,
      hint: publication.isOnlyForward
        ? "What this run has not published would undo that: give it up with `tidemark cancel --partial \(entry.run)`; then --again makes a revision of its own"
        : entry.besideAnother)
  }

  /// Rows that are only added touch nobody else's.
  private func lockTables(_ publications: [TablePublication]) async throws {
    let shared = publications.filter { $0.target.mode != .append || $0.isCreating }
    if shared.isEmpty { return }
    let schemas = shared.filter(\.isCreating).compactMap(\.target.table.schema)
    try await connection.query(ledger.lockTables(shared.map(\.target.table), schemas: schemas))
  }

  /// Why a publication would put older rows in the place of newer ones; `nil` where it would not, as far as the
  /// ledger knows by now.
  package func overtaking(_ publication: TablePublication) async throws -> Fault? {
    let entry = publication.entry
    guard publication.target.mode != .append, let time = entry.readTime,
      let newer = try await connection.query(ledger.newer(than: entry, read: time)).rows.first
    else { return nil }
    return Fault(
      "overtaken", .conflict,
      "Run \(newer[0] ?? "?") has published rows into `\(publication.target.table)` at \(newer[1] ?? "?") that were read later than those of this run, for some of the same time",
      place: publication.target.place)
  }
}

extension Fault {
  /// Whether the run's rows are older than what the target has by now: it can read them again.
  package var isOvertaken: Bool { code == "overtaken" }
}

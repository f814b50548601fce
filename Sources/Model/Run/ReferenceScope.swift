/// What the `${...}` references of a run stand for, by their spelling (`params.x`,
/// `interval.start`).
///
/// Whoever starts a run fills it: `interval.start|end` and `window.*` as `timestamptz`,
/// `*_date` as `date`, `*_local` as `timestamp`, labels and zone names as `text`, parameters by
/// their declared type, matrix cells as `text`, `fire.time` as `timestamptz`, `run.id` as `text`.
package struct ReferenceScope: Hashable, Sendable {
  package private(set) var entries: [String: Entry]

  package enum Entry: Hashable, Sendable {
    case value(Value, SQLType)
    /// The reference exists but means nothing for this run; the sentence says why, as "the
    /// interval is not whole days".
    case unavailable(String)
  }

  package init(_ entries: [String: Entry] = [:]) {
    self.entries = entries
  }

  package subscript(spelling: String) -> Entry? {
    get { entries[spelling] }
    set { entries[spelling] = newValue }
  }

  /// The value and type of `reference`.
  /// - Throws: `Fault` `refused_reference` for secrets and the environment, `unknown_reference`,
  ///   `unavailable_reference`; each points at the reference.
  package func value(of reference: Reference) throws(Fault) -> (value: Value, type: SQLType) {
    if reference.namespace.isExternal {
      throw Fault(
        "refused_reference", .validation,
        "`${\(reference.spelling)}` may not stand in SQL or expressions", place: reference.place,
        hint: "Declare it under `params:` and use `${params.…}`")
    }
    switch entries[reference.spelling] {
    case .value(let value, let type): return (value, type)
    case .unavailable(let reason):
      throw Fault(
        "unavailable_reference", .validation,
        "`${\(reference.spelling)}` has no value here: \(reason)", place: reference.place)
    case nil:
      let known = entries.keys.sorted()
      throw Fault(
        "unknown_reference", .validation, "There is no `${\(reference.spelling)}`",
        place: reference.place,
        hint: DidYouMean.nearest(to: reference.spelling, among: known).map { "Did you mean `${\($0)}`?" }
          ?? (known.isEmpty ? nil : "Known here: \(known.map { "${\($0)}" }.joined(separator: ", "))"))
    }
  }
}

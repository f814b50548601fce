internal import Model

/// Functions whose answer changes from call to call, session to session or with the state they
/// change: chunks would see different ones, so they are refused in expressions and in user SQL.
package enum RefusedFunctions {
  /// Called without parentheses.
  static let words: Set<String> = [
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user",
    "session_user", "current_role", "current_catalog", "current_schema", "user",
  ]

  static let clocks: Set<String> = [
    "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "current_date",
    "current_time", "current_timestamp", "localtime", "localtimestamp",
  ]

  static let functions: Set<String> = clocks.union([
    "random", "setseed", "gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4",
    "random_normal", "uuidv4", "uuidv7",
    "nextval", "currval", "lastval", "setval",
    "txid_current", "txid_current_if_assigned", "txid_current_snapshot", "pg_current_xact_id",
    "pg_current_xact_id_if_assigned", "pg_current_snapshot", "pg_export_snapshot",
    "pg_backend_pid", "pg_sleep", "pg_sleep_for", "pg_sleep_until", "set_config",
    "pg_advisory_lock", "pg_advisory_lock_shared", "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared",
    "pg_try_advisory_lock", "pg_try_advisory_lock_shared", "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared", "pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf",
    "pg_notify", "dblink", "dblink_exec", "lo_import", "lo_export", "lo_unlink", "pg_read_file",
    "pg_read_binary_file", "pg_ls_dir",
  ])

  /// The fault for `name`; `place` is where it stands.
  static func fault(_ name: String, _ place: Place) -> Fault {
    let hint: String
    if clocks.contains(name) {
      hint =
        "Use `${fire.time}`, or `${interval.start}` and `${interval.end}`: they are the same for every chunk"
    } else if name.contains("rand") || name.contains("uuid") {
      hint = "Use something of the row itself, such as md5 of its key"
    } else {
      hint = "Its answer would differ from chunk to chunk, and from run to run"
    }
    return Fault(
      "refused_function", .validation, "`\(name)` may not be used: a run made again would see another answer",
      place: place, hint: hint)
  }
}

internal import CSQLite
internal import Glibc
internal import Model
internal import Runtime

/// One connection to a SQLite file, with its prepared statements. Belongs to one thread.
final class SQLiteConnection {
  private let handle: OpaquePointer
  /// By the address of their text, which is constant.
  private var statements: [UnsafePointer<UInt8>: OpaquePointer] = [:]
  let path: String

  /// Opens a file that exists.
  init(path: String) throws(Fault) {
    var handle: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let status = sqlite3_open_v2(path, &handle, flags, nil)
    guard let handle else {
      throw Fault("out_of_memory", .resource, "There is no memory to open `\(path)`", isTransient: true)
    }
    self.handle = handle
    self.path = path
    if status != SQLITE_OK { throw fault(status) }
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  /// Waits up to this long for another process's lock.
  func setBusyTimeout(_ timeout: Duration) {
    sqlite3_busy_timeout(handle, Int32(clamping: Int64(timeout / .milliseconds(1))))
  }

  /// Lets others go on for a few milliseconds.
  /// - Returns: how long.
  func pause() -> Duration { .milliseconds(Int64(sqlite3_sleep(5))) }

  /// Whether a transaction is open.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Whether the file has been removed or replaced since it was opened.
  func hasMoved() -> Bool {
    var moved: Int32 = 0
    return sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
  }

  /// Runs statements that take no values: transactions, pragmas, migrations.
  func execute(_ sql: String) throws(Fault) {
    let status = sqlite3_exec(handle, sql, nil, nil, nil)
    if status != SQLITE_OK { throw fault(status) }
  }

  /// The first column of a pragma's answer.
  func pragma(_ sql: String) throws(Fault) -> [StateValue] {
    var statement: OpaquePointer?
    let status = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
    guard status == SQLITE_OK, let statement else { throw fault(status) }
    defer { sqlite3_finalize(statement) }
    var answers: [StateValue] = []
    while try step(statement) { answers.append(SQLiteConnection.value(statement, 0)) }
    return answers
  }

  /// - Returns: the number of rows that the statement changed.
  func run(_ sql: StaticString, _ values: [StateValue]) throws(Fault) -> Int {
    let statement = try prepared(sql)
    defer { reset(statement) }
    try bind(values, to: statement)
    while try step(statement) {}
    return Int(sqlite3_changes64(handle))
  }

  func rows(_ sql: StaticString, _ values: [StateValue]) throws(Fault) -> [StateRow] {
    let statement = try prepared(sql)
    defer { reset(statement) }
    try bind(values, to: statement)
    let columns = sqlite3_column_count(statement)
    let names = (0..<columns).map { String(cString: sqlite3_column_name(statement, $0)) }
    var rows: [StateRow] = []
    while try step(statement) {
      rows.append(
        StateRow(names: names, values: (0..<columns).map { SQLiteConnection.value(statement, $0) }))
    }
    return rows
  }

  private func prepared(_ sql: StaticString) throws(Fault) -> OpaquePointer {
    if let statement = statements[sql.utf8Start] { return statement }
    var statement: OpaquePointer?
    let status = sql.withUTF8Buffer { text in
      text.withMemoryRebound(to: CChar.self) { text in
        sqlite3_prepare_v3(
          handle, text.baseAddress, Int32(text.count), UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
      }
    }
    guard status == SQLITE_OK, let statement else { throw fault(status) }
    statements[sql.utf8Start] = statement
    return statement
  }

  private func reset(_ statement: OpaquePointer) {
    sqlite3_reset(statement)
    sqlite3_clear_bindings(statement)
  }

  private func bind(_ values: [StateValue], to statement: OpaquePointer) throws(Fault) {
    for (number, value) in values.enumerated() {
      // `$1` is a name to SQLite; its index is its place among the names.
      let index = sqlite3_bind_parameter_index(statement, "$\(number + 1)")
      guard index > 0 else {
        throw Fault("bad_statement", .internal, "A statement of the state store takes no $\(number + 1)")
      }
      let status =
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .text(let text):
          sqlite3_bind_text64(
            statement, index, text, UInt64(text.utf8.count), copied, UInt8(SQLITE_UTF8))
        case .bytes(let bytes):
          sqlite3_bind_blob64(statement, index, bytes, UInt64(bytes.count), copied)
        }
      if status != SQLITE_OK { throw fault(status) }
    }
  }

  /// Tells SQLite to take a copy of what is bound.
  private var copied: sqlite3_destructor_type? {
    unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  }

  private func step(_ statement: OpaquePointer) throws(Fault) -> Bool {
    let status = sqlite3_step(statement)
    switch status {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw fault(status)
    }
  }

  private static func value(_ statement: OpaquePointer, _ column: Int32) -> StateValue {
    switch sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
    case SQLITE_TEXT:
      let text = sqlite3_column_text(statement, column)
      let count = Int(sqlite3_column_bytes(statement, column))
      return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
    case SQLITE_BLOB:
      let bytes = sqlite3_column_blob(statement, column)
      let count = Int(sqlite3_column_bytes(statement, column))
      return .bytes(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
    default: return .null
    }
  }

  private func fault(_ status: Int32) -> Fault {
    let number = sqlite3_system_errno(handle)
    if status & 0xFF == SQLITE_CANTOPEN, [EMFILE, ENFILE].contains(number) {
      return SystemFault.fault("open the state", path, number)
    }
    let isFull = [ENOSPC, EDQUOT].contains(number)
    return SQLiteFault.fault(
      status & 0xFF == SQLITE_IOERR && isFull ? SQLITE_FULL : status,
      message: String(cString: sqlite3_errmsg(handle)), path: path)
  }
}

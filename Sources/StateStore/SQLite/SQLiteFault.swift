internal import CSQLite
internal import Model

/// Turns SQLite's result codes into faults.
enum SQLiteFault {
  /// The code of a lock that somebody else holds.
  static let busy = "state_busy"

  static func fault(_ status: Int32, message: String, path: String) -> Fault {
    // The low byte is the kind of trouble, the rest its details.
    switch status & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED:
      Fault(
        busy, .conflict, "The state `\(path)` is being written by another process",
        cause: message, isTransient: true)
    case SQLITE_FULL:
      Fault(
        "disk_full", .resource, "There is no room left to write the state `\(path)`", cause: message,
        hint: "Free some space; nothing is lost")
    case SQLITE_CORRUPT:
      damaged(path, message)
    case SQLITE_NOTADB:
      foreign(path)
    case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
      Fault(
        "state_read_only", .auth, "The state `\(path)` cannot be written", cause: message,
        hint: "Check the owner and the mode of the file and of its folder")
    case SQLITE_CANTOPEN:
      Fault(
        "state_unopenable", .notFound, "The state `\(path)` cannot be opened", cause: message,
        hint: "Check that the folder exists and belongs to you")
    case SQLITE_NOMEM:
      Fault("out_of_memory", .resource, "There is no memory for the state `\(path)`", isTransient: true)
    case SQLITE_IOERR:
      Fault(
        "io_error", .resource, "The disk fails while the state `\(path)` is read or written",
        cause: message, hint: "Look at the kernel's log (`dmesg`), then run `tidemark state check`")
    case SQLITE_CONSTRAINT:
      Fault("state_constraint", .internal, "The state `\(path)` refuses a record", cause: message)
    default:
      Fault("state_error", .internal, "The state `\(path)` fails", cause: "\(message) (\(status))")
    }
  }

  static func damaged(_ path: String, _ cause: String) -> Fault {
    Fault(
      "state_damaged", .data, "The state `\(path)` is damaged", cause: cause,
      hint: "Restore it from a backup, or move it away to begin anew: results that are published "
        + "are not published twice, since the targets' ledgers know them")
  }

  static func foreign(_ path: String) -> Fault {
    Fault(
      "state_foreign", .config, "`\(path)` is not a state file of Tidemark",
      hint: "Name another file with `--state` or in `tidemark.yaml`; this one is left as it is")
  }

  static func newer(_ location: String, _ found: Int) -> Fault {
    Fault(
      "state_newer", .config,
      "The state `\(location)` has layout \(found), made by a newer Tidemark; this one knows up to "
        + "\(Migration.newest)", hint: "Use the newer Tidemark")
  }
}

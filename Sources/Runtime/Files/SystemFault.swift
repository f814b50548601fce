internal import Glibc
package import Model

/// Turns the operating system's error numbers into faults.
package enum SystemFault {
  /// The system's own words for an error number.
  package static func text(of number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    _ = strerror_r(number, &buffer, buffer.count)
    let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.isEmpty ? "Error \(number)" : text
  }

  /// The fault for a system call on `path` that failed with `number`.
  /// - Parameter action: what was tried, as in "write".
  package static func fault(
    _ action: String, _ path: String, _ number: Int32 = errno, place: Place? = nil
  ) -> Fault {
    let (code, kind, hint, isTransient) = facts(of: number)
    return Fault(
      code, kind, "Cannot \(action) `\(path)`", place: place, cause: text(of: number), hint: hint,
      isTransient: isTransient)
  }

  private static func facts(
    of number: Int32
  ) -> (code: String, kind: FaultClass, hint: String?, isTransient: Bool) {
    switch number {
    case ENOENT: ("file_not_found", .notFound, nil, false)
    case EACCES, EPERM:
      ("file_permission", .auth, "Check the owner and the mode of the file and of its folders", false)
    case ENOSPC, EDQUOT:
      ("disk_full", .resource, "Free some space, or set the folder to a larger disk", false)
    case EROFS:
      ("read_only", .resource, "Mount the file system for writing, or set the folder elsewhere", false)
    case EMFILE, ENFILE:
      ("too_many_files", .resource, "Raise the limit on open files (`ulimit -n`, `LimitNOFILE=`)", true)
    case ENOMEM: ("out_of_memory", .resource, nil, true)
    case EIO:
      ("io_error", .resource, "The disk reports an error: look at the kernel's log (`dmesg`)", false)
    case ELOOP:
      ("symbolic_link", .validation, "Name the file or folder itself: links are not followed here", false)
    case EINTR, EAGAIN: ("interrupted_call", .resource, nil, true)
    default: ("io_error", .resource, nil, false)
    }
  }
}

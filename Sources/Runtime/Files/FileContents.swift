internal import Glibc
package import Model

/// Whole files, read in one go.
package enum FileContents {
  /// The bytes of the regular file at `path`. A FIFO or device is refused rather than waited for.
  /// - Throws: a `SystemFault`, `not_a_file`, or `file_too_large`.
  package static func read(_ path: String, atMost limit: ByteCount) throws(Fault) -> [UInt8] {
    let file = try FileDescriptor(path, O_RDONLY | O_NONBLOCK)
    var status = stat()
    if fstat(file.number, &status) != 0 { throw SystemFault.fault("read", path) }
    if status.st_mode & S_IFMT != S_IFREG {
      throw Fault("not_a_file", .validation, "`\(path)` is not a regular file")
    }
    return try file.readAll(atMost: limit)
  }
}

internal import Glibc
internal import Model
internal import Runtime

/// Reads small files that a person wrote.
enum TextFile {
  /// The whole file. A relative path counts from `folder`, or from the working folder; faults name the path
  /// as given.
  ///
  /// Refuses what is no plain file (a FIFO would wait for ever), and, where the reader is root, files that
  /// others may write: who writes a job file runs commands as whoever runs the job.
  /// - Throws: `Fault` `file_missing`, `file_unreadable`, `too_many_files`, `file_too_big` or `file_unsafe`.
  static func read(_ path: String, in folder: String? = nil, atMost limit: Int) throws(Fault) -> [UInt8] {
    let place = folder.map { Path.joined(path, to: $0) } ?? path
    let descriptor = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw cannotOpen(path) }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw cannotOpen(path) }
    if facts.st_mode & S_IFMT == S_IFDIR {
      throw Fault("file_unreadable", .notFound, "\(path) is a folder", hint: "Name a file in it")
    }
    if facts.st_mode & S_IFMT != S_IFREG {
      throw Fault("file_unreadable", .notFound, "\(path) is not a plain file")
    }
    if geteuid() == 0, facts.st_mode & 0o022 != 0 {
      throw Fault(
        "file_unsafe", .validation, "\(path) can be written by others, and this is root",
        hint: "chmod go-w \(path)")
    }
    return try contents(descriptor, path, atMost: limit)
  }

  private static func contents(_ descriptor: CInt, _ path: String, atMost limit: Int) throws(Fault) -> [UInt8]
  {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw cannotOpen(path) }
      if count == 0 { return bytes }
      bytes += block[..<count]
      if bytes.count > limit {
        throw Fault("file_too_big", .validation, "\(path) is bigger than the \(limit) bytes that are read")
      }
    }
  }

  private static func cannotOpen(_ path: String) -> Fault {
    let reason = errno
    if reason == ENOENT || reason == ENOTDIR {
      return Fault("file_missing", .notFound, "There is no file \(path)")
    }
    let cause = String(cString: strerror(reason))
    if reason == EMFILE || reason == ENFILE {
      return Fault(
        "too_many_files", .resource, "\(path) cannot be read", cause: cause)
    }
    return Fault("file_unreadable", .notFound, "\(path) cannot be read", cause: cause)
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The names in a folder, sorted by bytes.
  /// - Throws: `Fault` `file_missing`, `file_unreadable` or `too_many_files`.
  static func names(in folder: String) throws(Fault) -> [String] {
    guard let directory = opendir(folder) else { throw cannotOpen(folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The path with neither symbolic links nor `..`, or as given where it does not exist.
  static func absolute(_ path: String) -> String {
    Path.real(path) ?? path
  }
}

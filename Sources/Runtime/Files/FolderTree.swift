internal import Glibc
package import Model

/// Makes and removes whole folders.
package enum FolderTree {
  /// The folder that something lies in, by its path.
  package static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes a new folder, mode 0700, named `prefix` and six random characters, in `parent`.
  package static func temporary(in parent: String, prefix: String) throws(Fault) -> String {
    var template = Array((parent + "/" + prefix + "XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemFault.fault("make a folder in", parent) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Removes the folder and all within it. Follows no symbolic link, also where somebody puts one
  /// in the way meanwhile. A folder that is gone already is fine.
  package static func remove(_ path: String) throws(Fault) {
    let folder: FileDescriptor
    do {
      folder = try FileDescriptor(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    } catch {
      if error.code == "file_not_found" { return }
      throw error
    }
    // Somebody who removes it too may have put a lock there in between.
    for _ in 0..<100 {
      try empty(folder, path)
      if rmdir(path) == 0 || errno == ENOENT { return }
      guard errno == ENOTEMPTY else { break }
    }
    throw SystemFault.fault("remove", path)
  }

  /// The names in a folder, without `.` and `..`, sorted by bytes.
  package static func names(in path: String) throws(Fault) -> [String] {
    try names(in: FileDescriptor(path, O_RDONLY | O_DIRECTORY), path)
  }

  private static func names(
    in folder: borrowing FileDescriptor, _ path: String
  ) throws(Fault) -> [String] {
    // The stream closes the number it is given, so it gets one of its own.
    let own = fcntl(folder.number, F_DUPFD_CLOEXEC, 0)
    guard own >= 0, let stream = fdopendir(own) else { throw SystemFault.fault("read", path) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func empty(_ folder: borrowing FileDescriptor, _ path: String) throws(Fault) {
    for name in try names(in: folder, path) {
      if unlinkat(folder.number, name, 0) == 0 || errno == ENOENT { continue }
      guard errno == EISDIR || errno == EPERM || errno == EACCES else {
        throw SystemFault.fault("remove", path + "/" + name)
      }
      let inner = try FileDescriptor(name, in: folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      try empty(inner, path + "/" + name)
      if unlinkat(folder.number, name, AT_REMOVEDIR) != 0, errno != ENOENT {
        throw SystemFault.fault("remove", path + "/" + name)
      }
    }
  }
}

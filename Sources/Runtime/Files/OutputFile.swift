internal import Glibc
package import Model

/// A file that appears under its name only when it is whole: written under a temporary name in the
/// same folder, forced to the disk, then renamed.
///
/// The path stays inside a root folder whatever it says: it is walked part by part, following no
/// symbolic link, so that neither `..`, an absolute path nor a link leads out of it. A name that is
/// taken by anything but a regular file is refused.
package final class OutputFile {
  private let folder: FileDescriptor
  private let file: FileDescriptor
  private let name: String
  private let temporaryName: String
  private var isRenamed = false
  /// The final path, for messages.
  package let path: String

  /// Makes the folders that are missing, and an empty file under the temporary name.
  /// - Parameters:
  ///   - path: relative to `root`.
  ///   - tag: what the writers of one file have in common; without dots.
  ///   - owner: makes the temporary name this writer's own, so that no other can write into it or rename it.
  /// - Throws: `Fault` `unsafe_path`, or a `SystemFault`.
  package init(_ path: String, in root: String, tag: String, owner: String = "0") throws(Fault) {
    let parts = try OutputFile.parts(path)
    guard let name = parts.last else {
      throw Fault("unsafe_path", .validation, "The output path is empty")
    }
    self.path = root + "/" + parts.joined(separator: "/")
    folder = try OutputFile.folder(Array(parts.dropLast()), in: root)
    self.name = name
    temporaryName = OutputFile.common(name, tag) + "\(owner).tmp"
    guard temporaryName.utf8.count <= 255 else {
      throw Fault("unsafe_path", .validation, "The file name `\(name.prefix(40))…` is too long")
    }
    try OutputFile.refuseOddFile(name, in: folder, path: self.path)
    // What this very writer left when it tried before.
    if unlinkat(folder.number, temporaryName, 0) != 0, errno != ENOENT {
      // Where nothing may be written the system does not look whether there is anything to remove.
      throw SystemFault.fault(errno == EROFS ? "write" : "remove", self.path)
    }
    file = try FileDescriptor(
      temporaryName, in: folder, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
  }

  private static func common(_ name: String, _ tag: String) -> String { ".\(name).\(tag)." }

  /// Takes a file away from all writers of `tag` so far: what they have under their temporary names is removed,
  /// so that none of them, however late it wakes up, can make it appear.
  /// - Parameter owners: what the names of the owners meant begin with.
  /// - Throws: `Fault` `unsafe_path`, or a `SystemFault`.
  package static func fence(
    _ path: String, in root: String, tag: String, owners: String = ""
  ) throws(Fault) {
    let parts = try parts(path)
    guard let name = parts.last else { return }
    let parent = ([root] + parts.dropLast()).joined(separator: "/")
    // Where there is no folder nobody has written anything.
    if access(parent, F_OK) != 0 { return }
    let folder = try folder(Array(parts.dropLast()), in: root)
    for left in try FolderTree.names(in: parent)
    where left.hasPrefix(common(name, tag) + owners) && left.hasSuffix(".tmp") {
      if unlinkat(folder.number, left, 0) != 0, errno != ENOENT {
        throw SystemFault.fault("remove", parent + "/" + left)
      }
    }
  }

  /// The parts of a relative path.
  /// - Throws: `Fault` `unsafe_path`.
  package static func parts(_ path: String) throws(Fault) -> [String] {
    func unsafe(_ why: String) -> Fault {
      Fault(
        "unsafe_path", .validation, "The output path `\(path.prefix(100))` \(why)",
        hint: "Output paths are relative to the project's `output` folder and stay inside it")
    }
    if path.utf8.contains(0) { throw unsafe("holds a NUL byte") }
    if path.utf8.first == UInt8(ascii: "/") { throw unsafe("is absolute") }
    let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { String($0) ?? "" }
    for part in parts {
      if part == ".." { throw unsafe("leads out of its folder") }
      if part.isEmpty || part == "." { throw unsafe("has an empty part") }
      if part.utf8.count > 255 { throw unsafe("has a part of over 255 bytes") }
    }
    return parts
  }

  private static func folder(_ parts: [String], in root: String) throws(Fault) -> FileDescriptor {
    if mkdir(root, 0o755) != 0, errno != EEXIST { throw SystemFault.fault("make the folder", root) }
    var current = try FileDescriptor(root, O_RDONLY | O_DIRECTORY)
    var path = root
    for part in parts {
      path += "/" + part
      if mkdirat(current.number, part, 0o755) == 0 {
        // Its name is to outlive a loss of power as well as what will lie in it.
        try current.synchronize()
      } else if errno != EEXIST {
        throw SystemFault.fault("make the folder", path)
      }
      do throws(Fault) {
        current = try FileDescriptor(part, in: current, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      } catch {
        var facts = stat()
        let isFolder =
          fstatat(current.number, part, &facts, AT_SYMLINK_NOFOLLOW) == 0 && facts.st_mode & S_IFMT == S_IFDIR
        if isFolder { throw error }
        throw Fault(
          "unsafe_path", .validation, "`\(path)` is a link or no folder, so nothing is written there",
          cause: error.cause)
      }
    }
    return current
  }

  private static func refuseOddFile(
    _ name: String, in folder: borrowing FileDescriptor, path: String
  ) throws(Fault) {
    var facts = stat()
    if fstatat(folder.number, name, &facts, AT_SYMLINK_NOFOLLOW) != 0 {
      if errno == ENOENT { return }
      throw SystemFault.fault("look at", path)
    }
    if facts.st_mode & S_IFMT != S_IFREG {
      throw Fault(
        "unsafe_path", .validation, "`\(path)` is there and is no regular file, so it is not replaced")
    }
  }

  /// True where a file of the final name is there already.
  package var exists: Bool {
    var facts = stat()
    return fstatat(folder.number, name, &facts, AT_SYMLINK_NOFOLLOW) == 0
  }

  /// What this file is known by, once it has appeared too; to be asked when all is written.
  /// - Throws: a `SystemFault`.
  package var mark: FileMark {
    get throws(Fault) { try FileMark(of: file, path) }
  }

  package func write(_ bytes: [UInt8]) throws(Fault) {
    try file.write(bytes)
  }

  /// Forces all that was written to the disk.
  package func synchronize() throws(Fault) {
    try file.synchronize()
  }

  /// Makes the file appear under its name, and forces that to the disk. Doing it twice is fine.
  /// - Parameter isReplacing: whether it may take the place of a file of that name, whenever that came.
  /// - Throws: `Fault` `output_gone` where it was taken away meanwhile, as by another writer of the run; `file_exists`.
  package func rename(replacing isReplacing: Bool = true) throws(Fault) {
    try OutputFile.refuseOddFile(name, in: folder, path: path)
    if !isRenamed {
      if isReplacing { try moveOver() } else { try moveBeside() }
    }
    isRenamed = true
    try folder.synchronize()
  }

  private func moveOver() throws(Fault) {
    if renameat(folder.number, temporaryName, folder.number, name) != 0 { throw failure("rename", errno) }
  }

  /// A second name is given only where nothing has it, in one step; then the first one goes.
  private func moveBeside() throws(Fault) {
    if linkat(folder.number, temporaryName, folder.number, name, 0) == 0 { return try discard() }
    let problem = errno
    switch problem {
    case EEXIST: throw takenFault
    // A file system where a file has one name: whoever makes another one between these two lines loses it.
    case EPERM, EOPNOTSUPP, ENOSYS:
      if exists { throw takenFault }
      try moveOver()
    default: throw failure("link", problem)
    }
  }

  private func failure(_ action: String, _ problem: Int32) -> Fault {
    guard problem == ENOENT else { return SystemFault.fault(action, path, problem) }
    return Fault(
      "output_gone", .resource, "What was written to become `\(path)` has been removed",
      hint: "Leave `.*.tmp` files beside it alone while a run is at work; run again: it is written anew")
  }

  /// That the name belongs to another file, which stays.
  package var takenFault: Fault {
    Fault("file_exists", .conflict, "`\(path)` is there already, and `if_exists: fail` keeps it")
  }

  /// Removes the temporary file, after a failure. One that is gone already is fine.
  package func discard() throws(Fault) {
    if unlinkat(folder.number, temporaryName, 0) != 0, errno != ENOENT {
      throw SystemFault.fault("remove", path)
    }
  }
}

internal import Glibc
internal import Model
internal import Runtime

/// Whether the user of a service can read files, by their modes: access lists are not asked.
struct ServiceReader {
  private let user: UInt32?
  private let groups: Set<UInt32>

  /// - Parameter name: `nil` for one that exists only while the service runs, and is nobody's fellow.
  /// - Returns: `nil` where there is no such user on this machine, or where it is root.
  init?(_ name: String?) {
    guard let name else {
      user = nil
      groups = []
      return
    }
    guard let entry = getpwnam(name), entry.pointee.pw_uid != 0 else { return nil }
    user = entry.pointee.pw_uid
    var ids = [gid_t](repeating: 0, count: 1024)
    var count = Int32(ids.count)
    // More groups than that are too many for this to matter.
    getgrouplist(name, entry.pointee.pw_gid, &ids, &count)
    groups = Set(ids.prefix(max(0, Int(min(count, 1024)))))
  }

  /// The first of these files, or of the folders on their way, that it cannot read or enter.
  func firstUnreadable(of paths: [String]) throws(Fault) -> String? {
    for path in paths {
      var way = try Path.absolute(path)
      if !may(4, way) { return way }
      while way != "/" {
        way = FolderTree.parent(of: way)
        if !may(1, way) { return way }
      }
    }
    return nil
  }

  /// - Parameter wanted: 4 to read, 1 to enter.
  private func may(_ wanted: UInt32, _ path: String) -> Bool {
    var facts = stat()
    // What is not there is told by whoever needs it.
    guard stat(path, &facts) == 0 else { return true }
    let shift: UInt32 = facts.st_uid == user ? 6 : groups.contains(facts.st_gid) ? 3 : 0
    return facts.st_mode >> shift & wanted == wanted
  }
}

internal import Model
internal import Runtime

/// A unit file of systemd that knows its own hand: its first line says who wrote it and what it held
/// then, so that nothing is replaced that somebody else has written or changed.
struct UnitFile {
  var name: String
  /// All but the first line.
  var body: String

  private static let mark = "# Written by `tidemark systemd`, sha256 "

  var text: String { UnitFile.mark + SHA256.hexadecimal(body) + "\n" + body }

  /// What there is under a unit's name.
  enum Standing: String, Hashable {
    case absent
    /// Exactly this file.
    case same
    /// An earlier one of ours, as we left it.
    case earlier
    /// One of ours that somebody has changed since.
    case changed
    /// Somebody else's.
    case foreign
  }

  /// - Throws: a `SystemFault`, `not_a_file`.
  func standing(in folder: String) throws(Fault) -> Standing {
    let path = folder + "/" + name
    if try FileTimes(of: path) == nil { return .absent }
    let found = String(
      decoding: try FileContents.read(path, atMost: ByteCount(1 << 20)), as: UTF8.self)
    if found == text { return .same }
    guard found.hasPrefix(UnitFile.mark), let end = found.firstIndex(of: "\n") else { return .foreign }
    let hash = found[..<end].dropFirst(UnitFile.mark.count)
    let rest = found[found.index(after: end)...]
    return hash == SHA256.hexadecimal(String(rest)) ? .earlier : .changed
  }

  /// Writes it whole or not at all.
  /// - Throws: `Fault` `unsafe_path`, or a `SystemFault`.
  func write(to folder: String) throws(Fault) {
    let file = try OutputFile(name, in: folder, tag: "tidemark")
    do throws(Fault) {
      try file.write(Array(text.utf8))
      try file.synchronize()
      try file.rename()
    } catch {
      try file.discard()
      throw error
    }
  }
}

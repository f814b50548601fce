internal import Glibc
package import Model
internal import Synchronization

/// Gives the rules of a time zone by its name, from the system's time zone data.
///
/// Files are read when they are asked for, once, and kept. A name cannot lead out of the data's folder.
package final class ZoneFiles: Sendable {
  package static let system = ZoneFiles(folder: "/usr/share/zoneinfo")

  private let folder: String
  private let cache = Mutex<[String: ZoneRules]>([:])
  private let namedVersion: String?
  private let knownIndex = Mutex<Index?>(nil)

  package init(folder: String) {
    self.folder = folder
    namedVersion = Index.namedVersion(folder: folder)
  }

  /// Takes reading a hundred kilobytes of text, which most runs do without.
  private var index: Index {
    knownIndex.withLock { known in
      if let known { return known }
      let made = Index(folder: folder)
      known = made
      return made
    }
  }

  /// The version of the data, such as `2025b`, or `sha256:` and a digest where it names none.
  ///
  /// Two machines with one version give every zone the same rules.
  package var dataVersion: String { namedVersion ?? index.version }

  /// The names that the data knows, sorted.
  package var names: [String] { index.names.values.sorted() }

  /// The rules of a zone, whose name may be written in any case.
  /// - Throws: `Fault` `unknown_time_zone`, with the name that was probably meant; `bad_time_zone_file`.
  package func rules(named name: String) throws(Fault) -> ZoneRules {
    let key = name.lowercased()
    if let known = cache.withLock({ $0[key] }) { return known }
    if key == "utc" { return .utc }
    guard let (spelling, bytes) = file(of: name) else { throw unknown(name) }
    let rules: ZoneRules
    do {
      rules = try ZoneRules(tzif: bytes, name: spelling)
    } catch {
      throw Fault(
        "bad_time_zone_file", .resource, "The file of the time zone `\(spelling)` cannot be read",
        cause: error.sentence, hint: "Install the system's time zone data again (package tzdata).")
    }
    cache.withLock { $0[key] = rules }
    return rules
  }

  /// The file of a zone, and the right spelling of its name.
  private func file(of name: String) -> (spelling: String, bytes: [UInt8])? {
    if let path = Self.safePath(name), let bytes = FileBytes.read("\(folder)/\(path)") {
      return (path, bytes)
    }
    guard let spelling = index.names[name.lowercased()] else { return nil }
    return FileBytes.read("\(folder)/\(spelling)").map { (spelling, $0) }
  }

  /// What reading date and time texts needs, for a session in the zone `name`.
  /// - Throws: as `rules(named:)`.
  package func context(session name: String) throws(Fault) -> ZoneContext {
    context(session: try rules(named: name))
  }

  /// The same for a zone whose rules are known.
  package func context(session: ZoneRules) -> ZoneContext {
    ZoneContext(session: session) { name in
      // An unknown name is an ordinary answer here: the caller says what the text was for.
      do { return try self.rules(named: name) } catch { return nil }
    }
  }

  /// Where `name`, as it stands in a text, is no zone: the fault, with the name that was probably meant.
  package func unknown(_ name: String, at place: Place? = nil) -> Fault {
    let hint =
      index.names.isEmpty
      ? "There is no time zone data in \(folder): install the package tzdata."
      : DidYouMean.hint(for: name, among: names) ?? "Use a name such as Europe/Berlin, or UTC."
    return Fault(
      "unknown_time_zone", .config, "There is no time zone `\(name)`", place: place, hint: hint)
  }

  /// The name itself where it can only lead to a file inside the folder; nil otherwise.
  private static func safePath(_ name: String) -> String? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isSafe =
      name.utf8.count <= 100
      && parts.allSatisfy { part in
        !part.isEmpty && !part.hasPrefix(".")
          && part.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
              UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"):
              true
            default: false
            }
          }
      }
    return isSafe ? name : nil
  }
}

/// The names and the version of a folder of time zone data.
private struct Index {
  /// The right spelling by the lower-case one.
  var names: [String: String] = [:]
  var version: String

  /// Reads `tzdata.zi`, the data's source in one file, which Debian and others install with it.
  init(folder: String) {
    let source = FileBytes.read(Self.source(folder)) ?? []
    let lines = source.split(separator: UInt8(ascii: "\n"))
    // Most lines are rules, of which nothing is needed here.
    for line in lines where line.first == UInt8(ascii: "Z") || line.first == UInt8(ascii: "L") {
      let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard fields.count >= 2 else { continue }
      // Z is a zone with its name, L a link with its target and its name.
      if fields[0] == "Z" { names[fields[1].lowercased()] = String(fields[1]) }
      if fields[0] == "L", fields.count >= 3 { names[fields[2].lowercased()] = String(fields[2]) }
    }
    version = Self.namedVersion(folder: folder) ?? Self.digest(folder: folder, names: &names)
  }

  private static func source(_ folder: String) -> String { "\(folder)/tzdata.zi" }

  /// What the data itself says that it is.
  static func namedVersion(folder: String) -> String? {
    let line = FileBytes.read(source(folder), atMost: 100)?.prefix { $0 != UInt8(ascii: "\n") }
    let first = line.map { String(decoding: $0, as: UTF8.self) } ?? ""
    if first.hasPrefix("# version ") { return String(first.dropFirst(10)) }
    return FileBytes.read("\(folder)/+VERSION").map {
      String(decoding: $0.prefix { $0 > 0x20 }, as: UTF8.self)
    }
  }

  /// Tells data without a version by the contents of the zones that its table lists.
  private static func digest(folder: String, names: inout [String: String]) -> String {
    var hash = SHA256()
    let table = FileBytes.read("\(folder)/zone.tab") ?? []
    for line in table.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "#") {
      let fields = String(decoding: line, as: UTF8.self).split(separator: "\t")
      guard fields.count >= 3, let file = FileBytes.read("\(folder)/\(fields[2])") else { continue }
      names[fields[2].lowercased()] = String(fields[2])
      hash.update(fields[2].utf8)
      hash.update(file)
    }
    let digest = hash.finish()
    return "sha256:"
      + digest.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
  }
}

private enum FileBytes {
  /// A regular file's bytes, up to a size that no time zone data reaches; nil where it cannot be read.
  static func read(_ path: String, atMost limit: Int = .max) -> [UInt8]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var status = stat()
    guard fstat(fileno(file), &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 22
    else { return nil }
    let size = min(Int(status.st_size), limit)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = fread(buffer.baseAddress, 1, size, file)
    }
  }
}

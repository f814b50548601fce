internal import Model
internal import Runtime

/// The credentials that files name, wherever in them: also in one that cannot be read as a job yet.
enum CredentialUse {
  /// - Throws: a `SystemFault`.
  static func names(in paths: [String]) throws(Fault) -> Set<String> {
    var names: Set<String> = []
    for path in paths {
      let text = String(
        decoding: try FileContents.read(path, atMost: ByteCount(16 << 20)), as: UTF8.self)
      for match in text.matches(of: /(\$+)\{credential\.([A-Za-z0-9._-]+)/) {
        // `$$` stands for the sign itself.
        if match.output.1.count % 2 == 1 { names.insert(String(match.output.2)) }
      }
    }
    return names
  }
}

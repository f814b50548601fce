internal import Model
internal import Runtime

/// The secrets and variables that files name, wherever in them but in remarks: also in one that cannot be read as a job
/// yet.
struct ExternalUse {
  private(set) var credentials: Set<String> = []
  private(set) var variables: Set<String> = []

  /// - Throws: a `SystemFault`.
  init(in paths: [String]) throws(Fault) {
    for path in paths {
      let text = String(
        decoding: try FileContents.read(path, atMost: ByteCount(16 << 20)), as: UTF8.self)
      for line in text.split(whereSeparator: \.isNewline) where line.first(where: { $0 != " " }) != "#" {
        for match in line.matches(of: /(\$+)\{(credential|env)\.([A-Za-z0-9._-]+?)(?::-[^}]*)?\}/) {
          // `$$` stands for the sign itself.
          if match.output.1.count % 2 == 0 { continue }
          if match.output.2 == "env" {
            variables.insert(String(match.output.3))
          } else {
            credentials.insert(String(match.output.3))
          }
        }
      }
    }
  }
}

/// Takes secrets out of a line of a file before it is shown under a fault.
///
/// A fault may point at any part of the line that a password stands in. Taken out is what stands behind a word
/// such as `password` or `token`, between the name and the `@` of a URI, and behind the host of a web address,
/// which is the secret of many webhooks. References (`${...}`) stay: they are no secrets.
struct WrittenSecrets {
  private var out: [Unicode.Scalar] = []
  private let line: [Unicode.Scalar]

  private init(_ line: String) { self.line = Array(line.unicodeScalars) }

  /// The line with every character of a secret as `*`, so that columns stay where they are.
  /// - Parameter start: the column from which all is secret.
  static func masked(_ line: String, from start: Int? = nil) -> String {
    var secrets = WrittenSecrets(line)
    secrets.out = secrets.line
    if let start, start <= secrets.line.count { secrets.mask(start - 1..<secrets.line.count) }
    secrets.maskAddresses()
    secrets.maskNamedValues()
    var text = ""
    text.unicodeScalars.append(contentsOf: secrets.out)
    return text
  }

  /// In connection strings and as keys of YAML.
  private static let passwords = ["password", "pasword", "passwd", "pwd"]
  /// As keys of YAML alone: columns may have such names too.
  private static let keys = [
    "passphrase", "secret", "token", "authorization", "api_key", "api-key", "apikey", "pepper",
  ]

  private mutating func mask(_ range: Range<Int>) {
    var index = range.lowerBound
    while index < range.upperBound {
      if line[index] == "$", index + 1 < range.upperBound, line[index + 1] == "{" {
        let end = line[index..<range.upperBound].firstIndex(of: "}") ?? range.upperBound - 1
        index = end + 1
      } else {
        out[index] = "*"
        index += 1
      }
    }
  }

  /// Where a run of characters that `ends` holds for none of begins to end.
  private func end(from start: Int, _ ends: (Unicode.Scalar) -> Bool) -> Int {
    line[start...].firstIndex(where: ends) ?? line.count
  }

  // MARK: Addresses

  private mutating func maskAddresses() {
    for index in line.indices.dropLast(2)
    where line[index] == ":" && line[index + 1] == "/" && line[index + 2] == "/" {
      let start = index + 3
      let end = end(from: start) {
        " \t\"'`<>{}".unicodeScalars.contains($0) && !isReference($0, from: start)
      }
      if let at = line[start..<end].lastIndex(of: "@"), let colon = line[start..<at].firstIndex(of: ":") {
        mask(colon + 1..<at)
      }
      let scheme = String(String.UnicodeScalarView(line[max(0, index - 5)..<index])).lowercased()
      if scheme.contains("http"), let slash = line[start..<end].firstIndex(of: "/") { mask(slash + 1..<end) }
    }
  }

  /// Braces belong to an address where they are those of a reference.
  private func isReference(_ scalar: Unicode.Scalar, from start: Int) -> Bool {
    (scalar == "{" || scalar == "}") && line[start...].contains("$")
  }

  // MARK: Named values

  private mutating func maskNamedValues() {
    let lowered = line.map { $0.isASCII ? Unicode.Scalar($0.properties.lowercaseMapping) ?? $0 : $0 }
    for word in Self.passwords + Self.keys {
      let letters = Array(word.unicodeScalars)
      guard lowered.count >= letters.count else { continue }
      for start in 0...(lowered.count - letters.count)
      where lowered[start..<start + letters.count].elementsEqual(letters) {
        let range = value(behind: start + letters.count, takingEquals: Self.passwords.contains(word))
        if let range { mask(range) }
      }
    }
  }

  /// What stands behind `=` or `:`; nil where neither follows.
  private func value(behind end: Int, takingEquals: Bool) -> Range<Int>? {
    var index = end
    while index < line.count, line[index] == "\"" || line[index] == "'" || line[index] == " " { index += 1 }
    guard index + 1 < line.count else { return nil }
    let isText = takingEquals && line[index] == "="
    guard isText || (line[index] == ":" && line[index + 1] == " ") else { return nil }
    index += 1
    while index < line.count, line[index] == " " { index += 1 }
    guard index < line.count else { return nil }
    if line[index] == "\"" || line[index] == "'" {
      let quote = line[index]
      return index + 1..<self.end(from: index + 1) { $0 == quote }
    }
    // Of a connection string one word; of YAML all up to the end of the value.
    let stops = isText ? " \t&\"'" : ",}]\"'"
    return index..<self.end(from: index) { stops.unicodeScalars.contains($0) }
  }
}

extension SQLType {
  /// Reads a type as SQL writes it: `integer`, `numeric(18, 4)`, `varchar(20)`, `timestamp with time zone` and
  /// the usual short names, in any case. Nil for arrays, user types and everything else.
  package init?(parsing text: String) {
    var name = text.lowercased()
    var numbers: [Int] = []
    if let open = name.firstIndex(of: "(") {
      guard let close = name.lastIndex(of: ")"), close > open else { return nil }
      for part in name[name.index(after: open)..<close].split(
        separator: ",", omittingEmptySubsequences: false)
      {
        guard let number = Int(part.filter { $0 != " " }), number >= 0 else { return nil }
        numbers.append(number)
      }
      name = String(name[..<open] + name[name.index(after: close)...])
    }
    name = name.split(separator: " ").joined(separator: " ")
    guard let type = SQLType(name: name, numbers: numbers) else { return nil }
    self = type
  }

  private init?(name: String, numbers: [Int]) {
    switch (name, numbers.count) {
    case ("boolean", 0), ("bool", 0): self = .boolean
    case ("smallint", 0), ("int2", 0): self = .smallint
    case ("integer", 0), ("int", 0), ("int4", 0): self = .integer
    case ("bigint", 0), ("int8", 0): self = .bigint
    case ("numeric", 0), ("decimal", 0): self = .numeric(nil)
    case ("numeric", 1...2), ("decimal", 1...2):
      let scale = numbers.count == 2 ? numbers[1] : 0
      guard (1...1000).contains(numbers[0]), scale <= 1000 else { return nil }
      self = .numeric(NumericModifier(precision: numbers[0], scale: scale))
    case ("real", 0), ("float4", 0): self = .real
    case ("double precision", 0), ("float8", 0), ("double", 0): self = .double
    case ("text", 0): self = .text
    case ("varchar", 0), ("character varying", 0): self = .varchar(nil)
    case ("varchar", 1), ("character varying", 1): self = .varchar(numbers[0])
    case ("bpchar", 0): self = .char(nil)
    case ("char", 0), ("character", 0): self = .char(1)
    case ("char", 1), ("character", 1): self = .char(numbers[0])
    case ("name", 0): self = .name
    case ("date", 0): self = .date
    case ("timestamp", 0), ("timestamp without time zone", 0): self = .timestamp
    case ("timestamptz", 0), ("timestamp with time zone", 0): self = .timestamptz
    case ("interval", 0): self = .interval
    case ("uuid", 0): self = .uuid
    case ("bytea", 0): self = .bytea
    case ("json", 0): self = .json
    case ("jsonb", 0): self = .jsonb
    default: return nil
    }
  }
}

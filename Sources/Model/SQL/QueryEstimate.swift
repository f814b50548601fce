/// What the planner of the server guesses for one query, from `EXPLAIN (FORMAT JSON, VERBOSE)`.
package struct QueryEstimate: Hashable, Sendable {
  package var rows: Double
  package var width: Int
  package var cost: Double
  /// Every relation the plan touches: `schema.name`.
  package var relations: [QualifiedName]
  package var scans: [Scan]
  /// Names of the functions that the plan's expressions call, without their schemas, sorted.
  package var functions: [String]
  /// True where one of them may look at other tables: then the query's answer can change although
  /// no row of `relations` does.
  package var callsReaders = false

  package struct Scan: Hashable, Sendable {
    /// `Seq Scan`, `Index Scan`, `Bitmap Heap Scan`, ...
    package var node: String
    package var relation: QualifiedName?
    package var index: String?

    package init(node: String, relation: QualifiedName?, index: String?) {
      self.node = node
      self.relation = relation
      self.index = index
    }
  }

  package init(
    rows: Double, width: Int, cost: Double, relations: [QualifiedName], scans: [Scan],
    functions: [String] = []
  ) {
    self.rows = rows
    self.width = width
    self.cost = cost
    self.relations = relations
    self.scans = scans
    self.functions = functions
  }

  /// Reads the one-row answer of `EXPLAIN (FORMAT JSON, VERBOSE)`.
  /// - Throws: `Fault` `bad_json`.
  package init(explainJSON text: String) throws(Fault) {
    let document = try JSONValue(parsing: text)
    guard let top = document.elements.first?["Plan"] else {
      throw Fault("bad_json", .internal, "EXPLAIN gave no plan")
    }
    rows = top["Plan Rows"]?.doubleValue ?? 0
    width = top["Plan Width"]?.intValue ?? 0
    cost = top["Total Cost"]?.doubleValue ?? 0
    relations = []
    scans = []
    functions = []
    var calls: Set<String> = []
    visit(top, &calls)
    functions = calls.sorted()
  }

  private mutating func visit(_ node: JSONValue, _ calls: inout Set<String>) {
    let name = node["Relation Name"]?.stringValue.map {
      QualifiedName(schema: node["Schema"]?.stringValue.map(Identifier.init), name: Identifier($0))
    }
    if let name, !relations.contains(name) { relations.append(name) }
    if let type = node["Node Type"]?.stringValue, type.hasSuffix("Scan") {
      scans.append(Scan(node: type, relation: name, index: node["Index Name"]?.stringValue))
    }
    for member in node.members where member.name != "Plans" {
      let texts = member.value.stringValue.map { [$0] } ?? member.value.elements.compactMap(\.stringValue)
      for text in texts { QueryEstimate.addCalls(in: text, to: &calls) }
    }
    for child in node["Plans"]?.elements ?? [] { visit(child, &calls) }
  }

  /// Whatever stands right before a parenthesis. A literal that looks like a call counts as one: what is
  /// asked of the names costs nothing but caution.
  ///
  /// The planner may have folded a constant of megabytes: a byte costs little, and what is longer than a name can be is
  /// none.
  private static func addCalls(in text: String, to calls: inout Set<String>) {
    let bytes = Array(text.utf8)
    var (name, isQuoted) = (0..<0, false)
    for (index, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "\"") {
        name = isQuoted ? name.lowerBound..<index : index + 1..<index + 1
        isQuoted.toggle()
      } else if isQuoted || isOfName(byte) {
        name = (name.upperBound < index ? index : name.lowerBound)..<index + 1
      } else {
        if byte == UInt8(ascii: "("), 1...longestName ~= name.count {
          calls.insert(String(decoding: bytes[name], as: UTF8.self))
        }
        name = index + 1..<index + 1
      }
    }
  }

  /// What Postgres takes as part of a name without quotes.
  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...: true
    default: false
    }
  }

  private static let longestName = 63
}

extension Int64 {
  /// A guess at a number of rows, as a whole number.
  package init(estimate rows: Double) {
    self = Int64(Swift.min(Swift.max(rows, 0), 1e18))
  }
}

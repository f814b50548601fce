package import Model

/// A path such as `$.a.b[0]` into a JSON text.
package struct JSONPath: Hashable, Sendable {
  package enum Part: Hashable, Sendable {
    case member(String)
    case element(Int)
  }

  package private(set) var parts: [Part] = []

  /// - Throws: `Fault` `bad_path`.
  package init(_ path: String, place: Place) throws(Fault) {
    let fault = Fault(
      "bad_path", .validation, "`\(path)` is no path into JSON", place: place,
      hint: "Write it like `$.customer.emails[0]`, with quotes around odd names: `$.\"first name\"`")
    var rest = Substring(path)
    if rest.first == "$" { rest = rest.dropFirst() }
    while let mark = rest.first {
      rest = rest.dropFirst()
      switch mark {
      case "." where rest.first == "\"":
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: "\"") else { throw fault }
        parts.append(.member(String(rest[..<end])))
        rest = rest[rest.index(after: end)...]
      case ".":
        let end = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
        guard end > rest.startIndex else { throw fault }
        parts.append(.member(String(rest[..<end])))
        rest = rest[end...]
      case "[":
        guard let end = rest.firstIndex(of: "]"), let number = Int(rest[..<end]), number >= 0 else {
          throw fault
        }
        parts.append(.element(number))
        rest = rest[rest.index(after: end)...]
      default: throw fault
      }
    }
  }
}

internal import Expressions
internal import Model

/// The parameters of a run: declared ones, with the values given or their defaults.
struct Parameters {
  var declared: [Parameter]
  var given: [String: String]

  /// Value and type by name.
  /// - Parameter zones: the clock of moments that name none.
  /// - Throws: `Faults`: `unknown_parameter`, `missing_parameter`, `bad_parameter`.
  func values(by zones: ZoneContext = .utc) throws(Faults) -> [String: (Value, SQLType)] {
    var faults: [Fault] = []
    for name in given.keys.sorted() where !declared.contains(where: { $0.name == name }) {
      let names = declared.map(\.name)
      faults.append(
        Fault(
          "unknown_parameter", .usage, "The job has no parameter `\(name)`",
          hint: DidYouMean.hint(for: name, among: names)
            ?? (names.isEmpty ? "It declares none" : "It has \(names.joined(separator: ", "))")))
    }
    var values: [String: (Value, SQLType)] = [:]
    for parameter in declared {
      guard let text = given[parameter.name] ?? parameter.defaultValue else {
        faults.append(
          Fault(
            "missing_parameter", .usage, "The parameter `\(parameter.name)` has no default and was not given",
            place: parameter.place, hint: "Give it: --set \(parameter.name)=VALUE"))
        continue
      }
      do throws(RowFault) {
        let value = try ParameterText(text).value(as: parameter.type, by: zones)
        values[parameter.name] = (value, parameter.type)
      } catch {
        faults.append(
          Fault(
            "bad_parameter", .usage,
            "`\(text)` is no \(parameter.type.sqlName), which the parameter `\(parameter.name)` is",
            place: given[parameter.name] == nil ? parameter.place : nil, cause: error.sentence,
            hint: "Give another value: --set \(parameter.name)=VALUE"))
      }
    }
    if !faults.isEmpty { throw Faults(faults) }
    return values
  }

  /// Values as they stand in a run's identity: each as its type writes it, so that what is equal is one text, however it
  /// was spelt. Moments stand in UTC.
  static func texts(_ values: [String: (Value, SQLType)]) -> [String: String] {
    values.mapValues { value, type in
      if case .double(let number) = value, type.base == .real { return PostgresFloat.text(Float(number)) }
      return value.postgresText ?? ""
    }
  }
}

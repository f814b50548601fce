internal import Model

/// A parsed command line of one command.
struct Invocation: Sendable {
  var spec: CommandSpec
  var operands: [String]
  /// Values by option name, in the order given; a flag given n times has n empty values.
  var options: [String: [String]]

  /// - Throws: `Fault` of class usage: `unknown_option`, `missing_value`, `missing_operand`,
  ///   `extra_operand`, `repeated_option`.
  init(_ spec: CommandSpec, arguments: [String]) throws(Fault) {
    self.spec = spec
    operands = []
    options = [:]
    var rest = arguments[...]
    var onlyOperands = false
    while let argument = rest.popFirst() {
      if onlyOperands || argument == "-" || !argument.hasPrefix("-") {
        operands.append(argument)
      } else if argument == "--" {
        onlyOperands = true
      } else if argument.hasPrefix("--") {
        let parts = argument.unicodeScalars.dropFirst(2)
          .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let option = spec.allOptions.first(where: { $0.name == name }) else {
          throw unknown("--\(name)")
        }
        try take(option, spelled: "--\(name)", given: parts.count > 1 ? String(parts[1]) : nil, from: &rest)
      } else {
        for letter in argument.dropFirst() {
          guard let option = spec.allOptions.first(where: { $0.short == letter }) else {
            throw unknown("-\(letter)")
          }
          try take(option, spelled: "-\(letter)", given: nil, from: &rest)
        }
      }
    }
    if !has("help") { try checkOperands() }
  }

  private func unknown(_ option: String) -> Fault {
    let names = spec.allOptions.map { "--\($0.name)" }
    return Fault(
      "unknown_option", .usage, "`tidemark \(spec.name)` has no option `\(option)`",
      hint: DidYouMean.hint(for: option, among: names) ?? "See `tidemark \(spec.name) --help`")
  }

  private mutating func take(
    _ option: OptionSpec, spelled: String, given: String?, from rest: inout ArraySlice<String>
  ) throws(Fault) {
    var value = given ?? ""
    if let placeholder = option.value {
      if given == nil {
        guard let next = rest.popFirst() else {
          throw Fault("missing_value", .usage, "`\(spelled)` needs a value: \(spelled) \(placeholder)")
        }
        value = next
      }
    } else if given != nil {
      throw Fault("extra_value", .usage, "`\(spelled)` takes no value")
    }
    if options[option.name] != nil, !option.isRepeatable, option.value != nil {
      throw Fault("repeated_option", .usage, "`\(spelled)` is given twice")
    }
    options[option.name, default: []].append(value)
  }

  private func checkOperands() throws(Fault) {
    let required = spec.operands.filter(\.isRequired).count
    if operands.count < required {
      throw Fault(
        "missing_operand", .usage, "`tidemark \(spec.name)` needs \(spec.operands[operands.count].name)",
        hint: "For example: \(spec.example)")
    }
    let isOpen = spec.operands.last?.isRepeatable ?? false
    if operands.count > spec.operands.count, !isOpen {
      throw Fault(
        "extra_operand", .usage, "`tidemark \(spec.name)` does not take `\(operands[spec.operands.count])`",
        hint: "See `tidemark \(spec.name) --help`")
    }
  }

  func has(_ option: String) -> Bool { options[option] != nil }

  /// How often a flag was given.
  func count(_ option: String) -> Int { options[option]?.count ?? 0 }

  /// The (last) value of an option.
  subscript(option: String) -> String? { options[option]?.last }

  func all(_ option: String) -> [String] { options[option] ?? [] }

  /// - Throws: `Fault` `bad_value` of class usage.
  func integer(_ option: String, in range: ClosedRange<Int>) throws(Fault) -> Int? {
    guard let text = self[option] else { return nil }
    let plain = String(text.filter { $0 != "_" })
    guard let number = Int(plain), range.contains(number) else {
      throw Fault(
        "bad_value", .usage,
        "`--\(option) \(text)` is not a whole number from \(range.lowerBound) to \(range.upperBound)",
        hint: "For example: --\(option) \(min(max(range.lowerBound, 10), range.upperBound))")
    }
    return number
  }
}

internal import Model

extension Step.SanitizeOperation {
  /// As a job file has it.
  var jobText: String {
    switch self {
    case .trim: "trim"
    case .collapseSpaces: "collapse_spaces"
    case .stripControl: "strip_control"
    case .lower: "lower"
    case .upper: "upper"
    case .nfc: "nfc"
    case .nullIfEmpty: "null_if_empty"
    case .truncate(let length): "{truncate: \(length)}"
    case .mask(let keep): "{mask: \(keep)}"
    case .redact(let pattern): "{redact: \(quoted(pattern))}"
    }
  }
}

extension Step.Parsing.Target {
  /// As a job file has it: what stands behind `as:`, with the keys that belong to it.
  var jobText: String {
    switch self {
    case .integer: "integer"
    case .numeric(let modifier): SQLType.numeric(modifier).sqlName
    case .boolean: "boolean"
    case .date(let pattern): "date" + key("pattern", pattern)
    case .timestamp(let pattern, let zone): "timestamp" + key("pattern", pattern) + key("zone", zone)
    case .json(let path): "json" + key("path", path)
    }
  }

  private func key(_ name: String, _ value: String?) -> String {
    value.map { ", \(name): \(quoted($0))" } ?? ""
  }
}

/// As YAML and JSON both read it.
private func quoted(_ text: String) -> String {
  var result = ""
  JSONValue.writeString(text, to: &result)
  return result
}

package import Model

/// How a fault is kept in the state store and in receipts.
extension Fault {
  package var json: JSONValue {
    .object([
      .init("code", .string(code)), .init("class", .string(kind.rawValue)),
      .init("sentence", .string(sentence)), .init("place", place?.json ?? .null),
      .init("cause", .optional(cause)), .init("hint", .optional(hint)),
      .init("transient", .boolean(isTransient)),
    ])
  }

  /// Reads what `json` wrote. Members that are missing or of another kind are taken as absent: an
  /// old fault must stay readable.
  package init(json: JSONValue) {
    self.init(
      json["code"]?.stringValue ?? "unknown",
      json["class"]?.stringValue.flatMap(FaultClass.init(rawValue:)) ?? .internal,
      json["sentence"]?.stringValue ?? "", place: json["place"].flatMap(Place.init(json:)),
      cause: json["cause"]?.stringValue, hint: json["hint"]?.stringValue,
      isTransient: json["transient"]?.boolValue ?? false)
  }
}

extension Place {
  var json: JSONValue {
    .object([.init("file", .string(file)), .init("line", .integer(line)), .init("column", .integer(column))])
  }

  init?(json: JSONValue) {
    guard let file = json["file"]?.stringValue, let line = json["line"]?.intValue,
      let column = json["column"]?.intValue
    else { return nil }
    self.init(file: file, line: line, column: column)
  }
}

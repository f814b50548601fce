internal import Model
package import Runtime

/// What a run is given, its parameters and its row of the matrix, read by the clock of its job.
struct RunInputs {
  let parameters: [String: (Value, SQLType)]
  let zone: ZoneRules
  /// What `matrix.*` and `params.*` stand for.
  let references: ReferenceScope

  /// - Throws: `Faults` in parameters or zone.
  init(_ request: RunRequest, zones: ZoneFiles) throws {
    var references = ReferenceScope()
    for (name, text) in request.matrixRow?.cells ?? [:] {
      references["matrix.\(name)"] = .value(.text(text), .text)
    }
    func add(_ values: [String: (Value, SQLType)]) {
      for (name, value) in values { references["params.\(name)"] = .value(value.0, value.1) }
    }
    let parameters = Parameters(declared: request.job.parameters, given: request.parameters)
    add(try parameters.values())
    zone = try zones.rules(named: references.text(of: request.job.timezone))
    // Once more, by the clock that some of them may have named.
    self.parameters = try parameters.values(by: ZoneContext(session: zone, named: ZoneContext.utc.named))
    add(self.parameters)
    self.references = references
  }
}

extension RunRequest {
  /// What its run has for parameters, as the run's identity says it, whoever gives them and however they are spelt.
  /// - Throws: `Faults` in parameters or zone.
  package func parameterTexts(zones: ZoneFiles) throws -> [String: String] {
    Parameters.texts(try RunInputs(self, zones: zones).parameters)
  }

  /// The same of a run of the job's clock; `nil` where that gives too little: not every parameter has a default.
  package func clockParameters(zones: ZoneFiles) throws -> [String: String]? {
    guard job.parameters.allSatisfy({ $0.defaultValue != nil }) else { return nil }
    var request = self
    request.parameters = [:]
    return try request.parameterTexts(zones: zones)
  }
}

extension ReferenceScope {
  /// The text of a template made of known references; for the zone, before there is an interval.
  fileprivate func text(of template: Template) throws(Fault) -> String {
    var text = ""
    for part in template.parts {
      switch part {
      case .text(let piece): text += piece
      case .reference(let reference): text += try value(of: reference).value.postgresText ?? ""
      }
    }
    return text
  }
}

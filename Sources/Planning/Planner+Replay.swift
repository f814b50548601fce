internal import Model

extension Planner {
  /// The plan that the same answers led to before, without its chunks' borders being asked for again.
  /// - Parameter rounds: all answers of an earlier planning, round by round.
  /// - Throws: `Fault` `bad_plan` where they are not the answers to what is asked now; `Faults` of the
  ///   request.
  package static func replay(_ request: PlanRequest, _ rounds: [[PlanAnswer]]) throws -> Plan {
    var planner = Planner(request)
    var step = try planner.begin()
    var rest = rounds[...]
    while true {
      switch step {
      case .plan(let plan): return plan
      case .ask(let questions):
        guard let answers = rest.popFirst(), answers.count == questions.count,
          zip(questions, answers).allSatisfy({ $1.fits($0) })
        else { throw JSONValue.badPlan }
        step = try planner.on(answers)
      }
    }
  }
}

extension PlanAnswer {
  fileprivate func fits(_ question: PlanQuestion) -> Bool {
    switch (question, self) {
    case (.server, .server), (.relation, .relation), (.columns, .columns), (.estimate, .estimate),
      (.rows, .rows), (.fileHeader, .fileHeader):
      true
    default: false
    }
  }
}

internal import Expressions
package import Model

/// Makes a plan out of a job and what databases say of themselves, without touching one: it asks
/// questions, is given answers, and in the end returns the plan.
///
///     var planner = Planner(request)
///     var step = try planner.begin()
///     while case .ask(let questions) = step { step = try planner.on(answers(to: questions)) }
///
/// Three rounds at most: what there is; how much of it, once it is known which columns are used;
/// where to cut it.
package struct Planner: Sendable {
  package enum Step: Hashable, Sendable {
    case ask([PlanQuestion])
    case plan(Plan)
  }

  private enum Stage {
    case new
    case relations
    case estimates(PlanDraft)
    case boundaries(PlanDraft)
    case done
  }

  private let request: PlanRequest
  private var shapes: [SourceShape] = []
  private var lookups: [LookupShape] = []
  private var servers: [String: ServerFacts] = [:]
  private var asked: [PlanQuestion] = []
  private var stage = Stage.new

  package init(_ request: PlanRequest) {
    self.request = request
  }

  /// - Throws: `Faults` in names and user SQL, all at once.
  package mutating func begin() throws(Faults) -> Step {
    var faults = FaultCollector()
    for source in request.job.sources {
      faults.collect { try shapes.append(SourceShape(source, request: request)) }
    }
    for step in request.job.steps {
      if case .lookup(let lookup) = step.action {
        faults.collect { try lookups.append(LookupShape(lookup, step: step, request: request)) }
      }
    }
    try faults.finish()
    var questions: [PlanQuestion] = []
    for connection in Set(shapes.map(\.connection)).sorted() {
      questions.append(.server(connection: connection))
    }
    for shape in shapes { questions += shape.questions }
    for lookup in lookups { questions.append(lookup.question) }
    stage = .relations
    asked = questions
    return .ask(questions)
  }

  /// Takes the answers to the questions asked last, in their order.
  /// - Throws: `Faults`.
  package mutating func on(_ answers: [PlanAnswer]) throws(Faults) -> Step {
    guard answers.count == asked.count else {
      throw Faults([Planner.outOfTurn("\(asked.count) questions have \(answers.count) answers")])
    }
    let known = Dictionary(zip(asked, answers)) { first, _ in first }
    switch stage {
    case .new, .done:
      throw Faults([Planner.outOfTurn("answers come after `begin` and before the plan")])
    case .relations:
      var faults = FaultCollector()
      for (question, answer) in known {
        if case .server(let connection) = question, case .server(let facts) = answer {
          servers[connection] = facts
        }
      }
      for index in shapes.indices { faults.collect { try shapes[index].take(known) } }
      for index in lookups.indices { faults.collect { try lookups[index].take(known) } }
      try faults.finish()
      let draft = try PlanDraft(request: request, shapes: shapes, lookups: lookups)
      stage = .estimates(draft)
      asked = draft.estimateQuestions
      return .ask(asked)
    case .estimates(var draft):
      try draft.choose(known, servers: servers)
      let questions = draft.boundaryQuestions
      if questions.isEmpty { return try finish(draft, [:]) }
      stage = .boundaries(draft)
      asked = questions
      return .ask(questions)
    case .boundaries(let draft):
      return try finish(draft, known)
    }
  }

  /// The fault of a caller that does not keep to the order of questions and answers.
  static func outOfTurn(_ what: String) -> Fault {
    Fault("planner_misused", .internal, "The plan cannot be made: \(what)")
  }

  private mutating func finish(
    _ draft: PlanDraft, _ known: [PlanQuestion: PlanAnswer]
  ) throws(Faults) -> Step {
    stage = .done
    return .plan(try draft.plan(known))
  }
}

/// Gathers faults so that all are told at once.
struct FaultCollector {
  private(set) var faults: [Fault] = []

  mutating func collect(_ body: () throws -> Void) {
    do {
      try body()
    } catch let fault as Fault {
      faults.append(fault)
    } catch let several as Faults {
      faults += several.all
    } catch {
      faults.append(Fault("internal", .internal, "Planning failed in an unknown way", cause: "\(error)"))
    }
  }

  func finish() throws(Faults) {
    if !faults.isEmpty { throw Faults(faults) }
  }
}

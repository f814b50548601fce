internal import Expressions

/// A regular expression as an automaton whose states are the characters of the pattern: which of them may follow
/// each other, in which order of preference.
///
/// Thompson's construction, with the steps that take no character worked out beforehand (Glushkov 1961). Where the pattern has
/// assertions, what may follow depends on the place in the text: on a `Surroundings`, of which there are 64 at most.
struct PatternAutomaton {
  /// What stands around a place in the text, as far as assertions ask.
  struct Surroundings: OptionSet {
    let rawValue: Int
    static let textStart = Self(rawValue: 1)
    static let textEnd = Self(rawValue: 2)
    static let afterWord = Self(rawValue: 4)
    static let beforeWord = Self(rawValue: 8)
    static let afterLineEnd = Self(rawValue: 16)
    static let beforeLineEnd = Self(rawValue: 32)
  }

  /// What may come next, the preferred first: states, then perhaps the end of the match. What stands behind the end
  /// of the match is never wanted.
  struct Next {
    var states: [Int] = []
    var endsMatch = false
  }

  private enum Instruction {
    case character(state: Int, next: Int)
    case fork([Int])
    case assertion(TextPattern.Assertion, next: Int)
    case match
  }

  /// The characters that lead into each state.
  private(set) var classes: [CharacterClass] = []
  /// What assertions of this pattern ask for.
  private(set) var asked: Surroundings = []
  private var instructions: [Instruction] = [.match]
  private var starts: [Int] = []
  private var start = 0

  init(_ pattern: TextPattern) {
    start = add(pattern, before: 0)
  }

  /// The state before any character: its `next` are those that a match may begin with.
  var startState: Int { classes.count }

  /// Adds a part that goes on at instruction `next`.
  /// - Returns: the instruction that the part begins at.
  private mutating func add(_ pattern: TextPattern, before next: Int) -> Int {
    switch pattern {
    case .character(let set):
      classes.append(set)
      starts.append(next)
      return add(.character(state: classes.count - 1, next: next))
    case .assertion(let assertion):
      asked.formUnion(Self.surroundings(of: assertion))
      return add(.assertion(assertion, next: next))
    case .sequence(let parts): return parts.reversed().reduce(next) { add($1, before: $0) }
    case .choice(let parts): return add(.fork(parts.map { add($0, before: next) }))
    case .repetition(let part, let least, let most, let isLazy):
      var tail = next
      if let most {
        for _ in least..<most { tail = add(fork(add(part, before: tail), next, isLazy: isLazy)) }
      } else {
        tail = add(.match)
        instructions[tail] = fork(add(part, before: tail), next, isLazy: isLazy)
      }
      for _ in 0..<least { tail = add(part, before: tail) }
      return tail
    }
  }

  private func fork(_ again: Int, _ onwards: Int, isLazy: Bool) -> Instruction {
    .fork(isLazy ? [onwards, again] : [again, onwards])
  }

  private mutating func add(_ instruction: Instruction) -> Int {
    instructions.append(instruction)
    return instructions.count - 1
  }

  /// What may follow each state, and the start, at a place with these surroundings.
  func next(_ surroundings: Surroundings) -> [Next] {
    (starts + [start]).map { next(from: $0, surroundings) }
  }

  private func next(from first: Int, _ surroundings: Surroundings) -> Next {
    var found = Next()
    var seen = [Bool](repeating: false, count: instructions.count)
    var open = [first]
    while let number = open.popLast() {
      if seen[number] { continue }
      seen[number] = true
      switch instructions[number] {
      case .character(let state, _): found.states.append(state)
      case .fork(let branches): open += branches.reversed()
      case .assertion(let assertion, let next):
        if Self.holds(assertion, surroundings) { open.append(next) }
      case .match:
        found.endsMatch = true
        return found
      }
    }
    return found
  }

  // MARK: Assertions

  private static func surroundings(of assertion: TextPattern.Assertion) -> Surroundings {
    switch assertion {
    case .textStart: .textStart
    case .textEnd: .textEnd
    case .lineStart: [.textStart, .afterLineEnd]
    case .lineEnd: [.textEnd, .beforeLineEnd]
    case .wordEdge, .noWordEdge: [.afterWord, .beforeWord]
    }
  }

  private static func holds(_ assertion: TextPattern.Assertion, _ surroundings: Surroundings) -> Bool {
    switch assertion {
    case .wordEdge: surroundings.contains(.afterWord) != surroundings.contains(.beforeWord)
    case .noWordEdge: surroundings.contains(.afterWord) == surroundings.contains(.beforeWord)
    default: !surroundings.isDisjoint(with: Self.surroundings(of: assertion))
    }
  }
}

internal import Expressions

/// Finds all matches of a regular expression in a text, in time linear in the text's length whatever the pattern.
///
/// Two passes. From the end to the start each character gets the set of states that it leads into and from which the match can
/// still be finished. From the start to the end a match then follows the preferred of those: it never meets a dead end, so
/// nothing is tried twice, within one match or over all of them (cf. Frisch and Cardelli, Greedy Regular Expression Matching,
/// 2004). What is found is what backtracking finds: the leftmost match, by the preference of the pattern's parts.
///
/// Keeps its buffers from text to text. Not safe to use from two threads at once.
final class PatternSearch {
  private typealias Surroundings = PatternAutomaton.Surroundings

  /// What may follow at a place with certain surroundings, and the same as bits.
  private struct Follow {
    var next: [PatternAutomaton.Next]
    /// `words` for each state and the start.
    var bits: [UInt64]
  }

  private let automaton: PatternAutomaton
  private let states: Int
  private let words: Int
  /// By raw value of the surroundings.
  private var follow: [Follow?] = Array(repeating: nil, count: 64)
  /// The states that each ASCII character leads into, and whether one of them can be a match's first.
  private var asciiStates: [UInt64] = []
  private var beginsMatch: [Bool] = []
  private var scalars: [UInt32] = []
  private var offsets: [Int] = []
  private var live: [UInt64] = []

  init(_ pattern: TextPattern) {
    automaton = PatternAutomaton(pattern)
    states = automaton.classes.count
    words = states / 64 + 1
    // A match may begin with these in some surroundings or other.
    var first: Set<Int> = []
    for raw in 0..<64 where automaton.asked.isSuperset(of: Surroundings(rawValue: raw)) {
      first.formUnion(automaton.next(Surroundings(rawValue: raw))[automaton.startState].states)
    }
    for value in 0..<UInt32(128) {
      let states = statesEntered(by: value)
      asciiStates += states
      beginsMatch.append(first.contains { states[$0 / 64] >> UInt64($0 % 64) & 1 != 0 })
    }
  }

  /// Calls `body` with the byte range of each match that is not empty, from left to right.
  func forEachMatch(in bytes: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
    guard let first = bytes.firstIndex(where: { $0 >= 0x80 || beginsMatch[Int($0)] }) else { return }
    read(bytes)
    markLiveStates(from: first)
    var position = first
    while position < scalars.count {
      if let end = matchEnd(from: position), end > position {
        body(offsets[position]..<offsets[end])
        position = end
      } else {
        position += 1
      }
    }
  }

  private func read(_ bytes: UnsafeBufferPointer<UInt8>) {
    scalars.removeAll(keepingCapacity: true)
    offsets.removeAll(keepingCapacity: true)
    var position = 0
    while position < bytes.count {
      let (value, next) = UTF8Text.scalar(bytes, position)
      scalars.append(value)
      offsets.append(position)
      position = next
    }
    offsets.append(bytes.count)
  }

  // MARK: From the end

  /// Sets the bits of `live` for every character from `first` on; all before it are ASCII that begins no match.
  private func markLiveStates(from first: Int) {
    live.removeAll(keepingCapacity: true)
    live.append(contentsOf: repeatElement(0, count: (scalars.count + 1) * words))
    for position in stride(from: scalars.count - 1, through: first, by: -1) {
      let follow = follow(at: position + 1)
      let value = scalars[position]
      let entered = value < 128 ? nil : statesEntered(by: value)
      let behind = (position + 1) * words
      for word in 0..<words {
        var rest = entered?[word] ?? asciiStates[Int(value) * words + word]
        while rest != 0 {
          let bit = rest.trailingZeroBitCount
          rest &= rest - 1
          let state = word * 64 + bit
          if follow.next[state].endsMatch || meets(follow.bits, state * words, behind) {
            live[position * words + word] |= 1 << UInt64(bit)
          }
        }
      }
    }
  }

  private func meets(_ bits: [UInt64], _ start: Int, _ behind: Int) -> Bool {
    for word in 0..<words where bits[start + word] & live[behind + word] != 0 { return true }
    return false
  }

  private func statesEntered(by value: UInt32) -> [UInt64] {
    var bits = [UInt64](repeating: 0, count: words)
    for (state, set) in automaton.classes.enumerated() where set.contains(value) {
      bits[state / 64] |= 1 << UInt64(state % 64)
    }
    return bits
  }

  // MARK: From the start

  private func matchEnd(from start: Int) -> Int? {
    var state = automaton.startState
    var position = start
    while true {
      let next = follow(at: position).next[state]
      let row = position * words
      guard let chosen = next.states.first(where: { live[row + $0 / 64] >> UInt64($0 % 64) & 1 != 0 }) else {
        return next.endsMatch ? position : nil
      }
      state = chosen
      position += 1
    }
  }

  // MARK: Surroundings

  private func follow(at position: Int) -> Follow {
    let surroundings = automaton.asked.isEmpty ? [] : surroundings(at: position)
    if let known = follow[surroundings.rawValue] { return known }
    let next = automaton.next(surroundings)
    var bits = [UInt64](repeating: 0, count: next.count * words)
    for (number, entry) in next.enumerated() {
      for state in entry.states { bits[number * words + state / 64] |= 1 << UInt64(state % 64) }
    }
    let made = Follow(next: next, bits: bits)
    follow[surroundings.rawValue] = made
    return made
  }

  private func surroundings(at position: Int) -> Surroundings {
    var found: Surroundings = []
    if position == 0 {
      found.insert(.textStart)
    } else {
      if CharacterClass.Name.word.holds(scalars[position - 1]) { found.insert(.afterWord) }
      if CharacterClass.isLineEnd(scalars[position - 1]) { found.insert(.afterLineEnd) }
    }
    if position == scalars.count {
      found.insert(.textEnd)
    } else {
      if CharacterClass.Name.word.holds(scalars[position]) { found.insert(.beforeWord) }
      if CharacterClass.isLineEnd(scalars[position]) { found.insert(.beforeLineEnd) }
    }
    return found.intersection(automaton.asked)
  }
}

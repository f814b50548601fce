/// Names one execution of a job: `r` and 20 digits and letters that sort by creation time.
package struct RunID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String

  package init(_ text: String) {
    self.text = text
  }

  package var description: String { text }
  package static func < (left: RunID, right: RunID) -> Bool { left.text < right.text }
}

/// The number of a chunk in its run's plan, from 0.
package struct ChunkID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let number: Int

  package init(_ number: Int) {
    self.number = number
  }

  package var description: String { "\(number)" }
  package static func < (left: ChunkID, right: ChunkID) -> Bool { left.number < right.number }
}

/// Rises with every change of a run's owner; a write under an older one fails.
package struct FencingToken: Hashable, Comparable, Sendable {
  package let number: Int64

  package init(_ number: Int64) {
    self.number = number
  }

  package static func < (left: FencingToken, right: FencingToken) -> Bool {
    left.number < right.number
  }
}

package import Runtime

/// How many cases a generated test makes, and from which seed.
///
/// `TIDEMARK_SEED` and `TIDEMARK_CASES` in the environment say otherwise than the test itself: to look for
/// differences at length, or to make one case again that a failure named.
package struct GeneratedCases: Sendable, CustomStringConvertible {
  package let seed: UInt64
  package let count: Int

  /// - Parameter count: how many there are where the environment says nothing.
  package init(_ count: Int, _ environment: Environment = .process) {
    seed = environment["TIDEMARK_SEED"].flatMap { UInt64($0) } ?? 1
    self.count = environment["TIDEMARK_CASES"].flatMap { Int($0) } ?? count
  }

  /// The numbers of case `index`: its own ones, whatever the cases before it took.
  package func numbers(_ index: Int) -> SeededNumbers {
    var mixer = SeededNumbers(seed: seed &* 0xD134_2543_DE82_EF95 &+ UInt64(bitPattern: Int64(index)))
    return SeededNumbers(seed: mixer.next())
  }

  package var description: String { "TIDEMARK_SEED=\(seed) TIDEMARK_CASES=\(count)" }
}

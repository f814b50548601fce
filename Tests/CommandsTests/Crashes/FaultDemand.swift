import Runtime
import Seeds

/// How many faults a test draws, and from which seed: few by itself, `TIDEMARK_TEST_TIMES` as many where that is asked
/// for, and those of an earlier run by its `TIDEMARK_TEST_SEED`.
struct FaultDemand: CustomStringConvertible {
  let count: Int
  /// Whether more than usual is asked for.
  let isLong: Bool
  private let seed: UInt64

  /// - Parameter count: how many there are where nobody asks for more.
  init(_ count: Int, _ environment: Environment = .process) {
    let times = environment["TIDEMARK_TEST_TIMES"].flatMap { Int($0) } ?? 1
    self.count = count * times
    isLong = times > 1
    seed = environment["TIDEMARK_TEST_SEED"].flatMap { UInt64($0) } ?? 20_260_314
  }

  /// The numbers of one case, which do not depend on the others.
  func numbers(_ name: String) -> SeededNumbers {
    SeededNumbers(seed: name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
  }

  var description: String { "seed \(seed)" }
}

import Compute
import Expressions
import Model

/// Costs of single expressions a row, beside what moving their bytes through memory costs at least, and beside loops that are written
/// out by hand.
struct Kernels {
  private struct Case {
    var name: String
    var expression: String
    /// Bytes that a row's operands and its result take in memory.
    var bytes: Int
  }

  private static let cases = [
    Case(name: "compare integer", expression: "quantity > 24", bytes: 16),
    Case(name: "compare integers", expression: "quantity < limits", bytes: 24),
    Case(name: "compare numeric", expression: "price >= 5000", bytes: 16),
    Case(name: "compare text", expression: "mode = 'RAIL'", bytes: 8 + 5 + 8),
    Case(name: "multiply, add", expression: "price * discount + tax", bytes: 32),
    Case(name: "net and gross", expression: "price * (1 - discount) * (1 + tax)", bytes: 32),
    Case(name: "divide", expression: "price / quantity", bytes: 24),
    Case(
      name: "case", expression: "CASE WHEN quantity < 10 THEN 1 WHEN quantity < 30 THEN 2 ELSE 3 END",
      bytes: 16),
    Case(name: "like, within", expression: "comment LIKE '%special%requests%'", bytes: 8 + 34 + 8),
    Case(name: "like, begins", expression: "comment LIKE 'special%'", bytes: 8 + 34 + 8),
  ]

  let batches: Batches

  /// - Returns: false where the bar is missed: the numeric expression within 3 times the loop by hand.
  func measure(rounds: Int) throws -> Bool {
    let programs = try Self.cases.map { item in
      try Program(
        [ExpressionChecker.check(SourceText(item.expression), columns: Batches.schema)],
        schema: Batches.schema,
        zones: .utc)
    }
    var times = Self.cases.map { _ in [Double]() }
    var loops: (narrow: [Double], wide: [Double]) = ([], [])
    var floors: [Double] = []
    let memory = Memory()
    var sums: (kernel: Int128, loop: Int128) = (0, 0)
    for _ in 0..<rounds {
      floors.append(memory.nanosecondsPerByte())
      for (number, program) in programs.enumerated() {
        times[number].append(
          Clock.nanoseconds {
            for columns in batches.columns { program.run(columns, Rows(count: Column.capacity)) }
          } / Double(Batches.rows))
      }
      loops.narrow.append(try time { try Loops.narrow($0, $1, $2, into: $3) })
      loops.wide.append(time { Loops.wide($0, $1, $2, into: $3) })
      sums = (total(programs[5]), Loops.sum(batches))
    }
    guard sums.kernel == sums.loop else { throw Fault("benchmark", .internal, "Kernel and loop differ") }
    let floor = Clock.median(floors)
    print("expression          ns a row   memory floor   \(rounds) rounds of \(Batches.rows) rows")
    for (item, times) in zip(Self.cases, times) {
      line(item.name, Clock.median(times), "\(tenths(floor * Double(item.bytes)))  \(item.expression)")
    }
    let (kernel, narrow, wide) = (
      Clock.median(times[5]), Clock.median(loops.narrow), Clock.median(loops.wide)
    )
    line(
      "  by hand, Int64", narrow,
      "overflow checked; the kernels take \(tenths(kernel / narrow)) times as long")
    line("  by hand, Int128", wide, "the kernels take \(tenths(kernel / wide)) times as long")
    print("memory is read at \(tenths(1 / floor)) GB a second")
    return kernel <= 3 * narrow
  }

  private func time(
    _ loop: (
      UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Int64>,
      UnsafeMutablePointer<Int128>
    ) throws -> Void
  ) rethrows -> Double {
    let out = UnsafeMutablePointer<Int128>.allocate(capacity: Column.capacity)
    out.initialize(repeating: 0, count: Column.capacity)
    defer { out.deallocate() }
    return try Clock.nanoseconds {
      for columns in batches.columns {
        try loop(columns[2].integers, columns[3].integers, columns[4].integers, out)
      }
    } / Double(Batches.rows)
  }

  private func total(_ program: Program) -> Int128 {
    var sum: Int128 = 0
    for columns in batches.columns {
      program.run(columns, Rows(count: Column.capacity))
      let result = program.result(0)
      for row in 0..<Column.capacity { sum += result.parts(row)?.mantissa ?? 0 }
    }
    return sum
  }

  private func line(_ name: String, _ time: Double, _ rest: String) {
    print("\(name.padded(18)) \(hundredths(time).padded(-9))   \(rest)")
  }
}

/// `price * (1 - discount) * (1 + tax)` as one would write it out for columns of scale 2.
enum Loops {
  typealias Lane = UnsafeMutablePointer<Int64>

  @inline(never)
  static func narrow(_ price: Lane, _ discount: Lane, _ tax: Lane, into out: UnsafeMutablePointer<Int128>)
    throws
  {
    let to = UnsafeMutableRawPointer(out).assumingMemoryBound(to: Int64.self)
    var overflowed = false
    for row in 0..<Column.capacity {
      let (first, firstTooBig) = price[row].multipliedReportingOverflow(by: 100 - discount[row])
      let (second, secondTooBig) = first.multipliedReportingOverflow(by: 100 + tax[row])
      to[row] = second
      overflowed = overflowed || firstTooBig || secondTooBig
    }
    if overflowed { throw Fault("benchmark", .internal, "The loop overflowed") }
  }

  @inline(never)
  static func wide(_ price: Lane, _ discount: Lane, _ tax: Lane, into out: UnsafeMutablePointer<Int128>) {
    for row in 0..<Column.capacity {
      out[row] = Int128(price[row]) &* Int128(100 - discount[row]) &* Int128(100 + tax[row])
    }
  }

  static func sum(_ batches: Batches) -> Int128 {
    var sum: Int128 = 0
    let out = UnsafeMutablePointer<Int128>.allocate(capacity: Column.capacity)
    defer { out.deallocate() }
    for columns in batches.columns {
      wide(columns[2].integers, columns[3].integers, columns[4].integers, into: out)
      for row in 0..<Column.capacity { sum += out[row] }
    }
    return sum
  }
}

/// What the memory gives: a sum over more than any cache holds.
final class Memory {
  private let words = 1 << 25
  private let lane: UnsafeMutablePointer<UInt64>

  init() {
    lane = .allocate(capacity: words)
    lane.initialize(repeating: 1, count: words)
  }

  deinit { lane.deallocate() }

  func nanosecondsPerByte() -> Double {
    var sums = SIMD16<UInt64>(repeating: 0)
    let time = Clock.nanoseconds {
      for start in stride(from: 0, to: words, by: 16) {
        sums &+= UnsafeRawPointer(lane + start).loadUnaligned(as: SIMD16<UInt64>.self)
      }
    }
    precondition(sums.wrappedSum() == UInt64(words))
    return time / Double(words * 8)
  }
}

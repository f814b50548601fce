import Model

/// Runs the operations that the files in `fixtures/values` name, on texts, as Postgres would print them.
///
/// A line is `operation`, its arguments and the expected result, apart by tabs. The result is the text that
/// Postgres 15 printed, or `!` and the SQLSTATE that it raised.
enum ValueCases {
  typealias Operation = @Sendable ([String]) throws -> String

  struct Mismatch: CustomStringConvertible {
    var line: String
    var actual: String
    var description: String { "\(line)\n    got: \(actual)" }
  }

  static let operations: [String: Operation] = [decimal, zones, calendar].reduce(into: [:]) { all, some in
    all.merge(some) { first, _ in first }
  }

  /// Runs every line, and returns those whose result differs, and the number of cases that ran.
  static func run(_ lines: some Sequence<Substring>) -> (count: Int, mismatches: [Mismatch]) {
    var count = 0
    var mismatches: [Mismatch] = []
    for line in lines where !line.isEmpty && line.first != "#" {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count >= 2, let operation = operations[fields[0]] else {
        mismatches.append(Mismatch(line: String(line), actual: "no such operation"))
        continue
      }
      count += 1
      let actual: String
      do {
        actual = try operation(Array(fields[1..<(fields.count - 1)]))
      } catch let fault as RowFault {
        actual = "!" + fault.sqlState
      } catch {
        actual = "\(error)"
      }
      if actual != fields[fields.count - 1] {
        mismatches.append(Mismatch(line: String(line), actual: actual))
      }
    }
    return (count, mismatches)
  }

  private static func unary(_ body: @escaping @Sendable (Decimal) throws -> Decimal) -> Operation {
    { try body(Decimal(parsing: $0[0])).description }
  }

  private static func binary(_ body: @escaping @Sendable (Decimal, Decimal) throws -> Decimal) -> Operation {
    { try body(Decimal(parsing: $0[0]), Decimal(parsing: $0[1])).description }
  }

  private static func statistic(
    _ arguments: [String], _ body: (Decimal, Decimal, Int64) throws -> Decimal?
  ) throws -> String {
    var sum = Decimal.zero
    var squares = Decimal.zero
    let texts = arguments[0].split(separator: " ")
    for text in texts {
      let number = try Decimal(parsing: String(text))
      sum = try sum.adding(number)
      squares = try squares.adding(number.multiplied(by: number))
    }
    return try body(sum, squares, Int64(texts.count))?.description ?? "NULL"
  }

  /// Tabs and line ends stand as `\\t` and `\\n` in the files.
  private static func unescaped(_ text: String) -> String {
    text.split(separator: "\\t", omittingEmptySubsequences: false).joined(separator: "\t")
      .split(separator: "\\n", omittingEmptySubsequences: false).joined(separator: "\n")
  }

  struct NoInteger: Error { var text: String }

  private static func integer(_ text: String) throws -> Int {
    guard let value = Int(text) else { throw NoInteger(text: text) }
    return value
  }

  private static func rounding(
    _ arguments: [String], _ body: (Decimal, Int) throws -> Decimal
  ) throws -> String {
    try body(Decimal(parsing: arguments[0]), integer(arguments[1])).description
  }

  static let decimal: [String: Operation] = [
    "numeric": unary { $0 },
    "numeric +": binary { try $0.adding($1) },
    "numeric -": binary { try $0.subtracting($1) },
    "numeric *": binary { try $0.multiplied(by: $1) },
    "numeric /": binary { try $0.divided(by: $1) },
    "numeric %": binary { try $0.remainder(dividingBy: $1) },
    "mod": binary { try $0.remainder(dividingBy: $1) },
    "div": binary { try $0.wholeQuotient(dividingBy: $1) },
    "round": { try rounding($0) { try $0.rounded(toScale: $1) } },
    "trunc": { try rounding($0) { try $0.truncated(toScale: $1) } },
    "ceil": unary { try $0.ceiling() },
    "floor": unary { try $0.floor() },
    "abs": unary { $0.magnitude },
    "sign": unary { $0.sign },
    "numeric neg": unary { $0.negated },
    "exp": unary { try $0.exponential() },
    "ln": unary { try $0.naturalLogarithm() },
    "log": unary { try $0.logarithm() },
    "log2": binary { try $1.logarithm(base: $0) },
    "power": binary { try $0.power($1) },
    "numeric->int8": { try String(Decimal(parsing: $0[0]).int64()) },
    "numeric->int4": { try String(Decimal(parsing: $0[0]).int32()) },
    "numeric->int2": { try String(Decimal(parsing: $0[0]).int16()) },
    "numeric->float8": { try PostgresFloat.text(Decimal(parsing: $0[0]).double()) },
    "numeric->float4": { try PostgresFloat.text(Decimal(parsing: $0[0]).float()) },
    "float8->numeric": { try Decimal(Double($0[0]) ?? 0).description },
    "float4->numeric": { try Decimal(Float($0[0]) ?? 0).description },
    "float8 text": { PostgresFloat.text(Double($0[0]) ?? 0) },
    "float4 text": { PostgresFloat.text(Float($0[0]) ?? 0) },
    "float8 parse": { try PostgresFloat.text(PostgresFloat.double(parsing: unescaped($0[0]))) },
    "float4 parse": { try PostgresFloat.text(PostgresFloat.float(parsing: unescaped($0[0]))) },
    "numeric parse": { try Decimal(parsing: unescaped($0[0])).description },
    "numeric send": {
      var bytes: [UInt8] = []
      let number = try Decimal(parsing: $0[0])
      number.appendBinary(to: &bytes)
      guard try Decimal(binary: bytes) == number else { return "does not read back" }
      return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    },
    "avg": { try statistic($0) { sum, _, count in try Decimal.average(sum: sum, count: count) } },
    "var_samp": {
      try statistic($0) {
        try Decimal.variance(sum: $0.digits, sumOfSquares: $1.digits, count: $2, sample: true)
      }
    },
    "var_pop": {
      try statistic($0) {
        try Decimal.variance(sum: $0.digits, sumOfSquares: $1.digits, count: $2, sample: false)
      }
    },
    "stddev_samp": {
      try statistic($0) {
        try Decimal.standardDeviation(sum: $0.digits, sumOfSquares: $1.digits, count: $2, sample: true)
      }
    },
    "stddev_pop": {
      try statistic($0) {
        try Decimal.standardDeviation(sum: $0.digits, sumOfSquares: $1.digits, count: $2, sample: false)
      }
    },
    "sqrt": unary { try $0.squareRoot() },
    "numeric integral": { try String(Decimal(parsing: $0[0]).isIntegral) },
    "numeric typmod": {
      try Decimal(parsing: $0[0]).fitted(precision: integer($0[1]), scale: integer($0[2])).description
    },
    "numeric <=>": {
      let order = try Decimal.order(Decimal(parsing: $0[0]), Decimal(parsing: $0[1]))
      return String(order.signum())
    },
  ]
}

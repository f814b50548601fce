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

  static let operations: [String: Operation] = decimal

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

  static let decimal: [String: Operation] = [
    "numeric": unary { $0 },
    "numeric +": binary { try $0.adding($1) },
    "numeric -": binary { try $0.subtracting($1) },
    "numeric *": binary { try $0.multiplied(by: $1) },
    "numeric <=>": {
      let order = try Decimal.order(Decimal(parsing: $0[0]), Decimal(parsing: $0[1]))
      return String(order.signum())
    },
  ]
}

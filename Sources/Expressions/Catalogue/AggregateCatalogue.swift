internal import Model

/// The aggregate functions: names, and one line of documentation each. Their result types are in
/// `AggregateChecker`, since many follow their operand's.
package enum AggregateCatalogue {
  package struct Entry: Hashable, Sendable {
    package var name: String
    package var aliases: [String]
    package var function: AggregateFunction
    package var summary: String

    init(_ function: AggregateFunction, aliases: [String] = [], _ summary: String) {
      name = function.rawValue
      self.aliases = aliases
      self.function = function
      self.summary = summary
    }
  }

  package static let entries: [Entry] = [
    Entry(.count, "Number of rows, or of values that are not NULL."),
    Entry(.sum, "Sum; exact for every type, floats correctly rounded."),
    Entry(.avg, "Arithmetic mean."),
    Entry(.min, "Least value."),
    Entry(.max, "Greatest value."),
    Entry(.stddevPop, "Standard deviation of the population."),
    Entry(.stddevSamp, aliases: ["stddev"], "Standard deviation of a sample."),
    Entry(.varPop, "Variance of the population."),
    Entry(.varSamp, aliases: ["variance"], "Variance of a sample."),
    Entry(.boolAnd, aliases: ["every"], "True where all values are."),
    Entry(.boolOr, "True where any value is."),
    Entry(.first, "`first(x ORDER BY y)`: x of the row with the least y."),
    Entry(.last, "`last(x ORDER BY y)`: x of the row with the greatest y."),
    Entry(.stringAgg, "`string_agg(x, ', ' ORDER BY y)`: texts joined; in the order of x without ORDER BY."),
    Entry(.arrayAgg, "`array_agg(x ORDER BY y)`: an array; in the order of x without ORDER BY."),
    Entry(.approxCountDistinct, "About how many different values (HyperLogLog)."),
    Entry(.approxPercentile, "`approx_percentile(x, 0.95)`: about that percentile (DDSketch)."),
    Entry(.percentileCont, "`percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`: interpolated percentile."),
    Entry(.percentileDisc, "`percentile_disc(0.5) WITHIN GROUP (ORDER BY x)`: a value that occurs."),
    Entry(.mode, "`mode() WITHIN GROUP (ORDER BY x)`: the most frequent value, the first of several."),
    Entry(.topK, "`top_k(x, 10)`: the most frequent values, as an array."),
  ]

  package static let names: [String] = entries.flatMap { [$0.name] + $0.aliases } + ["grouping"]

  private static let byName: [String: AggregateFunction] = {
    var table: [String: AggregateFunction] = [:]
    for entry in entries { for name in [entry.name] + entry.aliases { table[name] = entry.function } }
    return table
  }()

  package static func function(_ name: String) -> AggregateFunction? { byName[name] }

  /// Why the aggregate cannot stand where it does.
  static func misplaced(_ name: String, isAllowed: Bool, isInside: Bool) -> Fault? {
    if !isAllowed {
      return Fault(
        "not_aggregate", .validation,
        "`\(name)` is an aggregate: it stands only under `aggregate:` and in `expect` of checks",
        hint: "Put it under `measures`, and use it by the measure's name")
    }
    guard isInside else { return nil }
    return Fault(
      "not_aggregate", .validation, "An aggregate cannot stand inside another",
      hint: "Aggregate the inner one in a job of its own, or in the source's query")
  }

  static func isAggregate(_ name: String) -> Bool { byName[name] != nil }
}

package import Model

/// What an expression with aggregates may name outside of them, as far as a job file tells: group keys by their names
/// or as they are written, and measures.
package struct GroupNames: Sendable {
  private let keys: [String: Syntax]
  private let measures: Set<String>
  /// All of them, sorted, for hints.
  private let names: [String]

  /// - Parameter keys: nil where one cannot be read, which its own place is told of.
  package init?(keys: [Step.NamedExpression], measures: some Sequence<String>) {
    var read: [String: Syntax] = [:]
    for key in keys {
      do throws(Fault) {
        read[key.name] = try ExpressionParser.parse(key.expression)
      } catch {
        return nil
      }
    }
    self.keys = read
    self.measures = Set(measures)
    names = (Array(read.keys) + self.measures).sorted()
  }

  /// A fault for each column of `syntax` that has no one value in a group.
  package func faults(of syntax: Syntax, in source: SourceText) -> [Fault] {
    switch syntax.node {
    case .column(let name):
      if keys[name] != nil || measures.contains(name) || keys.values.contains(syntax) { return [] }
      var fault = Checker.ungrouped(name, hasKeys: !keys.isEmpty)
      fault.hint = DidYouMean.hint(for: name, among: names) ?? fault.hint
      return [fault.at(source.place(atUTF8Offset: syntax.range.lowerBound))]
    case .call(let call) where AggregateCatalogue.isAggregate(call.name) || call.name == "grouping":
      return []
    default:
      if keys.values.contains(syntax) { return [] }
      return syntax.node.children.flatMap { faults(of: $0, in: source) }
    }
  }
}

// Stands in until Sources/Model/Values lands; deleted by that change.
package struct Decimal: Hashable, Sendable {}
package struct CalendarInterval: Hashable, Sendable {}
extension Value {
  package var postgresText: String? { nil }
  package var naturalTypeName: String? { nil }
}

/// One item of `process:`.
package struct Step: Hashable, Sendable {
  /// The file's `name`, or one made of the kind and position.
  package var name: String
  package var action: Action
  package var onFail: OnFail
  package var place: Place

  /// What becomes of a row that a step cannot take.
  package enum OnFail: String, Hashable, Sendable, CaseIterable {
    case fail, quarantine, drop, keep
  }

  /// What a step does to each row.
  package enum Action: Hashable, Sendable {
    case sanitize([Sanitizing])
    case parse(Parsing)
    /// Every rule is judged; a row may break several.
    case validate([Rule])
    /// Entries may use each other in any order.
    case derive([NamedExpression])
    case filter(SourceText)
    case lookup(Lookup)
    case pseudonymise(take: [NamedColumn], key: Template)
    case select([NamedColumn])
    case rename([NamedColumn])
    case drop([String])
  }

  /// What every row must meet, and the name that a row is rejected under.
  package struct Rule: Hashable, Sendable {
    package var name: String
    package var expect: SourceText

    package init(name: String, expect: SourceText) {
      self.name = name
      self.expect = expect
    }
  }

  /// An expression and the column that it becomes.
  package struct NamedExpression: Hashable, Sendable {
    package var name: String
    package var expression: SourceText

    package init(name: String, expression: SourceText) {
      self.name = name
      self.expression = expression
    }
  }

  /// A column under a (perhaps) new name.
  package struct NamedColumn: Hashable, Sendable {
    package var name: String
    package var column: String
    package var place: Place

    package init(name: String, column: String, place: Place) {
      self.name = name
      self.column = column
      self.place = place
    }
  }

  /// What is done to the texts of a column, one operation after the other.
  package struct Sanitizing: Hashable, Sendable {
    package var column: String
    package var operations: [SanitizeOperation]
    package var place: Place

    package init(column: String, operations: [SanitizeOperation], place: Place) {
      self.column = column
      self.operations = operations
      self.place = place
    }
  }

  package enum SanitizeOperation: Hashable, Sendable {
    case trim
    case collapseSpaces
    case stripControl
    case lower
    case upper
    case nfc
    case nullIfEmpty
    case truncate(Int)
    /// Every letter and digit but the last `keep` becomes `*`.
    case mask(keep: Int)
    /// Matches of a regular expression become `***`.
    case redact(pattern: String)
  }

  /// A text column that is read as another type.
  package struct Parsing: Hashable, Sendable {
    package var column: String
    /// The name of the parsed column; the text column's own where left out.
    package var into: String?
    package var target: Target

    package enum Target: Hashable, Sendable {
      case integer
      case numeric(SQLType.NumericModifier?)
      /// Pattern of `to_date`'s kind; ISO where left out.
      case date(pattern: String?)
      case timestamp(pattern: String?, zone: String?)
      case boolean
      /// A path such as `$.a.b[0]` into a JSON text, giving text.
      case json(path: String)
    }

    package init(column: String, into: String?, target: Target) {
      self.column = column
      self.into = into
      self.target = target
    }
  }

  package init(name: String, action: Action, onFail: OnFail, place: Place) {
    self.name = name
    self.action = action
    self.onFail = onFail
    self.place = place
  }
}

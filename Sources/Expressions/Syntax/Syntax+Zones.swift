package import Model

/// A time zone that an expression names as a constant.
package struct ZoneMention: Hashable, Sendable {
  package enum Form: Hashable, Sendable {
    /// As AT TIME ZONE takes it: a name, an abbreviation, or a POSIX text.
    case name
    /// A date or time that may have a zone behind it.
    case moment
  }

  package let text: String
  package let form: Form
  /// UTF-8 offsets in the source text.
  package let range: Range<Int>

  /// The zone's or the moment's fault under the given zones; `nil` where it can be read, or fails for another
  /// reason.
  package func unknownZone(_ zones: ZoneContext) -> String? {
    switch form {
    case .name: return zones.zone(text) == nil ? text : nil
    case .moment:
      do throws(RowFault) {
        _ = try Timestamp(parsingMoment: text, zones: zones)
        return nil
      } catch {
        return error.sqlState == RowFault.unknownZone("").sqlState ? error.offendingText : nil
      }
    }
  }
}

extension Syntax {
  /// The zones that are named by constants, in reading order.
  package var zones: [ZoneMention] {
    var found: [ZoneMention] = []
    func note(_ operand: Syntax, _ form: ZoneMention.Form) {
      if case .string(let text) = operand.node {
        found.append(ZoneMention(text: text, form: form, range: operand.range))
      }
    }
    switch node {
    case .atTimeZone(_, let zone): note(zone, .name)
    case .cast(let operand, .timestamptz), .cast(let operand, .timestamp), .cast(let operand, .date):
      note(operand, .moment)
    case .call(let call):
      if call.name == "timezone", let zone = call.arguments.first { note(zone, .name) }
      if call.name == "date_trunc", call.arguments.count == 3 { note(call.arguments[2], .name) }
    default: break
    }
    return found + node.children.flatMap(\.zones)
  }
}

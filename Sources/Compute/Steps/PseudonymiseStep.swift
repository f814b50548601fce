internal import Expressions
internal import Model

/// `pseudonymise`: HMAC-SHA-256 of a column's text, in lower-case hexadecimal digits. NULL stays NULL.
final class PseudonymiseStep: StepRunner {
  let columns: [Column]
  private let hmac: HMAC
  private let zone: ZoneRules
  private let takes: [(from: Column, type: SQLType, to: Column)]
  private let text = Column(.text)

  init(
    _ pseudonyms: [TypedStep.Pseudonym], _ step: TypedStep, key: [UInt8], columns: [Column],
    zones: ZoneContext
  ) {
    hmac = HMAC(key: key)
    zone = zones.session
    var outputs = columns
    var takes: [(from: Column, type: SQLType, to: Column)] = []
    for pseudonym in pseudonyms {
      let column = Column(.text)
      takes.append((columns[pseudonym.column], step.columnsBefore[pseudonym.column].type, column))
      if pseudonym.into == outputs.count {
        outputs.append(column)
      } else {
        outputs[pseudonym.into] = column
      }
    }
    self.takes = takes
    self.columns = outputs
  }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows {
    let digits: StaticString = "0123456789abcdef"
    for (from, type, to) in takes {
      to.clear()
      rows.forEach { row in
        guard from.isValid(row) else { return to.writeNull(row) }
        text.clear()
        ToText.append(from, row, type, zone, to: text)
        let code = hmac.code(UnsafeBufferPointer(start: text.data, count: text.dataCount).span)
        let start = to.dataCount
        for index in code.indices {
          to.addByte(digits.utf8Start[Int(code[index] >> 4)])
          to.addByte(digits.utf8Start[Int(code[index] & 15)])
        }
        to.finishBytes(row, from: start)
      }
    }
    return rows
  }
}

internal import Expressions
internal import Model

/// `strpos(text, part)`, `position` and `starts_with(text, part)`.
struct TextSearch: Kernel {
  enum Operator { case position, startsWith }

  let operation: Operator
  let operand: Register
  let part: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, part, out) = (frame[operand], frame[part], frame[output])
    out.takeNulls(of: from, part)
    let to = out.integers
    switch operation {
    case .position:
      rows.forEach { row in
        let bytes = from.bytes(row)
        guard let offset = UTF8Text.find(part.bytes(row), in: bytes, from: 0) else { return to[row] = 0 }
        to[row] = Int64(UTF8Text.count(UnsafeBufferPointer(rebasing: bytes[..<offset]))) + 1
      }
    case .startsWith:
      rows.forEach { to[$0] = from.bytes($0).starts(with: part.bytes($0)) ? 1 : 0 }
    }
  }
}

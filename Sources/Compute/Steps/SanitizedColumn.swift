internal import Model

/// One column of a `sanitize` step: its texts, operation by operation.
///
/// What only cuts moves the ends of the texts and copies nothing.
struct SanitizedColumn {
  let to = Column(.text)
  private let from: Column
  /// A `char(n)`, whose trailing blanks are no part of it as a text.
  private let isPadded: Bool
  private let operations: [TextSanitizer]
  /// Holds the bytes after every other operation that rewrites them; after the last one `to` does.
  private let spare = Column(.text)

  init(_ from: Column, isPadded: Bool, _ operations: [TextSanitizer]) {
    self.from = from
    self.isPadded = isPadded
    self.operations = operations
  }

  func run(_ rows: Rows) {
    to.clear()
    to.takeNulls(of: from)
    // The slices are `to`'s from here on, the bytes that they point into those of `source`.
    var source = from
    let given = from.slices
    let slices = to.slices
    if from.hasNulls {
      rows.forEach { slices[$0] = to.isValid($0) ? given[$0] : .empty }
    } else {
      rows.forEach { slices[$0] = given[$0] }
    }
    if isPadded { cut(rows, source) { Comparing.withoutTrailingBlanks($0) } }
    var rewritesLeft = operations.count(where: \.rewrites)
    for operation in operations {
      switch operation.kind {
      case .trim: cut(rows, source) { TextSanitizer.trimmed($0) }
      case .truncate: cut(rows, source) { UTF8Text.prefix($0, operation.kept).bytes }
      case .nullIfEmpty: rows.forEach { if slices[$0].length == 0 { to.writeNull($0) } }
      case .collapseSpaces, .stripControl, .lower, .upper, .nfc, .mask, .redact:
        rewritesLeft -= 1
        let target = rewritesLeft.isMultiple(of: 2) ? to : spare
        rewrite(rows, from: source, into: target) { operation.rewrite($0, to: target) }
        source = target
      }
    }
    if source !== to { rewrite(rows, from: source, into: to) { to.addBytes($0) } }
  }

  /// Leaves of every text a part of it.
  @inline(__always)
  private func cut(
    _ rows: Rows, _ source: Column, _ part: (UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>
  ) {
    let (slices, data) = (to.slices, UnsafePointer(source.data))
    rows.forEach { row in
      let slice = slices[row]
      let start = data + Int(slice.offset)
      let part = part(UnsafeBufferPointer(start: start, count: Int(slice.length)))
      let skipped = part.baseAddress.map { $0 - start } ?? 0
      slices[row] = ByteSlice(
        offset: slice.offset &+ UInt32(truncatingIfNeeded: skipped),
        length: UInt32(truncatingIfNeeded: part.count))
    }
  }

  /// Puts what `body` makes of every text behind each other into `target`.
  @inline(__always)
  private func rewrite(
    _ rows: Rows, from source: Column, into target: Column, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    target.dataCount = 0
    let (slices, data) = (to.slices, UnsafePointer(source.data))
    rows.forEach { row in
      guard to.isValid(row) else { return }
      let start = target.dataCount
      let slice = slices[row]
      body(UnsafeBufferPointer(start: data + Int(slice.offset), count: Int(slice.length)))
      slices[row] = ByteSlice(
        offset: UInt32(truncatingIfNeeded: start),
        length: UInt32(truncatingIfNeeded: target.dataCount &- start))
    }
  }
}

internal import Expressions
internal import Model

/// `replace(text, from, to)` and `translate(text, from, to)`.
struct TextReplace: Kernel {
  enum Operator { case replace, translate }

  let operation: Operator
  let operand: Register
  let old: Register
  let new: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, old, new, out) = (frame[operand], frame[old], frame[new], frame[output])
    out.takeNulls(of: from, old)
    out.addNulls(of: new)
    out.mapBytes(rows, frame) { row throws(RowFault) in
      switch operation {
      case .replace: try Self.replace(from.bytes(row), old.bytes(row), new.bytes(row), out)
      case .translate: Self.translate(from.bytes(row), old.bytes(row), new.bytes(row), out)
      }
    }
  }

  private static func replace(
    _ bytes: UnsafeBufferPointer<UInt8>, _ old: UnsafeBufferPointer<UInt8>,
    _ new: UnsafeBufferPointer<UInt8>, _ out: Column
  ) throws(RowFault) {
    guard !old.isEmpty else { return out.addBytes(bytes) }
    let start = out.dataCount
    var position = 0
    while let found = UTF8Text.find(old, in: bytes, from: position) {
      out.addBytes(UnsafeBufferPointer(rebasing: bytes[position..<found]))
      out.addBytes(new)
      position = found + old.count
      guard out.dataCount - start <= CopyDecoder.maximumFieldLength else { throw .tooLong }
    }
    out.addBytes(UnsafeBufferPointer(rebasing: bytes[position...]))
  }

  /// Characters of `old` become those at the same place in `new`, or nothing where there is none.
  private static func translate(
    _ bytes: UnsafeBufferPointer<UInt8>, _ old: UnsafeBufferPointer<UInt8>,
    _ new: UnsafeBufferPointer<UInt8>, _ out: Column
  ) {
    var position = 0
    while position < bytes.count {
      let (scalar, next) = UTF8Text.scalar(bytes, position)
      position = next
      guard let place = index(of: scalar, in: old) else {
        out.addScalar(scalar)
        continue
      }
      let start = UTF8Text.advance(new, from: 0, by: place)
      if start.characters == place && start.offset < new.count {
        out.addScalar(UTF8Text.scalar(new, start.offset).value)
      }
    }
  }

  private static func index(of scalar: UInt32, in set: UnsafeBufferPointer<UInt8>) -> Int? {
    var position = 0
    var index = 0
    while position < set.count {
      let (candidate, next) = UTF8Text.scalar(set, position)
      if candidate == scalar { return index }
      position = next
      index += 1
    }
    return nil
  }
}

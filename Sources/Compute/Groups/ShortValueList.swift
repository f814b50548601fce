/// Numbers a few values from 1 in the order in which they are first seen.
final class ShortValueList {
  private(set) var count: UInt16 = 0
  private let slots: UnsafeMutablePointer<(value: ShortValue, code: UInt16)>
  /// The codes of single bytes, 0 where they have none: flags are many.
  private let letters: UnsafeMutablePointer<UInt16>

  private static let slotCount = 512
  private static let mostValues = 255

  init() {
    slots = .allocate(capacity: Self.slotCount)
    slots.initialize(
      repeating: (ShortValue(low: 0, high: 0, length: 0), 0), count: Self.slotCount)
    letters = .allocate(capacity: 256)
    letters.initialize(repeating: 0, count: 256)
  }

  deinit {
    slots.deallocate()
    letters.deallocate()
  }

  /// The number of the bytes at `row`; `nil` where the list is full, or they are too many.
  @inline(__always)
  func code(of column: Column, _ row: Int) -> UInt16? {
    let slice = column.slices[row]
    if slice.length == 1 {
      let code = letters[Int(column.data[Int(slice.offset)])]
      if code != 0 { return code }
    }
    return column.shortValue(row).flatMap { code(of: $0) }
  }

  /// The number of `value`, a new one where it has none; `nil` where the list is full.
  @inline(__always)
  func code(of value: ShortValue) -> UInt16? {
    var index = value.hash & (Self.slotCount - 1)
    while slots[index].code != 0 {
      if slots[index].value == value { return slots[index].code }
      index = (index + 1) & (Self.slotCount - 1)
    }
    return add(value, at: index)
  }

  @inline(never)
  private func add(_ value: ShortValue, at index: Int) -> UInt16? {
    if Int(count) == Self.mostValues { return nil }
    count += 1
    slots[index] = (value, count)
    if value.length == 1 { letters[Int(value.low)] = count }
    return count
  }
}

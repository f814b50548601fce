import Model

/// Merges the records of several inputs into one sequence in key order, holding one block of each. Of a record that
/// fills several blocks the first one waits for its turn, unless two keys differ only behind it.
///
///     loop: next() -> .need(input)   give it a block, or say that it has ended
///                  -> .record        `current` stands at the smallest record
///                  -> .done
final class RecordMerge {
  enum Step {
    case need(input: Int)
    case record
    case done
  }

  private let cursors: [RecordCursor]
  /// Inputs without a record, which must be filled before anything can be said about the order.
  private var waiting: [Int]
  /// The last of these stands at a record, which has no place yet.
  private var isBegun = false
  /// A binary heap of inputs, the smallest record on top.
  private let heap: UnsafeMutablePointer<Entry>
  private var heapCount = 0
  private var topIsUsed = false

  private struct Entry {
    /// Of the input's present record.
    var head: UInt128
    let input: Int
  }

  init(inputs: Int, kind: PartialBlock.Kind, layout: UInt64) {
    cursors = (0..<inputs).map { _ in RecordCursor(kind, layout: layout) }
    waiting = Array((0..<inputs).reversed())
    heap = .allocate(capacity: inputs)
  }

  deinit { heap.deallocate() }

  /// The input that stands at the present record.
  var current: RecordCursor { cursors[heap[0].input] }

  /// - Throws: `Fault` `damaged_block` or `foreign_block`.
  func offer(_ block: [UInt8], to input: Int) throws(Fault) { try cursors[input].offer(block) }

  func end(_ input: Int) { cursors[input].end() }

  func next() throws(Fault) -> Step {
    if topIsUsed {
      topIsUsed = false
      let cursor = current
      if try cursor.begin() {
        heap[0].head = cursor.head
      } else {
        waiting.append(heap[0].input)
        heapCount -= 1
        heap[0] = heap[heapCount]
      }
      siftDown()
    }
    while let input = waiting.last {
      if !isBegun { isBegun = try cursors[input].begin() }
      if isBegun {
        if let other = inputToReadFirst(input) { return try need(other) }
        isBegun = false
        waiting.removeLast()
        insert(input)
      } else if cursors[input].isEnded {
        waiting.removeLast()
      } else {
        return .need(input: input)
      }
    }
    if heapCount == 0 { return .done }
    if current.isCut { return try need(heap[0].input) }
    topIsUsed = true
    return .record
  }

  private func need(_ input: Int) throws(Fault) -> Step {
    try cursors[input].checkForMore()
    return .need(input: input)
  }

  /// An input without whose next block the record of `input` cannot be told from another: what is there of the two
  /// keys is equal. Keys of one block are shorter than what is there of a cut one.
  private func inputToReadFirst(_ input: Int) -> Int? {
    let cursor = cursors[input]
    if !cursor.isLong { return nil }
    for index in 0..<heapCount {
      let other = cursors[heap[index].input]
      guard cursor.isKeyCut || other.isKeyCut, other.head == cursor.head else { continue }
      let count = min(cursor.key.count, other.key.count)
      let isSame =
        KeyOrder.compare(
          UnsafeBufferPointer(rebasing: cursor.key[..<count]),
          UnsafeBufferPointer(rebasing: other.key[..<count])) == 0
      if isSame { return cursor.isKeyCut ? input : heap[index].input }
    }
    return nil
  }

  @inline(__always)
  private func isLess(_ left: Int, _ right: Int) -> Bool {
    let (a, b) = (heap[left], heap[right])
    if a.head != b.head { return a.head < b.head }
    return KeyOrder.compare(cursors[a.input].key, cursors[b.input].key) < 0
  }

  private func insert(_ input: Int) {
    heap[heapCount] = Entry(head: cursors[input].head, input: input)
    heapCount += 1
    var index = heapCount - 1
    while index > 0, isLess(index, (index - 1) / 2) {
      swap(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private func swap(_ left: Int, _ right: Int) {
    let kept = heap[left]
    heap[left] = heap[right]
    heap[right] = kept
  }

  private func siftDown() {
    var index = 0
    while true {
      let child = index * 2 + 1
      var least = index
      if child < heapCount, isLess(child, least) { least = child }
      if child + 1 < heapCount, isLess(child + 1, least) { least = child + 1 }
      if least == index { return }
      swap(index, least)
      index = least
    }
  }
}

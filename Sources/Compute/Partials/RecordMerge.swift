import Model

/// Merges the records of several inputs into one sequence in key order, holding one block of each.
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
      if try cursor.advance() {
        heap[0].head = cursor.head
      } else {
        waiting.append(heap[0].input)
        heapCount -= 1
        heap[0] = heap[heapCount]
      }
      siftDown()
    }
    while let input = waiting.last {
      if try cursors[input].advance() {
        waiting.removeLast()
        insert(input)
      } else if cursors[input].isEnded {
        waiting.removeLast()
      } else {
        return .need(input: input)
      }
    }
    if heapCount == 0 { return .done }
    topIsUsed = true
    return .record
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

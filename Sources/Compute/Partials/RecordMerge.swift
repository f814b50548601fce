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
  private var heap: [Int] = []
  private var topIsUsed = false

  init(inputs: Int, kind: PartialBlock.Kind, layout: UInt64) {
    cursors = (0..<inputs).map { _ in RecordCursor(kind, layout: layout) }
    waiting = Array((0..<inputs).reversed())
  }

  /// The input that stands at the present record.
  var current: RecordCursor { cursors[heap[0]] }

  /// - Throws: `Fault` `damaged_block` or `foreign_block`.
  func offer(_ block: [UInt8], to input: Int) throws(Fault) { try cursors[input].offer(block) }

  func end(_ input: Int) { cursors[input].end() }

  func next() throws(Fault) -> Step {
    if topIsUsed {
      topIsUsed = false
      if try current.advance() {
        siftDown()
      } else {
        waiting.append(heap[0])
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        if !heap.isEmpty { siftDown() }
      }
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
    if heap.isEmpty { return .done }
    topIsUsed = true
    return .record
  }

  private func isLess(_ left: Int, _ right: Int) -> Bool {
    RecordCursor.isLess(cursors[heap[left]], cursors[heap[right]])
  }

  private func insert(_ input: Int) {
    heap.append(input)
    var index = heap.count - 1
    while index > 0, isLess(index, (index - 1) / 2) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private func siftDown() {
    var index = 0
    while true {
      var least = index
      for child in [index * 2 + 1, index * 2 + 2] where child < heap.count && isLess(child, least) {
        least = child
      }
      if least == index { return }
      heap.swapAt(index, least)
      index = least
    }
  }
}

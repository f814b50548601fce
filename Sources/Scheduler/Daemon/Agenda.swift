internal import Model

/// Which job is to be looked at next: a queue by time, in which a job stands once.
///
/// - Complexity: every change and question is logarithmic in the number of jobs.
struct Agenda {
  private struct Entry {
    var due: Instant
    var id: ScheduledJob.ID
  }

  /// A binary heap, the earliest first. An entry that is not what `times` says is out of date.
  private var heap: [Entry] = []
  private var times: [ScheduledJob.ID: Instant] = [:]

  /// - Parameter due: `nil` for not at all.
  mutating func set(_ id: ScheduledJob.ID, _ due: Instant?) {
    times[id] = due
    guard let due else { return }
    heap.append(Entry(due: due, id: id))
    rise(heap.count - 1)
  }

  /// The earliest time; it may have passed.
  mutating func next() -> Instant? {
    while let first = heap.first {
      if times[first.id] == first.due { return first.due }
      removeFirst()
    }
    return nil
  }

  /// Takes out those that are due by `moment`, earliest first.
  mutating func takeDue(by moment: Instant) -> [(id: ScheduledJob.ID, due: Instant)] {
    var taken: [(id: ScheduledJob.ID, due: Instant)] = []
    while let due = next(), due <= moment {
      let entry = removeFirst()
      times[entry.id] = nil
      taken.append((entry.id, entry.due))
    }
    return taken
  }

  @discardableResult
  private mutating func removeFirst() -> Entry {
    let first = heap[0]
    heap[0] = heap[heap.count - 1]
    heap.removeLast()
    sink()
    return first
  }

  private mutating func rise(_ position: Int) {
    var child = position
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent].due <= heap[child].due { return }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].due < heap[least].due { least = child }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}

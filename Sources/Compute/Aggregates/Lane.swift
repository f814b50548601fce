/// One number per group, in memory of its own: a flat array that grows by doubling.
///
/// Kernels take `base` once per batch; reading it costs no exclusivity check, as the elements of an array that is
/// a property of a class would for every row.
final class Lane<Element: BitwiseCopyable> {
  /// Valid until the lane grows.
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private var capacity = 0
  private let filler: Element

  /// - Parameter filler: what a new group begins with.
  init(_ filler: Element) {
    self.filler = filler
    base = .allocate(capacity: 0)
  }

  deinit { base.deallocate() }

  var memory: Int { capacity * MemoryLayout<Element>.stride }

  @inline(__always)
  subscript(index: Int) -> Element {
    get { base[index] }
    set { base[index] = newValue }
  }

  @inline(__always)
  func grow(to needed: Int) {
    if needed <= count { return }
    if needed > capacity { reserve(needed) }
    (base + count).update(repeating: filler, count: needed - count)
    count = needed
  }

  @inline(__always)
  func append(_ element: Element) {
    if count == capacity { reserve(count + 1) }
    base[count] = element
    count += 1
  }

  @inline(never)
  private func reserve(_ needed: Int) {
    capacity = max(needed, capacity * 2, 64)
    let grown = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    grown.update(from: base, count: count)
    base.deallocate()
    base = grown
  }

  /// Forgets all elements. Memory beyond what a batch of groups takes is given back.
  func removeAll() {
    count = 0
    guard capacity > Column.capacity * 2 else { return }
    base.deallocate()
    base = .allocate(capacity: 0)
    capacity = 0
  }
}

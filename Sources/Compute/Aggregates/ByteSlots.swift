/// One string of bytes per group, in one arena.
struct ByteSlots {
  private var offsets: [Int] = []
  /// -1 where the group has none.
  private var lengths: [Int32] = []
  private var arena: [UInt8] = []
  /// Bytes of the arena that nothing points to any more.
  private var waste = 0

  var memory: Int { offsets.capacity * 8 + lengths.capacity * 4 + arena.capacity }

  mutating func grow(to count: Int) {
    offsets.grow(to: count, with: 0)
    lengths.grow(to: count, with: -1)
  }

  mutating func removeAll() { self = ByteSlots() }

  func isSet(_ group: Int) -> Bool { lengths[group] >= 0 }

  func with<Result>(_ group: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
    try arena.withUnsafeBufferPointer {
      let start = offsets[group]
      return try body(UnsafeBufferPointer(rebasing: $0[start..<start + Int(max(lengths[group], 0))]))
    }
  }

  mutating func set(_ group: Int, _ bytes: UnsafeBufferPointer<UInt8>) {
    let held = Int(lengths[group])
    if bytes.count <= held {
      waste += held - bytes.count
      for index in 0..<bytes.count { arena[offsets[group] + index] = bytes[index] }
    } else {
      waste += max(held, 0)
      offsets[group] = arena.count
      arena.append(contentsOf: bytes)
    }
    lengths[group] = Int32(truncatingIfNeeded: bytes.count)
    if waste > 1 << 16, waste > arena.count / 2 { compact() }
  }

  private mutating func compact() {
    var packed: [UInt8] = []
    packed.reserveCapacity(arena.count - waste)
    for group in offsets.indices where lengths[group] > 0 {
      let start = packed.count
      packed.append(contentsOf: arena[offsets[group]..<offsets[group] + Int(lengths[group])])
      offsets[group] = start
    }
    arena = packed
    waste = 0
  }
}

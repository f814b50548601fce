/// One string of bytes per group, in one arena.
struct ByteSlots {
  private var offsets: [Int] = []
  /// -1 where the group has none.
  private var lengths: [Int32] = []
  private let arena = ByteWriter()
  /// Bytes of the arena that nothing points to any more.
  private var waste = 0

  var memory: Int { offsets.capacity * 8 + lengths.capacity * 4 + arena.capacity }

  mutating func grow(to count: Int) {
    offsets.grow(to: count, with: 0)
    lengths.grow(to: count, with: -1)
  }

  mutating func removeAll() { self = ByteSlots() }

  func isSet(_ group: Int) -> Bool { lengths[group] >= 0 }

  /// Those of a group, valid until the next `set`.
  func bytes(_ group: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: arena.start + offsets[group], count: Int(max(lengths[group], 0)))
  }

  mutating func set(_ group: Int, _ bytes: UnsafeBufferPointer<UInt8>) {
    let held = max(Int(lengths[group]), 0)
    if bytes.count <= held {
      waste += held - bytes.count
      if let source = bytes.baseAddress {
        (arena.start + offsets[group]).update(from: source, count: bytes.count)
      }
    } else if offsets[group] + held == arena.count {
      // The last one grows where it is.
      arena.truncate(to: offsets[group])
      arena.append(bytes)
    } else {
      waste += held
      offsets[group] = arena.count
      arena.append(bytes)
    }
    lengths[group] = Int32(truncatingIfNeeded: bytes.count)
    if waste > 1 << 16, waste > arena.count / 2 { compact() }
  }

  /// Sets what `entry` holds, whose bytes it may take.
  mutating func set(_ group: Int, taking entry: ByteWriter) {
    guard entry.count > GrowingMemory.kept, arena.count == max(Int(lengths[group]), 0) else {
      return set(group, entry.bytes)
    }
    // Nothing else is in the arena.
    lengths[group] = Int32(truncatingIfNeeded: entry.count)
    offsets[group] = 0
    arena.release()
    arena.append(taking: entry)
    waste = 0
  }

  /// Moves what is in use together, within the arena.
  private mutating func compact() {
    let used = offsets.indices.filter { lengths[$0] > 0 }.sorted { offsets[$0] < offsets[$1] }
    var end = 0
    for group in used {
      let length = Int(lengths[group])
      (arena.start + end).update(from: arena.start + offsets[group], count: length)
      offsets[group] = end
      end += length
    }
    for group in offsets.indices where lengths[group] <= 0 { offsets[group] = 0 }
    arena.truncate(to: end)
    arena.shrink()
    waste = 0
  }
}

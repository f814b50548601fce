import Model

/// Gives every distinct key a dense number, in order of first sight.
///
/// Keys are ordered bytes (`KeyForm`), and begin with a set number where there are several grouping sets. A key
/// of up to 16 bytes is held and hashed as one `UInt128`; since keys are prefix-free, zeros behind a short one
/// change neither equality nor order. Longer ones lie in an arena. Open addressing with linear probing; a slot
/// holds the upper half of the hash beside the number, so that most misses touch no key.
final class GroupTable {
  let spellingWidth: Int
  private(set) var count = 0
  /// Rises whenever the groups' numbers lose their meaning.
  private(set) var version = 0

  /// First 16 bytes, padded with zeros.
  private let heads = Lane<UInt128>(0)
  /// Whole length in bytes.
  private let lengths = Lane<UInt32>(0)
  /// Where a key of more than 16 bytes lies in the arena; empty while there is none.
  private let offsets = Lane<Int>(0)
  private let arena = ByteWriter()
  /// `spellingWidth` bytes per group.
  private var spellings: [UInt8] = []
  /// 0 where empty, else hash in the upper half and number + 1 in the lower.
  private let slots = Lane<UInt64>(0)
  private var mask: Int

  private static let firstSlots = 1_024
  static let headBytes = 16

  init(spellingWidth: Int) {
    self.spellingWidth = spellingWidth
    slots.grow(to: Self.firstSlots)
    mask = Self.firstSlots - 1
  }

  /// What the table occupies, in bytes.
  var memory: Int {
    slots.memory + heads.memory + lengths.memory + offsets.memory
      + arena.capacity + spellings.capacity
  }

  /// Forgets all groups and gives most of the memory back.
  func removeAll() {
    count = 0
    version += 1
    heads.removeAll()
    lengths.removeAll()
    offsets.removeAll()
    arena.release()
    spellings = []
    slots.removeAll()
    slots.grow(to: Self.firstSlots)
    mask = Self.firstSlots - 1
  }

  /// Numbers keys of at most 16 bytes: `heads[i]` of `lengths[i]` bytes gets `numbers[rows[i]]`.
  func number(
    packed keys: UnsafePointer<UInt128>, lengths keyLengths: UnsafePointer<UInt8>, rows: Rows,
    into numbers: UnsafeMutablePointer<UInt32>
  ) {
    // Worst case: every key is new.
    reserveSlots(count + rows.count)
    var last: UInt128?
    var lastNumber: UInt32 = 0
    rows.forEach { row in
      let key = keys[row]
      if key != last {
        last = key
        lastNumber = find(key, keyLengths[row])
      }
      numbers[row] = lastNumber
    }
  }

  @inline(__always)
  private func find(_ key: UInt128, _ length: UInt8) -> UInt32 {
    let hash = Self.hash(key)
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[index]
      if slot == 0 {
        slots[index] = hash & Self.tagMask | UInt64(count + 1)
        return addGroup(head: key, length: Int(length))
      }
      if (slot ^ hash) & Self.tagMask == 0 {
        let number = Int(slot & ~Self.tagMask) - 1
        if heads[number] == key { return UInt32(truncatingIfNeeded: number) }
      }
      index = (index + 1) & mask
    }
  }

  /// Numbers one key of any length, whose bytes it may take. The spelling is written by `raiseSpelling`.
  func number(taking writer: ByteWriter) -> UInt32 {
    reserveSlots(count + 1)
    let key = writer.bytes
    let head = Self.head(of: key)
    if key.count <= Self.headBytes { return find(head, UInt8(key.count)) }
    let hash = Self.hash(key, head: head)
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[index]
      if slot == 0 {
        slots[index] = hash & Self.tagMask | UInt64(count + 1)
        return addLongGroup(taking: writer, head: head)
      }
      if (slot ^ hash) & Self.tagMask == 0 {
        let number = Int(slot & ~Self.tagMask) - 1
        if heads[number] == head, isEqual(number, key) { return UInt32(truncatingIfNeeded: number) }
      }
      index = (index + 1) & mask
    }
  }

  /// Keeps the greater of the group's spelling and `spelling`, column by column.
  func raiseSpelling(_ number: UInt32, by spelling: UnsafePointer<UInt8>, layout: KeyLayout) {
    spellings.withUnsafeMutableBufferPointer {
      guard let base = $0.baseAddress else { return }
      layout.raiseSpelling(base + Int(number) * spellingWidth, by: spelling)
    }
  }

  private func isEqual(_ number: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
    guard Int(lengths[number]) == key.count else { return false }
    return KeyOrder.compare(longKey(number), key) == 0
  }

  /// A key that lies in the arena.
  private func longKey(_ number: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: arena.start + offsets[number], count: Int(lengths[number]))
  }

  private func addGroup(head: UInt128, length: Int) -> UInt32 {
    heads.append(head)
    lengths.append(UInt32(truncatingIfNeeded: length))
    if offsets.count > 0 { offsets.append(0) }
    for _ in 0..<spellingWidth { spellings.append(0) }
    count += 1
    return UInt32(truncatingIfNeeded: count - 1)
  }

  private func addLongGroup(taking key: ByteWriter, head: UInt128) -> UInt32 {
    offsets.grow(to: count)
    heads.append(head)
    lengths.append(UInt32(truncatingIfNeeded: key.count))
    offsets.append(arena.count)
    arena.append(taking: key)
    for _ in 0..<spellingWidth { spellings.append(0) }
    count += 1
    return UInt32(truncatingIfNeeded: count - 1)
  }

  /// Calls `body` with the bytes of a group's key.
  func withKey<Result>(_ number: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows
    -> Result
  {
    let length = Int(lengths[number])
    if length <= Self.headBytes {
      return try withUnsafeBytes(of: heads[number].bigEndian) { raw in
        try raw.withMemoryRebound(to: UInt8.self) {
          try body(UnsafeBufferPointer(rebasing: $0[0..<length]))
        }
      }
    }
    return try body(longKey(number))
  }

  func spelling(_ number: Int) -> ArraySlice<UInt8> {
    spellings[number * spellingWidth..<(number + 1) * spellingWidth]
  }

  /// All group numbers in the order of their keys.
  func sorted() -> [UInt32] {
    // The heads lie beside the numbers, so that comparing jumps nowhere.
    var order = (0..<count).map { SortEntry(head: heads[$0], number: UInt32(truncatingIfNeeded: $0)) }
    order.sort { left, right in
      left.head == right.head
        ? isTailLess(Int(left.number), Int(right.number)) : left.head < right.head
    }
    return order.map(\.number)
  }

  private struct SortEntry {
    let head: UInt128
    let number: UInt32
  }

  private func isTailLess(_ left: Int, _ right: Int) -> Bool {
    let (a, b) = (Int(lengths[left]), Int(lengths[right]))
    guard a > Self.headBytes, b > Self.headBytes else { return a < b }
    return KeyOrder.compare(longKey(left), longKey(right)) < 0
  }

  // Slots

  private static let tagMask: UInt64 = 0xFFFF_FFFF_0000_0000

  /// At most half of the slots are in use.
  private func reserveSlots(_ needed: Int) {
    if needed * 2 > slots.count { growSlots(needed) }
  }

  @inline(never)
  private func growSlots(_ needed: Int) {
    var size = slots.count
    while needed * 2 > size { size *= 2 }
    slots.removeAll()
    slots.grow(to: size)
    mask = size - 1
    for number in 0..<count {
      let hash = withKey(number) { key in
        key.count <= Self.headBytes ? Self.hash(heads[number]) : Self.hash(key, head: heads[number])
      }
      var index = Int(truncatingIfNeeded: hash) & mask
      while slots[index] != 0 { index = (index + 1) & mask }
      slots[index] = hash & Self.tagMask | UInt64(number + 1)
    }
  }

  static func head(of key: UnsafeBufferPointer<UInt8>) -> UInt128 {
    var head: UInt128 = 0
    withUnsafeMutableBytes(of: &head) { $0.copyBytes(from: key.prefix(headBytes)) }
    return UInt128(bigEndian: head)
  }

  /// Multiply and fold; source: W. Yi, wyhash. Fixed constants: nothing of the hash leaves the table.
  @inline(__always)
  private static func hash(_ key: UInt128) -> UInt64 {
    let low = UInt64(truncatingIfNeeded: key) ^ 0x2D35_8DCC_AA6C_78A5
    let high = UInt64(truncatingIfNeeded: key >> 64) ^ 0x8BB8_4B93_962E_ACC9
    let product = low.multipliedFullWidth(by: high)
    let folded = product.high ^ product.low
    let again = (folded ^ 0x4B33_A62E_D433_D4A3).multipliedFullWidth(by: 0x2D35_8DCC_AA6C_78A5)
    return again.high ^ again.low
  }

  private static func hash(_ key: UnsafeBufferPointer<UInt8>, head: UInt128) -> UInt64 {
    var state = hash(head)
    var position = headBytes
    while position < key.count {
      let part = UnsafeBufferPointer(rebasing: key[position..<min(position + headBytes, key.count)])
      state = hash(Self.head(of: part) ^ UInt128(state))
      position += headBytes
    }
    return state
  }
}

/// The order of keys: that of `memcmp`, the shorter first.
enum KeyOrder {
  @inline(__always)
  static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    let common = min(left.count, right.count)
    var index = 0
    let (a, b) = (UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
    while index + 8 <= common {
      let x = UInt64(bigEndian: a.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let y = UInt64(bigEndian: b.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      if x != y { return x < y ? -1 : 1 }
      index += 8
    }
    while index < common {
      if left[index] != right[index] { return left[index] < right[index] ? -1 : 1 }
      index += 1
    }
    return left.count - right.count
  }
}

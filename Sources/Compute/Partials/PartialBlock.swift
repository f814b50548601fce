import Model

/// The header of a block: what it holds, in which layout, and a checksum over the payload.
///
///     0  magic "TMPB"
///     4  format version          UInt16
///     6  kind                    UInt8
///     7  goes on                 UInt8    1 where the next block goes on with the same record, else 0
///     8  layout                  UInt64   fingerprint of what the records hold
///    16  number of records       UInt32
///    20  length of the payload   UInt32
///    24  checksum                UInt64   over bytes 0..<24 and the payload
///    32  payload
///
/// All numbers little-endian. A block has at most 1 MiB. A record that is longer fills several: the first says that it
/// has one record, those behind it that they have none.
package struct PartialBlock {
  package static let formatVersion: UInt16 = 1
  static let headerLength = 32
  static let maximumPayload = (1 << 20) - headerLength
  private static let magic: [UInt8] = Array("TMPB".utf8)

  enum Kind: UInt8 {
    /// Group states and values, in key order.
    case groups = 1
    /// Rows in the order of a key.
    case sortedRows = 2
    /// Rows as columns, in no order.
    case batches = 3
  }

  let kind: Kind
  let layout: UInt64
  let recordCount: Int
  /// The block holds the one record's beginning or a part of it, and the next one what follows.
  let goesOn: Bool

  /// Makes a whole block from its payload.
  static func seal(
    _ kind: Kind, layout: UInt64, recordCount: Int, goesOn: Bool = false, payload: UnsafeBufferPointer<UInt8>
  ) -> [UInt8] {
    let header = ByteWriter()
    for byte in magic { header.append(byte) }
    header.append(fixed: formatVersion)
    header.append(kind.rawValue)
    header.append(goesOn ? 1 : 0)
    header.append(fixed: layout)
    header.append(fixed: UInt32(recordCount))
    header.append(fixed: UInt32(payload.count))
    header.append(fixed: checksum(UnsafeRawBufferPointer(header.bytes), UnsafeRawBufferPointer(payload)))
    var block: [UInt8] = []
    block.reserveCapacity(headerLength + payload.count)
    block.append(contentsOf: header.bytes)
    block.append(contentsOf: payload)
    return block
  }

  /// Checks a block's header and checksum.
  /// - Throws: `Fault` `damaged_block`; `foreign_block` for one of another version or layout.
  init(_ block: UnsafeBufferPointer<UInt8>, kind expected: Kind, layout expectedLayout: UInt64) throws(Fault)
  {
    guard block.count >= Self.headerLength, Array(block[0..<4]) == Self.magic else {
      throw ByteReader.damaged("it is no block at all")
    }
    var reader = ByteReader(block)
    reader.position = 4
    let version = try reader.readFixed(UInt16.self)
    guard version == Self.formatVersion else {
      throw Self.foreign("it has format version \(version), this program reads \(Self.formatVersion)")
    }
    guard let kind = Kind(rawValue: try reader.readByte()) else {
      throw ByteReader.damaged("its kind is unknown")
    }
    let continuation = try reader.readByte()
    guard continuation <= 1 else { throw ByteReader.damaged("what it is part of is unknown") }
    goesOn = continuation == 1
    layout = try reader.readFixed(UInt64.self)
    recordCount = Int(try reader.readFixed(UInt32.self))
    let length = Int(try reader.readFixed(UInt32.self))
    let checksum = try reader.readFixed(UInt64.self)
    guard length == block.count - Self.headerLength,
      checksum
        == Self.checksum(
          UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<24]),
          UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[Self.headerLength...]))
    else { throw ByteReader.damaged("its checksum does not fit") }
    guard kind == expected, layout == expectedLayout else {
      throw Self.foreign("it was written for another aggregation")
    }
    self.kind = kind
  }

  private static func foreign(_ why: String) -> Fault {
    Fault(
      "foreign_block", .data, "A block of stored partial results cannot be used: \(why)",
      hint: "The chunk it belongs to is computed again when the run is resumed")
  }

  /// Multiply and fold over words of eight bytes, as in wyhash: not against an attacker, but against decay.
  private static func checksum(_ header: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) -> UInt64
  {
    mix(mix(0x9E37_79B9_7F4A_7C15, header), payload)
  }

  private static func mix(_ seed: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var state = seed ^ UInt64(bytes.count)
    var position = 0
    func fold(_ word: UInt64) {
      let product = (state ^ word ^ 0x2D35_8DCC_AA6C_78A5)
        .multipliedFullWidth(by: 0x8BB8_4B93_962E_ACC9)
      // The word itself goes in again, so that no product of zero hides what follows.
      state = (product.high ^ product.low) &+ word
    }
    while position + 8 <= bytes.count {
      fold(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
      position += 8
    }
    var rest: UInt64 = 0
    while position < bytes.count {
      rest = rest << 8 | UInt64(bytes[position])
      position += 1
    }
    fold(rest)
    return state
  }

  /// FNV-1a of a layout's description.
  static func fingerprint(_ description: String) -> UInt64 {
    description.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}

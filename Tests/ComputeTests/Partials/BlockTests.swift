@testable import Compute
import Expressions
import Model
import Testing

@Suite struct BlockTests {
  private static let rig = AggregateRig(
    [.text, .integer], keys: [0],
    [
      .over(.sum, [(1, .integer)], type: .bigint),
      .over(.count, [(1, .integer)], type: .bigint, distinct: true),
    ])
  private static let rows: [[Value]] = [
    [.text("a"), .integer(1)], [.text("b"), .integer(2)], [.text("a"), .integer(3)],
  ]

  private static func fault(of blocks: [[UInt8]], _ rig: AggregateRig = rig) -> String? {
    do {
      _ = try rig.results([blocks])
      return nil
    } catch let fault as Fault {
      return fault.code
    } catch {
      return "\(error)"
    }
  }

  @Test func everyFlippedByteIsFound() throws {
    let block = try Self.rig.partial(Self.rows)[0][0]
    #expect(Self.fault(of: [block]) == nil)
    for index in block.indices {
      for bit in 0..<8 {
        var damaged = block
        damaged[index] ^= 1 << UInt8(bit)
        #expect(Self.fault(of: [damaged]) != nil, "byte \(index), bit \(bit)")
      }
    }
  }

  @Test func everyCutIsFound() throws {
    let block = try Self.rig.partial(Self.rows)[0][0]
    for length in block.indices {
      #expect(Self.fault(of: [Array(block[..<length])]) == "damaged_block")
    }
    #expect(Self.fault(of: [block + [0]]) == "damaged_block")
  }

  /// Bytes that pass the checksum and still are not what they should be: read as far as they go, never a trap.
  @Test func payloadsOfNonsenseAreFaultsOrResults() throws {
    let block = try Self.rig.partial(Self.rows)[0][0]
    let layout = try AggregatePlan(Self.rig.aggregate).layout
    let header = try block.withUnsafeBufferPointer { try PartialBlock($0, kind: .groups, layout: layout) }
    var random = FixedRandom(seed: 11)
    for _ in 0..<3_000 {
      var payload = Array(block[32...])
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        payload[Int.random(in: payload.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let sealed = payload.withUnsafeBufferPointer {
        PartialBlock.seal(
          .groups, layout: header.layout, recordCount: header.recordCount, payload: $0)
      }
      #expect([nil, "damaged_block", "out_of_range"].contains(Self.fault(of: [sealed])))
    }
  }

  @Test func blocksOfOtherAggregationsAreForeign() throws {
    let block = try Self.rig.partial(Self.rows)[0][0]
    let other = AggregateRig([.text, .integer], keys: [0], [.countRows()])
    #expect(Self.fault(of: [block], other) == "foreign_block")
    var newer = block
    newer[4] += 1
    #expect(Self.fault(of: [newer]) == "foreign_block")
  }

  /// Whoever changes the bytes of a state raises `PartialBlock.formatVersion`, so that no run goes on with states that
  /// it reads otherwise; then this hash may change too.
  @Test func theFormOfEveryStateIsThatOfItsVersion() throws {
    let rig = AggregateRig(MergeTests.types, keys: [0], MergeTests.everything)
    let blocks = try rig.partial(MergeTests.rows)
    #expect(PartialBlock.formatVersion == 1)
    #expect(
      SHA256.hexadecimal("\(blocks[0])") == "b1c5c4fa3d87a243eae11d55f54035457aa0afd61524328df7fa92a894390f8d"
    )
  }

  /// However long records are, a block of several is never longer than the state store's usual block.
  @Test func blocksAreFilledToTheirLimit() throws {
    for length in 1...40 {
      let writer = RecordWriter(.groups, layout: 1)
      let key = ByteWriter()
      var fullest = 0
      for number in 0..<(2_400_000 / (length + 7)) {
        key.removeAll()
        key.append(bigEndian: UInt32(number))
        writer.append(key: key.bytes) { $0.append(zeros: length) }
        if let block = writer.takeFull() { fullest = max(fullest, block.count) }
      }
      #expect(fullest <= 1 << 20 && fullest > (1 << 20) - 128, "records of \(length) bytes")
    }
  }

  @Test func blocksInTheWrongOrderAreFound() throws {
    let rig = AggregateRig([.bigint], keys: [0], [.countRows()])
    let blocks = try rig.partial((0..<250_000).map { [.integer($0)] })[0]
    #expect(blocks.count > 1)
    #expect(blocks.allSatisfy { $0.count <= 1 << 20 })
    #expect(Self.fault(of: blocks, rig) == nil)
    #expect(Self.fault(of: Array(blocks.reversed()), rig) == "damaged_block")
  }
}

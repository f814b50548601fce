@testable import Notices
import Testing

@Suite struct AddressRuleTests {
  /// Address, allowed where private ones are, allowed where they are not.
  static let addresses: [([UInt8], Bool, Bool)] = [
    ([93, 184, 216, 34], true, true), ([10, 0, 0, 1], true, false), ([172, 15, 0, 1], true, true),
    ([172, 16, 0, 1], true, false), ([172, 31, 9, 9], true, false), ([172, 32, 0, 1], true, true),
    ([192, 168, 1, 1], true, false), ([192, 0, 0, 192], false, false), ([192, 0, 1, 1], true, true),
    ([100, 63, 0, 1], true, true), ([100, 64, 0, 1], true, false), ([100, 127, 0, 1], true, false),
    ([100, 100, 100, 200], false, false), ([127, 0, 0, 1], true, false), ([127, 9, 9, 9], true, false),
    ([169, 253, 1, 1], true, true), ([169, 254, 169, 254], false, false), ([0, 1, 2, 3], false, false),
    ([224, 0, 0, 1], false, false), ([255, 255, 255, 255], false, false), ([], false, false),
    ([1, 2, 3], false, false),
    (six(0x2606, 0x4700), true, true), (six(last: [0, 0, 0, 1]), true, false), (six(), false, false),
    (six(last: [169, 254, 169, 254]), false, false), (six(last: [10, 0, 0, 1]), true, false),
    (six(mapped: [169, 254, 169, 254]), false, false), (six(mapped: [127, 0, 0, 1]), true, false),
    (six(mapped: [8, 8, 8, 8]), true, true), (six(0x0064, 0xFF9B, last: [169, 254, 1, 1]), false, false),
    (six(0x0064, 0xFF9B, last: [8, 8, 8, 8]), true, true), (six(0x2002, 0xA9FE), false, false),
    (six(0x2002, 0x0808), true, true), (six(0xFE80, 0), false, false), (six(0xFEBF, 0), false, false),
    (six(0xFEC0, 0), false, false), (six(0xFF02, 0), false, false), (six(0xFC00, 1), true, false),
    (six(0xFDFF, 1), true, false), (six(0xFD00, 0x0EC2), false, false),
  ]

  @Test(arguments: addresses) func table(bytes: [UInt8], ifPrivate: Bool, ifPublic: Bool) {
    #expect(AddressRule(allowsPrivate: true).allows(bytes) == ifPrivate)
    #expect(AddressRule(allowsPrivate: false).allows(bytes) == ifPublic)
  }

  private static func six(_ first: UInt16 = 0, _ second: UInt16 = 0, last: [UInt8] = [0, 0, 0, 0]) -> [UInt8]
  {
    [UInt8(first >> 8), UInt8(first & 255), UInt8(second >> 8), UInt8(second & 255)]
      + [UInt8](repeating: 0, count: 8) + last
  }

  private static func six(mapped: [UInt8]) -> [UInt8] {
    [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + mapped
  }
}

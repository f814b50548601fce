/// Which network addresses a notice may be sent to.
///
/// Checked at the moment of connecting, on the address itself: a name that resolves to something
/// else the second time, a number in an odd spelling or a redirect gains nothing.
package struct AddressRule: Hashable, Sendable {
  /// Loopback and the private ranges (RFC 1918, RFC 4193, RFC 6598). Link-local addresses, where
  /// clouds keep their metadata, are refused either way.
  package var allowsPrivate: Bool

  package init(allowsPrivate: Bool) {
    self.allowsPrivate = allowsPrivate
  }

  /// - Parameter bytes: 4 of IPv4 or 16 of IPv6, in network order.
  package func allows(_ bytes: [UInt8]) -> Bool {
    switch bytes.count {
    case 4: allowsVersion4(bytes)
    case 16: allowsVersion6(bytes)
    default: false
    }
  }

  private func allowsVersion4(_ bytes: [UInt8]) -> Bool {
    switch (bytes[0], bytes[1]) {
    case (0, _), (169, 254): false
    // Metadata services outside of link-local: Alibaba's and Oracle's.
    case (100, 100) where bytes[2] == 100 && bytes[3] == 200: false
    case (192, 0) where bytes[2] == 0: false
    case (224..., _): false
    case (127, _), (10, _), (172, 16...31), (192, 168), (100, 64...127): allowsPrivate
    default: true
    }
  }

  private func allowsVersion6(_ bytes: [UInt8]) -> Bool {
    if bytes[..<12].allSatisfy({ $0 == 0 }) {
      // ::1 is loopback; the rest is `::` or the old way to write an IPv4 address.
      if bytes[12...] == [0, 0, 0, 1] { return allowsPrivate }
      return allowsVersion4(Array(bytes[12...]))
    }
    if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
      return allowsVersion4(Array(bytes[12...]))
    }
    // NAT64 and 6to4 carry an IPv4 address.
    if bytes[..<4] == [0x00, 0x64, 0xFF, 0x9B] { return allowsVersion4(Array(bytes[12...])) }
    if bytes[..<2] == [0x20, 0x02] { return allowsVersion4(Array(bytes[2..<6])) }
    // Amazon's metadata service over IPv6, fd00:ec2::254.
    if bytes[..<4] == [0xFD, 0x00, 0x0E, 0xC2] { return false }
    switch (bytes[0], bytes[1]) {
    case (0xFE, 0x80...0xFF), (0xFF, _): return false
    case (0xFC...0xFD, _): return allowsPrivate
    default: return true
    }
  }
}

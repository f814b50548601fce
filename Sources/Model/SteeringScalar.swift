extension Unicode.Scalar {
  /// Whether it steers what shows a text instead of being shown: control characters, the line separators of Unicode,
  /// and the marks of its bidirectional algorithm, by which a text reads as what it is not.
  package var isSteering: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

internal import Model

/// HMAC-SHA-256 (RFC 2104 over FIPS 180-4) under one key: the key's two blocks are hashed once.
struct HMAC {
  private let inner: SHA256
  private let outer: SHA256

  init(key: [UInt8]) {
    var block = key.count > 64 ? SHA256.hash(key) : key
    block += [UInt8](repeating: 0, count: 64 - block.count)
    var inner = SHA256()
    inner.update(block.map { $0 ^ 0x36 })
    self.inner = inner
    var outer = SHA256()
    outer.update(block.map { $0 ^ 0x5C })
    self.outer = outer
  }

  /// The 32 bytes that authenticate `message`. Allocates nothing.
  func code(_ message: Span<UInt8>) -> InlineArray<32, UInt8> {
    var inner = inner
    inner.update(message)
    var outer = outer
    let digest = inner.finishInline()
    outer.update(digest.span)
    return outer.finishInline()
  }
}

internal import CCrypto
internal import Model

/// Hashes a whole result with SHA-256, part by part.
///
/// By OpenSSL, which libpq brings along: it uses the processor's own instructions for SHA, and so is five to eight
/// times as fast over hundreds of megabytes as `Model`'s portable `SHA256`, whose hashes are the same.
final class ResultHash {
  private let context: OpaquePointer

  /// - Throws: `Fault` `no_hash` where OpenSSL is set up not to offer SHA-256, or has no memory.
  init() throws(Fault) {
    guard let context = EVP_MD_CTX_new() else { throw ResultHash.refusal }
    self.context = context
    // Where this throws all members are set, and `deinit` frees the context.
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw ResultHash.refusal }
  }

  deinit { EVP_MD_CTX_free(context) }

  func update(_ bytes: UnsafeBufferPointer<UInt8>) throws(Fault) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw ResultHash.refusal }
  }

  /// The hash of all that was given, as 64 hexadecimal digits. Nothing can be given after that.
  func finish() throws(Fault) -> String {
    let digest = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
      var length: UInt32 = 0
      count = EVP_DigestFinal_ex(context, buffer.baseAddress, &length) == 1 ? Int(length) : 0
    }
    if digest.isEmpty { throw ResultHash.refusal }
    return SHA256.digits(of: digest)
  }

  private static var refusal: Fault {
    Fault("no_hash", .resource, "OpenSSL cannot compute a SHA-256 hash here")
  }
}

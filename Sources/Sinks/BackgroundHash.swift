internal import Model
internal import Runtime

/// Hashes a large result part by part on a thread of its own, while the next part is made.
///
/// Gives what `SHA256` over all parts in their order gives. At most two parts are held.
final class BackgroundHash: Sendable {
  private struct State {
    var parts: [Part] = []
    var isEnded = false
    var digest: String?
  }

  private struct Part {
    let bytes: [UInt8]
    let range: Range<Int>
  }

  private let monitor = Monitor(State())

  /// - Throws: `Fault` `no_thread`.
  init() throws(Fault) {
    let monitor = monitor
    try OwnThread.start(name: "hash") {
      var hash = SHA256()
      while case .part(let part) = Self.next(monitor) {
        hash.update(part.bytes[part.range])
        monitor.update { _ = $0.parts.removeFirst() }
      }
      let digest = hash.finishHexadecimal()
      monitor.update { $0.digest = digest }
    }
  }

  // Where the result is given up the thread ends too.
  deinit { monitor.update { $0.isEnded = true } }

  private enum Next {
    case part(Part)
    case end
  }

  private static func next(_ monitor: Monitor<State>) -> Next {
    monitor.wait { state in
      if let part = state.parts.first { return .part(part) }
      return state.isEnded ? .end : nil
    }
  }

  /// Waits on the thread of its caller where two parts are in work, no longer than hashing one takes: the
  /// caller would have spent that time hashing.
  func add(_ bytes: [UInt8], _ range: Range<Int>) {
    let part = Part(bytes: bytes, range: range)
    monitor.wait { $0.parts.count < 2 ? () : nil }
    monitor.update { $0.parts.append(part) }
  }

  /// Waits for the hash of all that was added, in hexadecimal.
  func finish() -> String {
    monitor.update { $0.isEnded = true }
    return monitor.wait { $0.digest }
  }
}

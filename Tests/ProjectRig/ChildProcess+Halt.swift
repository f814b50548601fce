internal import Model
package import Runtime

extension ChildProcess {
  /// Whether SIGSTOP has halted it, as a failpoint of effect `stop` does.
  package var standsStill: Bool {
    // The state is the first letter behind the name, which stands in parentheses.
    let text = try? FileContents.read("/proc/\(identifier)/stat", atMost: ByteCount(4096))
    return text.map { String(decoding: $0, as: UTF8.self).contains(") T ") } ?? false
  }
}

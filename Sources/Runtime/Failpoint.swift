internal import Glibc
package import Model
internal import Synchronization

/// A named place where a test makes the process die, fail, hang or stop: at every change of state and
/// every edge of input and output.
///
/// `TIDEMARK_FAILPOINT=publish.before_commit:2:kill` kills the process the second time that place
/// is reached. Without the variable a failpoint costs one load.
package struct Failpoint: Hashable, Sendable {
  package let name: String

  /// A place that a room names itself, as the state store does for each of its transactions.
  package init(_ name: String) {
    self.name = name
  }

  package static let runOpen = Failpoint("run.open")
  package static let planSaved = Failpoint("plan.saved")
  package static let targetPrepared = Failpoint("target.prepared")
  package static let snapshotTaken = Failpoint("snapshot.taken")
  package static let chunkMiddle = Failpoint("chunk.middle")
  package static let chunkRead = Failpoint("chunk.read")
  package static let chunkBeforePublish = Failpoint("chunk.before_publish")
  package static let chunkAfterPublish = Failpoint("chunk.after_publish")
  package static let aheadBegun = Failpoint("ahead.begun")
  package static let aheadMiddle = Failpoint("ahead.middle")
  package static let aheadStored = Failpoint("ahead.stored")
  package static let readDone = Failpoint("read.done")
  package static let mergeStarted = Failpoint("merge.started")
  package static let aheadNamed = Failpoint("ahead.named")
  package static let mergeMiddle = Failpoint("merge.middle")
  package static let resultMade = Failpoint("result.made")
  package static let filePrepared = Failpoint("file.prepared")
  package static let sinksPrepared = Failpoint("sinks.prepared")
  package static let publishStarted = Failpoint("publish.started")
  package static let publishBeforeCommit = Failpoint("publish.before_commit")
  package static let publishMiddle = Failpoint("publish.middle")
  package static let commitAnswered = Failpoint("commit.answered")
  package static let publishAfterCommit = Failpoint("publish.after_commit")
  package static let publishMarked = Failpoint("publish.marked")
  package static let afterPublish = Failpoint("publish.after_publish")
  package static let fileBeforeRename = Failpoint("file.before_rename")
  package static let fileAfterRename = Failpoint("file.after_rename")
  package static let runBeforeSuccess = Failpoint("run.before_success")
  package static let runAfterSuccess = Failpoint("run.after_success")
  package static let noticeBeforeSend = Failpoint("notice.before_send")
  package static let noticeAfterSend = Failpoint("notice.after_send")

  /// Those of a run, in the order it passes them.
  package static let ofRuns = [
    runOpen, planSaved, targetPrepared, snapshotTaken, chunkMiddle, chunkRead, chunkBeforePublish,
    chunkAfterPublish, aheadBegun, aheadMiddle, aheadStored, readDone, mergeStarted, aheadNamed,
    mergeMiddle, resultMade, filePrepared, sinksPrepared, publishStarted, publishBeforeCommit,
    publishMiddle, commitAnswered, publishAfterCommit, publishMarked, afterPublish, fileBeforeRename,
    fileAfterRename, runBeforeSuccess,
    runAfterSuccess, noticeBeforeSend, noticeAfterSend,
  ]

  /// Does what `TIDEMARK_FAILPOINT` asks for at this place.
  /// - Throws: `Fault` `failpoint`, transient, where it asks for an error.
  package static func hit(_ point: Failpoint) throws(Fault) {
    guard let order = Failpoint.order, order.point == point else { return }
    let count = Failpoint.hits.add(1, ordering: .relaxed).newValue
    guard count == order.count else { return }
    switch order.effect {
    case .kill:
      kill(getpid(), SIGKILL)
      while true { pause() }
    case .hang: while true { pause() }
    // Until whoever watches lets it go on, which it then does as if nothing had happened.
    // Sent to this very thread, which would go on for a moment if another one took the signal.
    case .stop: pthread_kill(pthread_self(), SIGSTOP)
    case .error:
      throw Fault(
        "failpoint", .connection, "The failpoint \(point.name) was asked to fail", isTransient: true)
    }
  }

  private enum Effect: String { case kill, error, hang, stop }

  private struct Order {
    var point: Failpoint
    var count: Int
    var effect: Effect
  }

  private static let hits = Atomic<Int>(0)

  /// Read once; a malformed order is refused by `check` when a command starts.
  private static let order: Order? = parse(Environment.process["TIDEMARK_FAILPOINT"] ?? "")

  private static func parse(_ text: String) -> Order? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let count = Int(parts[1]),
      let effect = Effect(rawValue: parts[2])
    else { return nil }
    return Order(point: Failpoint(parts[0]), count: count, effect: effect)
  }

  /// - Throws: `Fault` `bad_failpoint` where `TIDEMARK_FAILPOINT` is set and means nothing, so that a
  ///   crash test cannot pass for a misspelt name.
  package static func check(known: [Failpoint]) throws(Fault) {
    guard let text = Environment.process["TIDEMARK_FAILPOINT"] else { return }
    if let order = parse(text), known.contains(order.point) { return }
    throw Fault(
      "bad_failpoint", .usage, "TIDEMARK_FAILPOINT `\(text)` is not POINT:COUNT:kill|error|hang|stop",
      hint: DidYouMean.hint(
        for: String(text.prefix { $0 != ":" }), among: known.map(\.name)))
  }
}

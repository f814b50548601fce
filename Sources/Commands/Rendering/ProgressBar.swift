internal import Model

/// One line that is written over and over: chunks, rows, rows a second, and how long it may still
/// take; or what the run waits for.
struct ProgressBar {
  private let style: Style
  private var chunks = 0
  private var done = 0
  /// Chunks that an earlier attempt finished: they say nothing about this one's pace.
  private var kept = 0
  private var rows: Int64 = 0
  /// Rows of chunks in flight.
  private var partial: [ChunkID: Int64] = [:]
  private var estimatedRows = 0.0
  private var phase = "planning"
  /// Until something goes on again.
  private var wait: String?
  private var start = ContinuousClock.Instant.now
  private var readStart: ContinuousClock.Instant?
  private var lastDrawn: ContinuousClock.Instant?
  private var isOnScreen = false

  private static let interval = Duration.milliseconds(100)

  init(style: Style) {
    self.style = style
  }

  mutating func on(_ event: RunEvent, now: ContinuousClock.Instant) {
    var isUrgent = true
    if case .waiting(let reason) = event { wait = FaultText.oneLine(reason) } else { wait = nil }
    switch event {
    case .waiting: break
    case .planned(let chunks, _, let estimatedRows, let finished):
      self.chunks = chunks
      self.estimatedRows = estimatedRows
      done = finished
      self.kept = finished
      phase = "reading"
      readStart = now
    case .resumed(let kept, _, _):
      done = kept
      self.kept = kept
    case .chunkProgress(let chunk, let rows, _):
      partial[chunk] = rows
      isUrgent = false
    case .chunkDone(let chunk, let counts):
      partial[chunk] = nil
      rows += counts.read
      done += 1
      isUrgent = false
    case .merging: phase = "merging"
    case .prepared: phase = "publishing"
    case .succeeded, .failed, .interrupted, .cancelled:
      clear()
      return
    default: return
    }
    if !isUrgent, let lastDrawn, now - lastDrawn < ProgressBar.interval { return }
    lastDrawn = now
    draw(now)
  }

  private mutating func draw(_ now: ContinuousClock.Instant) {
    let rows = self.rows + partial.values.reduce(0, +)
    let seconds = Double((now - (readStart ?? start)).milliseconds) / 1000
    let share = chunks > 0 ? Double(done) / Double(chunks) : 0
    var parts = [wait ?? phase, "\(done)/\(chunks) chunks", "\(Quantity.count(rows)) rows"]
    if wait == nil, seconds > 0.5 { parts.append("\(Quantity.rate(rows, seconds)) rows/s") }
    if wait == nil, phase == "reading", done > kept, done < chunks, seconds > 1 {
      parts.append("ETA \(Quantity.seconds(seconds / Double(done - kept) * Double(chunks - done)))")
    }
    // What does not fit is left out: a line that wraps could not be written over.
    while parts.count > 1, parts.joined(separator: "  ").count >= Terminal.width { parts.removeLast() }
    var facts = parts.joined(separator: "  ")
    if facts.count >= Terminal.width { facts = facts.prefix(max(Terminal.width - 2, 1)) + "…" }
    let room = max(min(Terminal.width - facts.count - 5, 40), 0)
    let filled = Int((Double(room) * share).rounded())
    let bar =
      room > 4
      ? style.green(String(repeating: "█", count: filled))
        + style.dim(String(repeating: "░", count: room - filled)) + "  "
      : ""
    Terminal.printError("\r\u{1B}[2K\(bar)\(facts)")
    isOnScreen = true
  }

  mutating func clear() {
    if isOnScreen { Terminal.printError("\r\u{1B}[2K") }
    isOnScreen = false
  }
}

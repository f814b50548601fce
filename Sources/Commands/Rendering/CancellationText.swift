internal import Engine
internal import Model
internal import Scheduler

extension RunCancellation.Result {
  /// For programs.
  var word: String {
    switch self {
    case .ended: "cancelled"
    case .asked: "asked"
    case .left: "undecided"
    case .over(let state): state.rawValue
    }
  }

  /// For people, behind the run's name.
  var sentence: String {
    switch self {
    case .ended: "cancelled"
    case .asked: "its process will end it within seconds"
    case .left:
      "undecided: it may have published, and nobody works on it; `tidemark resume` asks the targets and ends it, --partial ends it without them"
    case .over(let state): "was over already, as \(state.rawValue)"
    }
  }
}

extension PartialResult {
  /// For people, behind what became of the run.
  var sentence: String {
    let given = missing.joined(separator: ", ")
    let what =
      held.isEmpty
      ? "whether \(given) holds its result is not known"
      : "\(held.joined(separator: ", ")) holds its result, not \(given)"
    return "\(what); the next run of the interval is a new revision for all"
  }
}

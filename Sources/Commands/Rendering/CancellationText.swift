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
      "undecided: it may have published, and nobody works on it; `tidemark resume` asks the targets and ends it"
    case .over(let state): "was over already, as \(state.rawValue)"
    }
  }
}

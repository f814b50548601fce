internal import Model

/// What a job file may say already and a run cannot do yet: refused by name, never passed over.
enum NotYet {
  /// - Throws: `Faults` `not_yet`, one a word.
  static func check(_ job: Job) throws(Faults) {
    var faults: [Fault] = []
    func refuse(_ word: String, _ place: Place?) {
      faults.append(
        Fault("not_yet", .config, "`\(word)` does not work yet", place: place, hint: "Leave it out"))
    }
    for sink in job.sinks {
      if case .table(let rule) = sink, rule.publishPerChunk { refuse("publish: per_chunk", rule.place) }
    }
    if !faults.isEmpty { throw Faults(faults) }
  }
}

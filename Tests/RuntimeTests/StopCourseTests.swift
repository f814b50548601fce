import Testing

@testable import Runtime

@Suite struct StopCourseTests {
  /// What a signal did, in one word.
  private static func word(_ action: StopCourse.Action) -> String {
    switch action {
    case .nothing: "nothing"
    case .call: "call"
    case .end(let status): "end \(status)"
    case .die: "die"
    }
  }

  /// `s` is a stop, `S` one in the same moment as the step before, `h` a hang-up, `w` the beginning of work, `e` its end, `r` that hang-ups reload from now on.
  @Test(arguments: [
    ("s", "die", "end 0"), ("h", "die", "nothing"), ("rh", "call", "call"), ("ws", "call", "call"),
    ("wh", "call", "nothing"), ("wss", "call, end 7", "call, end 7"), ("wes", "nothing", "nothing"),
    ("wess", "nothing, end 7", "nothing, end 7"), ("wesw", "nothing, stopped", "nothing, stopped"),
    ("rwhs", "call, call", "call, call"), ("hs", "die, end 7", "nothing, end 0"),
    ("wsS", "call, nothing", "call, nothing"), ("wsSs", "call, nothing, end 7", "call, nothing, end 7"),
  ])
  func aSignalDoesWhatTheProcessIsReadyFor(course: String, command: String, service: String) {
    for (isService, expected) in [(false, command), (true, service)] {
      var stops = StopCourse()
      stops.isService = isService
      var words: [String] = []
      var moment = ContinuousClock.now
      for step in course {
        if step != "S" { moment += StopCourse.echo }
        switch step {
        case "s", "S": words.append(Self.word(stops.on(isHangup: false, at: moment)))
        case "h": words.append(Self.word(stops.on(isHangup: true, at: moment)))
        case "w": if stops.begin({}) { words.append("stopped") }
        case "e": stops.cancel = nil
        default: stops.reload = {}
        }
      }
      #expect(words.joined(separator: ", ") == expected, "\(course)")
    }
  }
}

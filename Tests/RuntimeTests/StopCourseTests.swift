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

  /// `s` is a stop, `h` a hang-up, `w` the beginning of work, `e` its end, `r` that hang-ups reload from now on.
  @Test(arguments: [
    ("s", "die", "end 0"), ("h", "die", "nothing"), ("rh", "call", "call"), ("ws", "call", "call"),
    ("wh", "call", "nothing"), ("wss", "call, end 7", "call, end 7"), ("wes", "nothing", "nothing"),
    ("wess", "nothing, end 7", "nothing, end 7"), ("wesw", "nothing, stopped", "nothing, stopped"),
    ("rwhs", "call, call", "call, call"), ("hs", "die, end 7", "nothing, end 0"),
  ])
  func aSignalDoesWhatTheProcessIsReadyFor(course: String, command: String, service: String) {
    for (isService, expected) in [(false, command), (true, service)] {
      var stops = StopCourse()
      stops.isService = isService
      var words: [String] = []
      for step in course {
        switch step {
        case "s": words.append(Self.word(stops.on(isHangup: false)))
        case "h": words.append(Self.word(stops.on(isHangup: true)))
        case "w": if stops.begin({}) { words.append("stopped") }
        case "e": stops.cancel = nil
        default: stops.reload = {}
        }
      }
      #expect(words.joined(separator: ", ") == expected, "\(course)")
    }
  }
}

import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// Notices of jobs, from the run to whoever is told, by the real program.
@Suite(.timeLimit(.minutes(8))) struct NoticeCommandTests {
  @Test func noticesOfADigestAreSentAsOne() async throws {
    try await ScheduledJobText.with(
      """
      interval: {span: day}
      notify: [{events: [success], command: {run: ["/bin/sh", "-c", "cat >> \\"$0\\"; echo >> \\"$0\\"", "NOTICES"]}, digest: 10m}]
      """, query: "SELECT ${interval.start_date} AS n"
    ) { project in
      let text = String(decoding: try #require(try project.read("jobs/job.yaml")), as: UTF8.self)
      try project.write("jobs/job.yaml", text.replacing("NOTICES", with: project.path("notices")))
      for day in 1...3 {
        let run = try await project.run(["run", "job", "--for", "2026-03-0\(day)"])
        #expect(run.status == 0, "\(run.output)")
      }
      #expect(try project.read("notices") == nil)
      #expect(try await project.run(["tick"], environment: ScheduledJobText.later(700)).status == 0)
      let sent = String(decoding: try project.read("notices") ?? [], as: UTF8.self)
      #expect(sent.split(separator: "\n").count == 1 && sent.contains("3 notices"), "\(sent)")
      for day in 1...3 { #expect(sent.contains("2026-03-0\(day)"), "\(sent)") }
      let list = try await project.run(["notices", "list", "--only", "delivered", "--json"]).output
      #expect(list.ranges(of: "\"state\": \"delivered\"").count == 3, "\(list)")
    }
  }

  @Test func whatGaveUpIsTriedAgainByHand() async throws {
    try await ScheduledJobText.with(
      "interval: {span: day}\nnotify: [{events: [success], command: [\"/bin/ls\", \"NOTICES\"]}]",
      query: "SELECT ${interval.start_date} AS n"
    ) { project in
      let text = String(decoding: try #require(try project.read("jobs/job.yaml")), as: UTF8.self)
      try project.write("jobs/job.yaml", text.replacing("NOTICES", with: project.path("there")))
      let first = try await project.run(["run", "job", "--for", "2026-03-01"])
      #expect(first.status == 0 && first.output.contains(" warning notice_failed notice="), "\(first.output)")
      var status = try await project.run(["status"]).output
      #expect(status.contains("! 1 notice could not be delivered so far: "), "\(status)")
      // Tried again by itself, until a day has gone by.
      var offset = 0
      var said = ""
      while offset < 8 * 86_400 {
        offset += 6 * 3600
        let tick = try await project.run(["tick"], environment: ScheduledJobText.later(offset))
        #expect(tick.status == 0)
        said += tick.output
      }
      #expect(said.ranges(of: " error notice_gave_up notice=").count == 1, "\(said)")
      let list = try await project.run(["notices", "list"]).output
      #expect(list.contains("gave_up"), "\(list)")
      status = try await project.run(["status"]).output
      #expect(status.contains("! 1 notice gave up: ") && !status.contains("so far"), "\(status)")
      // Whichever job runs next delivers what is due.
      #expect(try await project.run(["run", "job", "--for", "2026-03-02"]).status == 0)
      try project.write("there", "")
      try project.write("jobs/other.yaml", ScheduledJobText.job("job: other", table: "others"))
      #expect(try await project.run(["run", "other"], environment: ScheduledJobText.later(60)).status == 0)
      #expect(try await project.run(["notices", "list"]).output.contains("delivered"))
      let retried = try await project.run(["notices", "retry", "all"])
      #expect(retried.status == 0 && retried.output.contains("delivered"), "\(retried.output)")
      let unknown = try await project.run(["notices", "retry", "nobody"])
      #expect(unknown.status == 3 && unknown.output.contains("hint"), "\(unknown.output)")
      #expect(try await !project.run(["status"]).output.contains("notice"))
    }
  }

  /// A rule that is put in front of its own gets nothing that was not for it.
  @Test func aNoticeThatWaitsGoesWhereItWasToGo() async throws {
    try await ScheduledJobText.with(
      "interval: {span: day}\nnotify: [{events: [success], command: [\"/bin/ls\", \"NOTICES\"]}]",
      query: "SELECT ${interval.start_date} AS n"
    ) { project in
      let text = String(decoding: try #require(try project.read("jobs/job.yaml")), as: UTF8.self)
        .replacing("NOTICES", with: project.path("there"))
      try project.write("jobs/job.yaml", text)
      let run = try await project.run(["run", "job", "--for", "2026-03-01"])
      #expect(run.status == 0 && run.output.contains(" warning notice_failed notice="), "\(run.output)")
      let other = "{events: [failure], command: [\"/bin/cp\", \"/dev/stdin\", \"\(project.path("other"))\"]}"
      try project.write("jobs/job.yaml", text.replacing("notify: [", with: "notify: [\(other), "))
      try project.write("there", "")
      #expect(try await project.run(["tick"], environment: ScheduledJobText.later(60)).status == 0)
      #expect(try project.read("other") == nil)
      #expect(try await project.run(["notices", "list"]).output.contains("delivered"))
    }
  }

  /// The first receiver waits for what only the second one brings about.
  @Test func nobodyWaitsForSomebodyElsesReceiver() async throws {
    try await ScheduledJobText.with(
      """
      interval: {span: day}
      notify:
        - {events: [success], command: [/bin/sh, -c, "until [ -e TOLD ]; do sleep 0.1; done"]}
        - {events: [success], command: [/bin/cp, /dev/stdin, TOLD]}
      """, query: "SELECT ${interval.start_date} AS n"
    ) { project in
      let text = String(decoding: try #require(try project.read("jobs/job.yaml")), as: UTF8.self)
      try project.write("jobs/job.yaml", text.replacing("TOLD", with: project.path("told")))
      let run = try await project.run(["run", "job", "--for", "2026-03-01"])
      #expect(run.status == 0 && !run.output.contains("notice_failed"), "\(run.output)")
      let list = try await project.run(["notices", "list", "--only", "delivered", "--json"]).output
      #expect(list.ranges(of: "\"state\": \"delivered\"").count == 2, "\(list)")
    }
  }

  /// Who stops a command that has done its work does not wait for receivers; what was being sent is due again.
  @Test func aStopEndsTheDelivery() async throws {
    try await ScheduledJobText.with(
      """
      interval: {span: day}
      notify: [{events: [success], command: {run: [/bin/sh, -c, "touch BEGUN; exec sleep 1000"], timeout: 80s}}]
      """, query: "SELECT ${interval.start_date} AS n"
    ) { project in
      let text = String(decoding: try #require(try project.read("jobs/job.yaml")), as: UTF8.self)
      try project.write("jobs/job.yaml", text.replacing("BEGUN", with: project.path("begun")))
      let output = try project.newOutput()
      let process = try project.start(["run", "job", "--for", "2026-03-01"], output: output)
      try await Patience.until("the notice is being sent") { try project.read("begun") != nil }
      process.signal(SIGTERM)
      let run = try await project.end(of: process, output: output)
      #expect(run.status == 0 && !run.output.contains("notice_failed"), "\(run.output)")
      let list = try await project.run(["notices", "list", "--json"]).output
      #expect(list.contains("\"state\": \"due\""), "\(list)")
    }
  }

  /// A run is what it is, whatever happens to the outbox behind it.
  @Test(arguments: [false, true]) func troubleWithTheOutboxIsNoneOfTheRun(_ fails: Bool) async throws {
    try await ScheduledJobText.with(
      """
      interval: {span: day}
      \(fails ? "checks: [{name: many, expect: 'count(*) > 5'}]" : "")
      notify: [{events: [success, check_failed, failure], command: [/bin/true]}]
      """, query: "SELECT ${interval.start_date} AS n"
    ) { project in
      let run = try await project.run(
        ["run", "job", "--for", "2026-03-01"], failpoint: "state.take_due_notices.before_commit:1:error")
      #expect(run.status == (fails ? 4 : 0), "\(run.output)")
      #expect(run.output.contains(" error outbox_trouble "), "\(run.output)")
      #expect(run.output.contains("error[check_failed]") == fails, "\(run.output)")
      let list = try await project.run(["notices", "list", "--json"]).output
      #expect(list.contains("\"state\": \"due\""), "\(list)")
    }
  }

  /// What this process cannot read says nothing of the notice, the run or the other notices.
  @Test(arguments: ["${file:address}", "${env.NOTICE_ADDRESS}"])
  func anAddressThatCannotBeReadIsLookedForAgain(_ address: String) async throws {
    try await ScheduledJobText.with(
      """
      interval: {span: day}
      notify:
        - {events: [success], webhook: {url: "\(address)"}}
        - {events: [success], command: [/bin/cp, /dev/stdin, TOLD]}
      """, query: "SELECT ${interval.start_date} AS n"
    ) { project in
      let text = String(decoding: try #require(try project.read("jobs/job.yaml")), as: UTF8.self)
      try project.write("jobs/job.yaml", text.replacing("TOLD", with: project.path("told")))
      let run = try await project.run(["run", "job", "--for", "2026-03-01"])
      #expect(run.status == 0 && run.output.contains(" warning notice_failed notice="), "\(run.output)")
      #expect(try project.read("told") != nil)
      let list = try await project.run(["notices", "list"]).output
      #expect(list.contains("due ") && !list.contains("gave_up"), "\(list)")
    }
  }

  /// Where trying again is no use, whoever looks at the log or the status learns at once that nobody was told.
  @Test func aNoticeThatCannotBeDeliveredIsTold() async throws {
    try await ScheduledJobText.with(
      "interval: {span: day}\nnotify: [{events: [success], command: [/nowhere/alarm]}]",
      query: "SELECT ${interval.start_date} AS n"
    ) { project in
      for day in 1...2 {
        let run = try await project.run(["run", "job", "-q", "--for", "2026-03-0\(day)"])
        #expect(run.status == 0 && run.output.contains(" error notice_gave_up notice="), "\(run.output)")
        #expect(
          run.output.contains("code=no_such_command") && run.output.contains("to=job#0"), "\(run.output)")
      }
      let status = try await project.run(["status"]).output
      #expect(status.contains("! 2 notices gave up: `tidemark notices list --only gave_up`"), "\(status)")
      let facts = try JSONValue(parsing: try await project.run(["status", "--json"]).output)["notices"]
      #expect(facts?["gave_up"]?.intValue == 2 && facts?["failing"]?.intValue == 0)
      let unnamed = try await project.run(["notices", "dismiss"])
      #expect(unnamed.status == 2 && unnamed.output.contains("Name the notices"), "\(unnamed.output)")
      let dismissed = try await project.run(["notices", "dismiss", "all", "--reason", "nobody reads them"])
      #expect(
        dismissed.status == 0 && dismissed.output.ranges(of: "dismissed").count == 2, "\(dismissed.output)")
      #expect(try await !project.run(["status"]).output.contains("gave up"))
      let audit = try await project.run(["audit"]).output
      #expect(audit.contains("notice_dismissed") && audit.contains("reason=nobody reads them"), "\(audit)")
    }
  }
}

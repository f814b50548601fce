import Glibc
import Runtime
import Testing

@Suite struct ProcessTests {
  @Test func tellsHowAProgramEnded() throws {
    for (script, exit) in [
      ("exit 0", ChildProcess.Exit.status(0)), ("exit 7", .status(7)), ("kill -TERM $$", .signal(SIGTERM)),
    ] {
      let process = try ChildProcess(["/bin/sh", "-c", script], environment: [:], output: "/dev/null")
      #expect(process.wait(atMost: .seconds(60)) == exit)
    }
  }

  @Test func aSignalReachesAllThatWasStarted() throws {
    let process = try ChildProcess(
      ["/bin/sh", "-c", "sleep 1000 & sleep 1000; wait"], environment: ["PATH": "/bin:/usr/bin"],
      output: "/dev/null")
    process.signal(SIGKILL)
    #expect(process.wait(atMost: .seconds(60)) == .signal(SIGKILL))
    // Nothing of the group is left; a moment may pass until its orphans are buried.
    while kill(-process.identifier, 0) == 0 {}
    #expect(errno == ESRCH)
  }

  @Test func tellsTheServiceManager() throws {
    for prefix in ["/tmp/tidemark-notify-", "@tidemark-notify-"] {
      let path = prefix + "\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      var name = Array(path.utf8)
      if name[0] == UInt8(ascii: "@") { name[0] = 0 }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
      let length = socklen_t(2 + name.count + (name[0] == 0 ? 0 : 1))
      let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      defer { close(socket) }
      let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
      }
      #expect(status == 0)
      ServiceManager(Environment(["NOTIFY_SOCKET": path])).ready("3 jobs\nREADY=0")
      var buffer = [UInt8](repeating: 0, count: 200)
      let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      #expect(
        String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self) == "READY=1\nSTATUS=3 jobs READY=0")
      // More than the socket holds, and nobody reads: nothing waits for room.
      let manager = ServiceManager(Environment(["NOTIFY_SOCKET": path]))
      for chunk in 0..<2000 { manager.status("\(chunk) chunks") }
      manager.stopping(within: .seconds(1))
      #expect(recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT)) > 0)
      if name[0] != 0 { unlink(path) }
    }
    // With nobody there, nothing happens.
    ServiceManager(Environment([:])).watchdog()
    ServiceManager(Environment(["NOTIFY_SOCKET": "/nowhere"])).watchdog()
  }
}

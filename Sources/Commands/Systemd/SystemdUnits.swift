internal import Model

/// The texts of systemd's unit files, hardened as far as a program goes that needs the network, its
/// project's files and one folder for its state.
struct SystemdUnits {
  /// Whose services they are.
  enum Manager: String, Hashable {
    /// The machine's.
    case system
    /// One user's (`systemctl --user`), without privileges and so with less to give away.
    case user
  }

  /// A secret for `${credential.NAME}`.
  struct Credential: Hashable {
    var name: String
    /// `nil` for the file of that name in `/etc/credstore`, or `/etc/credstore.encrypted`.
    var path: String?
    /// As `systemd-creds encrypt` has written it.
    var isEncrypted: Bool
  }

  var program: String
  var project: String
  var configs: [String]
  /// What `--state` named.
  var state: String?
  var credentials: [Credential]
  var manager: Manager
  /// `nil` for a user that exists only while the service runs.
  var runAs: String?
  /// The folders that are written to, besides that of the service's own state.
  var writable: [String]
  /// What the names of all units begin with.
  var prefix: String
  /// The state lies where the project says, and not in systemd's folder for the service.
  var namesState: Bool

  /// A service for all jobs.
  var scheduler: UnitFile {
    UnitFile(
      name: "\(prefix).service",
      body: """
        \(head("Tidemark scheduler for \(described(project))"))

        [Service]
        Type=notify
        ExecStart=\(command(["scheduler"]))
        ExecReload=/bin/sh -c 'kill -HUP $MAINPID'
        # A state in Postgres that nothing gets through to is waited for up to two and a half minutes.
        WatchdogSec=5min
        Restart=on-failure
        RestartSec=5s
        # Runs that are going on save what they have.
        TimeoutStopSec=2min
        KillMode=mixed
        \(confinement)

        [Install]
        WantedBy=\(manager == .system ? "multi-user.target" : "default.target")

        """)
  }

  /// A service and a timer for one job.
  func job(_ name: JobName) -> [UnitFile] {
    let unit = "\(prefix)-\(name)"
    let service = UnitFile(
      name: "\(unit).service",
      body: """
        \(head("Tidemark job \(name) of \(described(project))"))

        [Service]
        Type=oneshot
        ExecStart=\(command(["tick", name.text, "--quiet"]))
        # 7 is a run that was stopped and will be gone on with, 8 one that somebody else has.
        SuccessExitStatus=7 8
        TimeoutStartSec=infinity
        TimeoutStopSec=2min
        KillMode=mixed
        \(confinement)

        """)
    let timer = UnitFile(
      name: "\(unit).timer",
      body: """
        [Unit]
        Description=Looks whether the Tidemark job \(name) of \(described(project)) is due

        [Timer]
        # The schedule itself stays in the job's file.
        OnCalendar=minutely
        AccuracySec=1s
        Persistent=true

        [Install]
        WantedBy=timers.target

        """)
    return [service, timer]
  }

  // MARK: What both services have

  /// The first section of a service. A user's manager knows nothing of the network.
  private func head(_ description: String) -> String {
    var lines = ["[Unit]", "Description=\(description)"]
    if manager == .system {
      lines += ["Wants=network-online.target", "After=network-online.target time-sync.target"]
    }
    return lines.joined(separator: "\n")
  }

  private func command(_ arguments: [String]) -> String {
    var words = [program] + arguments + ["--project", project]
    for config in configs { words += ["--config", config] }
    if let state { words += ["--state", state] }
    return words.map { "\"\(quotable($0, dollar: "$$"))\"" }.joined(separator: " ")
  }

  private var confinement: String {
    var lines: [String] = []
    if manager == .system {
      // One name for all units, so that they share the folder of the state.
      if !namesState { lines.append("# The state lies in /var/lib/\(prefix).") }
      lines.append("User=\(runAs ?? prefix)")
      if runAs == nil { lines.append("DynamicUser=yes") }
      lines += ["StateDirectory=\(prefix)", "StateDirectoryMode=0700"]
    }
    lines.append("UMask=0077")
    lines += credentials.map { credential in
      let key = credential.isEncrypted ? "LoadCredentialEncrypted" : "LoadCredential"
      return "\(key)=" + credential.name + (credential.path.map { ":\(quotable($0))" } ?? "")
    }
    lines += writable.map { "ReadWritePaths=\"-\(quotable($0))\"" }
    lines += SystemdUnits.unprivileged
    if manager == .system { lines += SystemdUnits.privileged }
    return lines.joined(separator: "\n")
  }

  /// What a user's manager can hold a service to as well.
  private static let unprivileged = [
    "NoNewPrivileges=yes", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "RestrictNamespaces=yes",
    "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes", "MemoryDenyWriteExecute=yes",
    "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources", "SystemCallErrorNumber=EPERM",
  ]

  private static let privileged = [
    "CapabilityBoundingSet=", "AmbientCapabilities=", "ProtectSystem=strict", "ProtectHome=read-only",
    "PrivateTmp=yes", "PrivateDevices=yes", "DevicePolicy=closed", "ProtectClock=yes",
    "ProtectControlGroups=yes", "ProtectHostname=yes", "ProtectKernelLogs=yes", "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes", "ProtectProc=invisible", "RemoveIPC=yes",
  ]

  // MARK: Quoting

  /// `%` begins a specifier; quotes and backslashes end a word. On command lines `$` begins a variable.
  private func quotable(_ text: String, dollar: String = "$") -> String {
    var out = ""
    for character in text {
      switch character {
      case "%": out += "%%"
      case "$": out += dollar
      case "\"", "\\": out += "\\\(character)"
      case "\n": out += "\\n"
      default: out.append(character)
      }
    }
    return out
  }

  /// Of a line that is only read by people.
  private func described(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 }).split(separator: "%", omittingEmptySubsequences: false)
      .joined(separator: "%%")
  }
}

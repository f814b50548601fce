internal import Model

/// The texts of systemd's unit files, hardened as far as a program goes that needs the network, its
/// project's files and one folder for its state.
struct SystemdUnits {
  var program: String
  var project: String
  var configs: [String]
  /// Names for `${credential.NAME}`, kept encrypted by `systemd-creds encrypt`.
  var credentials: [String]

  /// A service for all jobs.
  var scheduler: String {
    """
    [Unit]
    Description=Tidemark scheduler for \(escaped(project))
    Documentation=man:systemd.exec(5)
    Wants=network-online.target
    After=network-online.target time-sync.target

    [Service]
    Type=notify
    ExecStart=\(command(["scheduler"]))
    ExecReload=/bin/kill -HUP $MAINPID
    WatchdogSec=2min
    Restart=on-failure
    RestartSec=5s
    TimeoutStopSec=2min
    KillMode=mixed
    \(hardening)

    [Install]
    WantedBy=multi-user.target

    """
  }

  /// A service and a timer for one job, by file name.
  func job(_ name: JobName) -> [(name: String, text: String)] {
    let unit = "tidemark-\(name)"
    let service = """
      [Unit]
      Description=Tidemark job \(escaped(name.text))
      Wants=network-online.target
      After=network-online.target time-sync.target

      [Service]
      Type=oneshot
      ExecStart=\(command(["tick", name.text, "--quiet"]))
      # 7 is a run that was stopped and will be gone on with, 8 one that somebody else has.
      SuccessExitStatus=7 8
      TimeoutStartSec=infinity
      TimeoutStopSec=2min
      KillMode=mixed
      \(hardening)

      """
    let timer = """
      [Unit]
      Description=Looks whether the Tidemark job \(escaped(name.text)) is due

      [Timer]
      OnCalendar=minutely
      AccuracySec=1s
      Persistent=true

      [Install]
      WantedBy=timers.target

      """
    return [("\(unit).service", service), ("\(unit).timer", timer)]
  }

  private func command(_ arguments: [String]) -> String {
    var words = [program] + arguments + ["--project", project]
    for config in configs { words += ["--config", config] }
    return words.map { "\"\(escaped($0))\"" }.joined(separator: " ")
  }

  /// `%` begins a specifier and `$` a variable; quotes and backslashes end a word.
  private func escaped(_ text: String) -> String {
    var out = ""
    for character in text {
      switch character {
      case "%": out += "%%"
      case "$": out += "$$"
      case "\"", "\\": out += "\\\(character)"
      default: out.append(character)
      }
    }
    return out
  }

  private var hardening: String {
    var lines = [
      "# The state lies in /var/lib/tidemark, unless tidemark.yaml names a database.",
      "DynamicUser=yes", "StateDirectory=tidemark", "StateDirectoryMode=0700", "UMask=0077",
    ]
    lines += credentials.map { "LoadCredentialEncrypted=\($0)" }
    if credentials.isEmpty {
      lines.append("# For ${credential.NAME} in tidemark.yaml: LoadCredential=NAME:/etc/tidemark/NAME")
    }
    lines += [
      "# Files are written below these only.", "#ReadWritePaths=\(escaped(project))/out",
      "NoNewPrivileges=yes", "CapabilityBoundingSet=", "AmbientCapabilities=", "ProtectSystem=strict",
      "ProtectHome=read-only", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectClock=yes",
      "ProtectControlGroups=yes", "ProtectHostname=yes", "ProtectKernelLogs=yes",
      "ProtectKernelModules=yes", "ProtectKernelTunables=yes", "ProtectProc=invisible",
      "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "RestrictNamespaces=yes",
      "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
      "MemoryDenyWriteExecute=yes", "RemoveIPC=yes", "SystemCallArchitectures=native",
      "SystemCallFilter=@system-service", "SystemCallErrorNumber=EPERM",
    ]
    return lines.joined(separator: "\n")
  }
}

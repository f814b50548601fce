internal import Model
internal import Runtime

/// Tells faults to whoever called: as text on standard error, or as one JSON document on standard
/// output.
enum FaultReport {
  /// - Returns: the exit code of the gravest fault, which is the first one.
  static func print(_ faults: [Fault], asJSON: Bool) -> ExitCode {
    if asJSON {
      Terminal.print(JSONValue.object([.init("faults", json(faults))]).prettyText)
    } else {
      tell(faults, severity: "error")
    }
    return faults.first?.kind.exitCode ?? .runFailed
  }

  static func warn(_ warnings: [Fault]) { tell(warnings, severity: "warning") }

  /// For a member of a document.
  static func json(_ faults: [Fault], severity: String = "error") -> JSONValue {
    .array(faults.map { FaultText(fault: $0, severity: severity).json })
  }

  private static func tell(_ faults: [Fault], severity: String) {
    // A file may have thousands of faults: it is read once.
    var files: [String: [ArraySlice<UInt8>]] = [:]
    for fault in faults {
      var line: String?
      if let place = fault.place {
        let lines = files[place.file] ?? Self.lines(of: place.file)
        files[place.file] = lines
        if lines.indices.contains(place.line - 1) {
          line = WrittenSecrets.masked(
            String(decoding: lines[place.line - 1], as: UTF8.self),
            from: fault.code == "secret_in_file" ? place.column : nil)
        }
      }
      let text = FaultText(
        fault: fault, severity: severity, sourceLine: line, style: Terminal.errorStyle)
      Terminal.printError(text.text + "\n")
    }
  }

  /// None of a file that cannot be read any more: the fault is what matters.
  private static func lines(of file: String) -> [ArraySlice<UInt8>] {
    do throws(Fault) {
      return try FileContents.read(file, atMost: .megabytes(2))
        .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    } catch {
      return []
    }
  }
}

internal import Model
internal import Runtime

/// Tells faults to whoever called: as text on standard error, or as one JSON document on standard
/// output.
enum FaultReport {
  /// - Returns: the exit code of the gravest fault, which is the first one.
  static func print(_ faults: [Fault], asJSON: Bool) -> ExitCode {
    if asJSON {
      let document = JSONValue.object([
        .init("faults", .array(faults.map { FaultText(fault: $0).json }))
      ])
      Terminal.print(document.prettyText)
    } else {
      for fault in faults { Terminal.printError(text(fault, severity: "error") + "\n") }
    }
    return faults.first?.kind.exitCode ?? .runFailed
  }

  static func warn(_ warnings: [Fault]) {
    for warning in warnings { Terminal.printError(text(warning, severity: "warning") + "\n") }
  }

  private static func text(_ fault: Fault, severity: String) -> String {
    FaultText(
      fault: fault, severity: severity,
      sourceLine: fault.place.flatMap {
        sourceLine($0, isSecret: fault.code == "secret_in_file")
      },
      style: Terminal.errorStyle
    ).text
  }

  /// The line that a place points at. A file that cannot be read any more shows none: the fault is
  /// what matters.
  /// - Parameter isSecret: what the place points at must not be shown.
  private static func sourceLine(_ place: Place, isSecret: Bool) -> String? {
    do throws(Fault) {
      let bytes = try FileContents.read(place.file, atMost: .megabytes(2))
      let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      guard lines.indices.contains(place.line - 1) else { return nil }
      let line = String(decoding: lines[place.line - 1], as: UTF8.self)
      return WrittenSecrets.masked(line, from: isSecret ? place.column : nil)
    } catch {
      return nil
    }
  }
}

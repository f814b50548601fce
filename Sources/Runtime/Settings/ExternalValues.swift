internal import Glibc
package import Model

/// Fills in what a template takes from outside the job: `${env.X:-default}`, `${file:path}` and
/// `${credential.X}`.
///
/// Every value read from a file or a credential is registered with the redactor, and so is an
/// environment variable long enough to be a secret.
package struct ExternalValues: Sendable {
  package let redactor: Redactor
  private let environment: Environment
  private let root: String

  /// - Parameter root: the project's folder, which relative `${file:}` paths start from.
  package init(environment: Environment, root: String, redactor: Redactor) {
    self.environment = environment
    self.root = root
    self.redactor = redactor
  }

  /// The template's text with every reference replaced.
  /// - Throws: `Fault` `unset_variable`, `unknown_credential`, a file fault, or
  ///   `reference_not_allowed` for references that belong to a run.
  package func text(of template: Template) throws(Fault) -> String {
    var text = ""
    for part in template.parts {
      switch part {
      case .text(let piece): text += piece
      case .reference(let reference): text += try value(of: reference)
      }
    }
    return text
  }

  /// One reference's value.
  package func value(of reference: Reference) throws(Fault) -> String {
    switch reference.namespace {
    case .env:
      if let value = environment[reference.name], !value.isEmpty || reference.fallback == nil {
        if value.utf8.count >= 8 { redactor.register(value) }
        return value
      }
      if let fallback = reference.fallback { return fallback }
      throw Fault(
        "unset_variable", .config, "The environment variable `\(reference.name)` is not set",
        place: reference.place,
        hint: "Set it, or give a default: `${env.\(reference.name):-default}`")
    case .file:
      return try secret(at: Path.joined(reference.name, to: root), reference)
    case .credential:
      guard let folder = environment["CREDENTIALS_DIRECTORY"] else {
        throw Fault(
          "unknown_credential", .config,
          "`${credential.\(reference.name)}` is used, but there is no `$CREDENTIALS_DIRECTORY`",
          place: reference.place,
          hint:
            "Let systemd hand it over with `LoadCredential=\(reference.name):/path`, or set the variable to a folder"
        )
      }
      if reference.name.contains("/") || reference.name.hasPrefix(".") {
        throw Fault(
          "unknown_credential", .config, "`\(reference.name)` is not a credential's name",
          place: reference.place)
      }
      return try secret(at: folder + "/" + reference.name, reference)
    default:
      throw Fault(
        "reference_not_allowed", .config,
        "`${\(reference.spelling)}` is known only within a run and cannot be used here",
        place: reference.place, hint: "Here only `${env.X}`, `${file:path}` and `${credential.X}` work")
    }
  }

  /// A file's text without its last line end, which editors add and no secret means.
  private func secret(at path: String, _ reference: Reference) throws(Fault) -> String {
    let bytes: [UInt8]
    do {
      bytes = try FileContents.read(path, atMost: ByteCount(1 << 20))
    } catch {
      var fault = error.at(reference.place)
      if reference.namespace == .credential {
        fault.hint =
          fault.hint
          ?? "`LoadCredential=\(reference.name):/path` of a unit puts it into `$CREDENTIALS_DIRECTORY`"
      }
      throw fault
    }
    var text = bytes[...]
    if text.last == UInt8(ascii: "\n") { text.removeLast() }
    if text.last == UInt8(ascii: "\r") { text.removeLast() }
    guard let value = String(validating: text, as: UTF8.self), !text.contains(0) else {
      throw Fault(
        "bad_secret_file", .config, "`\(reference.spelling)` does not hold text in UTF-8",
        place: reference.place)
    }
    redactor.register(value)
    return value
  }
}

internal import Glibc

/// The process's environment variables, or a fixed set of them in tests.
package struct Environment: Sendable {
  private let fixed: [String: String]?

  /// Those that the process was started with.
  package static let process = Environment(fixed: nil)

  package init(_ variables: [String: String]) {
    self.init(fixed: variables)
  }

  private init(fixed: [String: String]?) {
    self.fixed = fixed
  }

  /// The variable's value; `nil` where it is not set. A variable set to nothing is empty text.
  package subscript(_ name: String) -> String? {
    if let fixed { return fixed[name] }
    return getenv(name).map { String(cString: $0) }
  }
}

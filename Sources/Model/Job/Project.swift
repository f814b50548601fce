/// `tidemark.yaml`: what the jobs of a project share.
package struct Project: Hashable, Sendable {
  /// Part of every run's identity; the folder's name where the file has none.
  package var name: String
  /// The folder that relative paths stand in.
  package var root: String
  package var connections: [String: ConnectionRule]
  package var state: Template?
  /// Relative to `root` unless absolute.
  package var output: String
  package var notifiers: [String: Notifier]
  /// How many runs of a pool may be going at once.
  package var pools: [String: Int]
  /// How many runs of the project its schedules may have going at once.
  package var maximumConcurrentRuns: Int?
  /// The files this was read from, base first; empty where there was none.
  package var files: [String]
  /// The keys for jobs that leave them out, as YAML: those that decide a result.
  package var defaults = "{}"

  package init(
    name: String, root: String, connections: [String: ConnectionRule], state: Template?,
    output: String, notifiers: [String: Notifier], pools: [String: Int],
    maximumConcurrentRuns: Int? = nil, files: [String]
  ) {
    self.name = name
    self.root = root
    self.connections = connections
    self.state = state
    self.output = output
    self.notifiers = notifiers
    self.pools = pools
    self.maximumConcurrentRuns = maximumConcurrentRuns
    self.files = files
  }

  /// The path of an output file as seen from the output folder: `out/a.csv`, where `output` is `out`, is
  /// `a.csv`, so that a path may be written from the project as well.
  package func pathInOutput(_ path: String) -> String {
    let prefix = output + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }
}

/// How much a YAML file may ask of the machine: far above what a job needs, far below what hurts.
struct YAMLLimits: Sendable {
  var bytes = 1 << 20
  var depth = 64
  /// Values in all, where an alias counts as all that it stands for.
  var nodes = 50_000
  /// UTF-8 bytes of one text.
  var scalarBytes = 128 << 10

  static let standard = YAMLLimits()
}

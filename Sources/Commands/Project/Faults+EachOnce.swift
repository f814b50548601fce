internal import Model

extension [Fault] {
  /// Without those that came before: of what stands in tidemark.yaml each job that meets it tells.
  var eachOnce: [Fault] {
    var seen: Set<Fault> = []
    return filter { seen.insert($0).inserted }
  }
}

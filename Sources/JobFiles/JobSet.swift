package import Model

/// Finds what job files get wrong together: jobs under `after` that are not there, or that wait for each other.
package struct JobSet {
  /// By name, of all files; also of those that cannot be read.
  private let names: Set<String>
  private let waits: [JobName: [JobName]]

  /// - Parameters:
  ///   - names: of all job files of the project.
  ///   - jobs: those that could be read.
  package init(names: some Sequence<String>, jobs: some Sequence<Job>) {
    self.names = Set(names)
    waits = Dictionary(jobs.map { ($0.name, $0.schedule?.after?.jobs ?? []) }, uniquingKeysWith: +)
  }

  /// What is wrong with the `after` of one job.
  /// - Returns: `unknown_job` and `after_circle`; none for a job without `after`.
  package func faults(of job: Job) -> [Fault] {
    guard let after = job.schedule?.after else { return [] }
    return after.jobs.compactMap { upstream in
      guard names.contains(upstream.text) else {
        return Fault(
          "unknown_job", .notFound, "`after` names the job `\(upstream)`, which no file has",
          place: after.place,
          hint: DidYouMean.hint(for: upstream.text, among: names.sorted())
            ?? "There are \(names.sorted().listed)")
      }
      guard let way = way(from: upstream, to: job.name) else { return nil }
      let circle = ([job.name] + way).map { "`\($0)`" }.joined(separator: " → ")
      return Fault(
        "after_circle", .validation,
        way.count == 1 ? "A job cannot wait for itself" : "These wait for each other: \(circle)",
        place: after.place, hint: "None of them would ever run: take a job out of an `after`")
    }
  }

  /// The jobs that one has to wait for, one behind the other, until it is `end`; `nil` where it never is.
  private func way(from start: JobName, to end: JobName) -> [JobName]? {
    var ways = [[start]]
    var seen: Set<JobName> = [start]
    while let way = ways.popLast(), let last = way.last {
      if last == end { return way }
      for next in waits[last] ?? [] where seen.insert(next).inserted { ways.append(way + [next]) }
    }
    return nil
  }
}

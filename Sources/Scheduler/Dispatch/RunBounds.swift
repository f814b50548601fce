internal import Model
internal import StateStore

/// How many runs a job, its pool and the project take at once.
struct RunBounds: Sendable {
  let store: Store
  let project: Project
  /// Those of this process.
  let places: PoolPlaces

  /// One of the numbers that a run counts for.
  private struct Bound {
    var name: String
    var size: Int
    /// The runs that it counts.
    var filter: RunFilter
  }

  private func bounds(_ job: ScheduledJob) -> [Bound] {
    var bounds: [Bound] = []
    if let size = project.maximumConcurrentRuns {
      bounds.append(
        Bound(name: "project", size: size, filter: RunFilter(project: project.name, isUnfinished: true)))
    }
    if let pool = job.job.limits.pool, let size = project.pools[pool] {
      bounds.append(
        Bound(
          name: "pool \(pool)", size: size,
          filter: RunFilter(project: project.name, pool: pool, isUnfinished: true)))
    }
    if let size = job.job.limits.maximumConcurrentRuns {
      bounds.append(
        Bound(
          name: "job \(job.id.job)", size: size,
          filter: RunFilter(project: project.name, job: job.id.job, isUnfinished: true)))
    }
    return bounds
  }

  /// How many runs of other processes a bound counts; this one's are counted by `places`.
  private func others(_ bound: Bound) async throws -> Int {
    try await store.owned(try await store.runs(bound.filter)).filter { $0.owner.map(store.isOurs) != true }
      .count
  }

  /// How many more fit into each place that a run of the job needs.
  func rooms(_ job: ScheduledJob) async throws -> [Awaited: Int] {
    var rooms: [Awaited: Int] = [:]
    for bound in bounds(job) {
      rooms[.place(bound.name)] = bound.size - places.count(bound.name) - (try await others(bound))
    }
    return rooms
  }

  /// - Returns: those that are full; empty where the run has its places now.
  func takePlaces(_ job: ScheduledJob) async throws -> Set<Awaited> {
    var wanted: [PoolPlaces.Wanted] = []
    for bound in bounds(job) {
      wanted.append(
        PoolPlaces.Wanted(name: bound.name, size: bound.size, others: try await others(bound)))
    }
    return Set(places.take(wanted).map(Awaited.place))
  }

  /// What a run of the job gives back at its end.
  func places(of job: ScheduledJob) -> Set<Awaited> { Set(bounds(job).map { .place($0.name) }) }

  func giveBack(_ job: ScheduledJob) {
    places.giveBack(bounds(job).map(\.name))
  }
}

extension Store {
  /// Those of the runs that somebody works on now.
  func owned(_ runs: [RunRecord]) async throws -> [RunRecord] {
    var owned: [RunRecord] = []
    for run in runs where try await isOwned(run.id) { owned.append(run) }
    return owned
  }
}

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

  /// How many more fit; `nil` where nothing bounds them.
  func room(_ job: ScheduledJob) async throws -> Int? {
    var room: Int?
    for bound in bounds(job) {
      let own = bound.size - places.count(bound.name) - (try await others(bound))
      room = min(room ?? own, own)
    }
    return room
  }

  /// - Returns: false where there is no place.
  func takePlace(_ job: ScheduledJob) async throws -> Bool {
    var wanted: [PoolPlaces.Wanted] = []
    for bound in bounds(job) {
      wanted.append(
        PoolPlaces.Wanted(name: bound.name, size: bound.size, others: try await others(bound)))
    }
    return places.take(wanted)
  }

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

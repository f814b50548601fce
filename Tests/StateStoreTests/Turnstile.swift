/// Lets a few in at a time: a test server has only so many connections.
actor Turnstile {
  static let databases = Turnstile(places: 5)

  private var places: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(places: Int) {
    self.places = places
  }

  nonisolated(nonsending) func pass<Output>(_ body: () async throws -> Output) async throws -> Output {
    await enter()
    let outcome: Result<Output, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    await leave()
    return try outcome.get()
  }

  private func enter() async {
    await withCheckedContinuation { continuation in
      if places > 0 {
        places -= 1
        continuation.resume()
      } else {
        waiting.append(continuation)
      }
    }
  }

  private func leave() {
    if waiting.isEmpty {
      places += 1
    } else {
      waiting.removeFirst().resume()
    }
  }
}

internal import Synchronization

/// Tells whether chunks were finished since it was last asked.
final class ReadProgress: Sendable {
  private let isMade = Atomic(false)

  func make() { isMade.store(true, ordering: .relaxed) }

  func take() -> Bool { isMade.exchange(false, ordering: .relaxed) }
}

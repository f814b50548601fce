internal import Glibc
package import Model

/// Looks whether the system lets the process have the addresses that it cannot do without (`ulimit -v`).
///
/// The threads of Swift's own pool are started by a library that waits, without end and without a word, where there
/// is no room for another one's stack; and most of what is asked for is only set aside, by the allocator for each thread.
package enum AddressSpace {
  /// Small jobs with eight readers were seen to come to their end with three quarters of it, and to die with half.
  private static let least = ByteCount.megabytes(1000)

  /// - Throws: `Fault` `address_limit` where it may have less.
  package static func check() throws(Fault) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
      limit.rlim_cur < rlim_t(least.bytes)
    else { return }
    throw Fault(
      "address_limit", .resource,
      "The process may have \(limit.rlim_cur / 1_000_000) MB of addresses; \(least.bytes / 1_000_000) MB are the least",
      hint: "Raise the limit (`ulimit -v`); what limits memory itself is a cgroup (`MemoryMax=` of a unit)")
  }
}

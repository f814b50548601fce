internal import Glibc
package import Model

/// Starts threads that do not belong to Swift's cooperative pool, for work that blocks.
package enum OwnThread {
  /// Runs `body` on a new detached thread.
  /// - Parameter name: what `top -H` shows; Linux keeps 15 bytes.
  /// - Throws: `Fault` `no_thread` where the system refuses one more.
  package static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(Fault) {
    let box = Box(name: name, body: body)
    let status = create(Unmanaged.passRetained(box).toOpaque())
    if status != 0 {
      Unmanaged.passUnretained(box).release()
      throw Fault(
        "no_thread", .resource, "The system refuses to start one more thread",
        cause: SystemFault.text(of: status),
        hint: "Lower `limits.parallelism`, or raise the limit on threads (`ulimit -u`, `TasksMax=`)",
        isTransient: true)
    }
  }

  private static func create(_ box: UnsafeMutableRawPointer) -> Int32 {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, stackSize)
    var thread = pthread_t()
    return pthread_create(&thread, &attributes, enter, box)
  }

  private static let enter: @convention(c) @Sendable (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
    {
      argument in
      guard let argument else { return nil }
      let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
      nameThread(box.name)
      box.body()
      return nil
    }

  /// Only touched pages are real memory; deep expression trees need more than the smallest.
  private static let stackSize = 4 << 20

  /// Names the calling thread. The kernel's file, since the call for it is a GNU extension that
  /// Swift's module of the C library leaves out; a thread without its name works as well.
  private static func nameThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = Array(name.utf8.prefix(15)).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    close(file)
  }

  /// Makes the calling thread wait for its turn where it is woken while all cores are busy, instead of
  /// interrupting who runs: a reader then takes what has gathered meanwhile, and not each message on its
  /// own. Where cores are idle nothing changes, nor where the system refuses.
  /// - Parameter isOn: false for a thread to be like any other again.
  package static func giveWay(_ isOn: Bool = true) {
    var parameters = sched_param()
    _ = sched_setscheduler(0, isOn ? batchScheduling : 0, &parameters)
  }

  /// `SCHED_BATCH` of sched(7), which Swift's module of the C library leaves out.
  private static let batchScheduling: Int32 = 3

  private final class Box: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
}

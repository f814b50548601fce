import Glibc
import Model
import ProjectRig
import Runtime

/// The wall clock of one program, which a test sets while the program goes on; other clocks, and other programs, keep
/// theirs.
///
/// A library that is put before the system's (LD_PRELOAD) adds an offset to what `CLOCK_REALTIME` shows. A timer that is
/// to be told of a clock that is set is told as the kernel tells it: by ECANCELED (timerfd_create(2)).
final class ShiftedClock {
  /// What the program is to be started with.
  let environment: [String: String]
  private let pipe: FileDescriptor
  private(set) var offset = Duration.zero

  /// What the program's clock shows.
  var now: Instant { SystemClock.now.advanced(by: offset) }

  /// - Throws: `Fault` `no_shifted_clock` where no C compiler on PATH makes the library.
  init(in folder: String) throws {
    let name = "\(folder)/clock"
    let library = try Self.library(in: folder)
    if mkfifo(name, 0o600) != 0 { throw SystemFault.fault("make", name) }
    // Both ends, so that opening waits for nobody.
    pipe = try FileDescriptor(name, O_RDWR)
    environment = ["LD_PRELOAD": library, "SHIFTED_CLOCK": name]
  }

  /// Made by the first compiler that can: one may lack the system's headers.
  private static func library(in folder: String) throws -> String {
    let variables = Environment.process
    let path = variables["PATH"] ?? ""
    let (code, library, said) = ("\(folder)/clock.c", "\(folder)/clock.so", "\(folder)/clock.log")
    try FileDescriptor(code, O_WRONLY | O_CREAT).write(Array(source.utf8))
    var failures: [String] = []
    for compiler in path.split(separator: ":").flatMap({ ["\($0)/clang", "\($0)/cc", "\($0)/gcc"] }) {
      if access(compiler, X_OK) != 0 { continue }
      // What stands for a compiler may look for the real one under HOME.
      let build = try ChildProcess(
        [compiler, "-shared", "-fPIC", "-O1", "-pthread", "-o", library, code],
        environment: ["PATH": path, "TMPDIR": folder, "HOME": variables["HOME"] ?? folder], output: said)
      if build.wait(atMost: .seconds(60)) == .status(0) { return library }
      failures.append(
        "\(compiler): "
          + String(decoding: try FileContents.read(said, atMost: ByteCount(65536)), as: UTF8.self))
    }
    throw Fault(
      "no_shifted_clock", .internal, "No C compiler makes the library of a clock that jumps",
      cause: failures.isEmpty ? "there is none on PATH" : failures.joined(separator: "\n"),
      hint: "`.ci/install` installs gcc")
  }

  /// Sets the clock forward or back.
  func jump(_ seconds: Int) throws {
    offset += .seconds(seconds)
    var bytes: [UInt8] = []
    withUnsafeBytes(of: Int64(offset.components.seconds)) { bytes.append(contentsOf: $0) }
    try pipe.write(bytes)
  }

  private static let source = """
    #define _GNU_SOURCE
    #include <errno.h>
    #include <fcntl.h>
    #include <pthread.h>
    #include <signal.h>
    #include <stdatomic.h>
    #include <stdint.h>
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <sys/time.h>
    #include <sys/timerfd.h>
    #include <time.h>
    #include <unistd.h>

    static _Atomic int64_t offset;
    // By number of the file: whether it is a timer that is told of jumps, and whether one is to be told.
    static atomic_bool hears[1024], is_told[1024];

    int clock_gettime(clockid_t clock, struct timespec *time) {
      int result = syscall(SYS_clock_gettime, clock, time);
      if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset;
      return result;
    }

    int gettimeofday(struct timeval *restrict time, void *restrict zone) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      time->tv_sec = now.tv_sec;
      time->tv_usec = now.tv_nsec / 1000;
      return 0;
    }

    time_t time(time_t *time) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (time) *time = now.tv_sec;
      return now.tv_sec;
    }

    int timerfd_settime(int file, int flags, const struct itimerspec *new, struct itimerspec *old) {
      struct itimerspec value = *new;
      if (flags & TFD_TIMER_CANCEL_ON_SET && file < 1024) {
        hears[file] = 1;
        value.it_value.tv_sec -= offset;
        // A time long past by now is not to stop the timer, as no time at all would.
        if (value.it_value.tv_sec <= 0) value.it_value = (struct timespec){0, 1};
      }
      int result = syscall(SYS_timerfd_settime, file, flags, &value, old);
      // Set all the same, and told that the clock was set.
      if (result == 0 && file < 1024 && atomic_exchange(&is_told[file], 0)) { errno = ECANCELED; return -1; }
      return result;
    }

    ssize_t read(int file, void *buffer, size_t count) {
      ssize_t result = syscall(SYS_read, file, buffer, count);
      if (file >= 0 && file < 1024 && atomic_exchange(&is_told[file], 0)) { errno = ECANCELED; return -1; }
      return result;
    }

    static void *listen_for_jumps(void *name) {
      int file = open(name, O_RDONLY | O_CLOEXEC);
      int64_t next;
      while (syscall(SYS_read, file, &next, 8) == 8) {
        offset = next;
        for (int timer = 0; timer < 1024; timer++) {
          if (!hears[timer]) continue;
          is_told[timer] = 1;
          struct itimerspec at_once = {{0, 0}, {0, 1}};
          syscall(SYS_timerfd_settime, timer, 0, &at_once, NULL);
        }
      }
      return NULL;
    }

    __attribute__((constructor)) static void start(void) {
      char *name = getenv("SHIFTED_CLOCK");
      if (!name) return;
      // Signals are for the program's own threads.
      sigset_t all, before;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before);
      pthread_t thread;
      pthread_create(&thread, NULL, listen_for_jumps, name);
      pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    """
}

// Linux's timers as files (timerfd_create(2)), which Swift's module of the C library leaves out. They are declared here: the
// system's header would bring `timespec` along, which then belongs to this module or to the C library's, by the order in
// which a compiler meets them.
enum { TFD_CLOEXEC = 02000000 };
enum { TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2 };
int timerfd_create(int clock, int flags);
/// The values are `struct itimerspec`.
int timerfd_settime(int file, int flags, const void *value, void *previous);

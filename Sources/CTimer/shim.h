// Linux's timers as files, which Swift's module of the C library leaves out.
#include <sys/timerfd.h>

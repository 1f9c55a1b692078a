/*
 * The clock of routers with 32 bits, after January 2038.
 *
 * Rust's std and libc take seconds in 32 bits there, for which musl's own clock_gettime fails with EOVERFLOW; std panics then. hyper
 * reads the clock at each connection, whether or not a Date header is wanted, so a router that believes to be in 2040 could serve
 * nobody. This one is linked instead of musl's and stands still at the last second. kickstand itself takes the time from /proc
 * (src/host/clock.rs), which is wide enough.
 *
 * Not its job: 64 bits, where nothing overflows.
 */
#include <stdint.h>
#include <time.h>

/* What callers with 32 bits pass: struct timespec of musl before 1.2. */
struct timespec32 {
	int32_t seconds, nanoseconds;
};

int clock_gettime32(clockid_t clock, struct timespec32 *time) __asm__("clock_gettime");

int clock_gettime32(clockid_t clock, struct timespec32 *time)
{
	struct timespec now;
	/* musl's header makes this the call with 64 bits. */
	int failed = clock_gettime(clock, &now);
	if (!failed) {
		time->seconds = now.tv_sec > INT32_MAX ? INT32_MAX : now.tv_sec < INT32_MIN ? INT32_MIN : now.tv_sec;
		time->nanoseconds = now.tv_nsec;
	}
	return failed;
}

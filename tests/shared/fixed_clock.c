/* Preloaded into ternd and tern: the clock on the wall says what stands in the file that
 * TERN_FIXED_CLOCK names, microseconds since 1970, until the file says something else. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_BYTES = 32 };

/* Declared here as the C library calls them, whose headers give their arguments attributes. */
int clock_gettime(clockid_t clock, struct timespec *ret_time);
time_t time(time_t *ret_time);
int gettimeofday(struct timeval *restrict ret_time, void *restrict zone);

static int64_t fixed_us(void)
{
    const char *path = getenv("TERN_FIXED_CLOCK");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    char text[TEXT_BYTES] = {0};

    if (file < 0 || read(file, text, sizeof(text) - 1) <= 0) {
        abort();
    }
    (void)close(file);
    return strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int64_t now_us;

    if (clock != CLOCK_REALTIME) {
        return (int)syscall(SYS_clock_gettime, clock, ret_time);
    }
    now_us = fixed_us();
    ret_time->tv_sec = (time_t)(now_us / 1000000);
    ret_time->tv_nsec = (long)(now_us % 1000000) * 1000;
    return 0;
}

time_t time(time_t *ret_time)
{
    time_t now = (time_t)(fixed_us() / 1000000);

    if (ret_time != NULL) {
        *ret_time = now;
    }
    return now;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    int64_t now_us = fixed_us();

    (void)zone;
    ret_time->tv_sec = (time_t)(now_us / 1000000);
    ret_time->tv_usec = (suseconds_t)(now_us % 1000000);
    return 0;
}

/* Failures, time and paths. */
#include "tests/kill/kill.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void kill_broken(struct kill_run *run, const char *format, ...)
{
    va_list arguments;

    if (run->broken) {
        return;
    }
    run->broken = true;
    va_start(arguments, format);
    (void)vsnprintf(run->what, sizeof run->what, format, arguments);
    va_end(arguments);
}

void kill_need(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "tern-kill: %s: %s\n", what, strerror(errno));
        exit(2);
    }
}

int64_t kill_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void kill_sleep_us(int64_t us)
{
    struct timespec nap = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    if (us > 0) {
        (void)nanosleep(&nap, NULL);
    }
}

void kill_path(char path[KILL_PATH_BYTES], const char *folder, const char *name)
{
    int size = snprintf(path, KILL_PATH_BYTES, "%s/%s", folder, name);

    kill_need(size > 0 && size < KILL_PATH_BYTES, "a shorter path");
}

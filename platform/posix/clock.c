/* Readings in microseconds. The boot id is read once: it cannot change while the process lives. */
#include "tern/platform.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

#include "base/uuid.h"

/* Linux's monotonic clock stands still while the machine sleeps; its boot clock does not. */
#ifdef CLOCK_BOOTTIME
#define CLOCK_SINCE_BOOT CLOCK_BOOTTIME
#else
#define CLOCK_SINCE_BOOT CLOCK_MONOTONIC
#endif

static pthread_once_t boot_once = PTHREAD_ONCE_INIT;
static tern_id boot;

static int64_t read_us(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t wall_us(void *context)
{
    (void)context;
    return read_us(CLOCK_REALTIME);
}

static int64_t monotonic_us(void *context)
{
    (void)context;
    return read_us(CLOCK_SINCE_BOOT);
}

/* The id's text, as the system tells it; false where it tells none. */
#ifdef __APPLE__
/* Not kern.boottime, which moves with the wall clock. */
static bool read_boot_text(char ret_text[TRN_ID_TEXT_SIZE + 1])
{
    size_t size = TRN_ID_TEXT_SIZE + 1;

    return sysctlbyname("kern.bootsessionuuid", ret_text, &size, NULL, 0) == 0 &&
           size >= TRN_ID_TEXT_SIZE;
}
#else
static bool read_boot_text(char ret_text[TRN_ID_TEXT_SIZE + 1])
{
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    bool is_read;

    if (file < 0) {
        return false;
    }
    is_read = read(file, ret_text, TRN_ID_TEXT_SIZE) == TRN_ID_TEXT_SIZE;
    (void)close(file);
    return is_read;
}
#endif

static void read_boot_id(void)
{
    char text[TRN_ID_TEXT_SIZE + 1];

    if (read_boot_text(text)) {
        (void)trn_id_parse(trn_slice_make(text, TRN_ID_TEXT_SIZE), &boot);
    }
}

static void boot_id(void *context, tern_id *ret_id)
{
    (void)context;
    (void)pthread_once(&boot_once, read_boot_id);
    *ret_id = boot;
}

void tern_posix_clock(tern_clock_port *ret_clock)
{
    *ret_clock =
        (tern_clock_port){.wall_us = wall_us, .monotonic_us = monotonic_us, .boot_id = boot_id};
}

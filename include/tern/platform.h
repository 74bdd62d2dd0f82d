/** The ports of desktops and servers: POSIX clocks and the kernel's randomness. */
#ifndef TERN_PLATFORM_H
#define TERN_PLATFORM_H

#include "tern/port.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Fills in the clock and the random port, no log and the default VFS.
 *
 * The monotonic clock counts while the machine sleeps where the system has such a clock (Linux,
 * macOS); the boot id is Linux's or Darwin's (iOS, macOS), and all zero elsewhere.
 *
 * @threadsafety Any thread; so are the ports' own functions.
 */
TERN_API void tern_platform_ports(tern_ports *ret_ports);

/** The clock port alone, which phones have as well. */
TERN_API void tern_posix_clock(tern_clock_port *ret_clock);

#ifdef __cplusplus
}
#endif
#endif

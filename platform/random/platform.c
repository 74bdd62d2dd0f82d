/* The ports of desktops, put together, and their randomness: the kernel's. */
#include "tern/platform.h"

#include <sys/random.h>

/* What getentropy gives at once. */
enum { PART_BYTES = 256 };

static bool fill(void *context, void *buffer, size_t size)
{
    uint8_t *at = buffer;

    (void)context;
    while (size > 0) {
        size_t part = size < PART_BYTES ? size : PART_BYTES;

        if (getentropy(at, part) != 0) {
            return false;
        }
        at += part;
        size -= part;
    }
    return true;
}

void tern_platform_ports(tern_ports *ret_ports)
{
    *ret_ports = (tern_ports){.size = sizeof(*ret_ports), .random = {.fill = fill}};
    tern_posix_clock(&ret_ports->clock);
}

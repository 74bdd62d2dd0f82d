/* The ports of desktops, put together, and their randomness: libuuid asks the kernel for it. */
#include "tern/platform.h"

#include <string.h>

#include <uuid/uuid.h>

/* Of a random UUID's 16 bytes, 6 to 8 hold the version and the variant and are left out. */
enum { HEAD_BYTES = 6, TAIL_AT = 9, TAIL_BYTES = 7, RANDOM_BYTES = HEAD_BYTES + TAIL_BYTES };

static bool fill(void *context, void *buffer, size_t size)
{
    uint8_t *at = buffer;

    (void)context;
    while (size > 0) {
        size_t part = size < RANDOM_BYTES ? size : RANDOM_BYTES;
        uint8_t random[RANDOM_BYTES];
        uuid_t id;

        uuid_generate_random(id);
        memcpy(random, id, HEAD_BYTES);
        memcpy(random + HEAD_BYTES, id + TAIL_AT, TAIL_BYTES);
        memcpy(at, random, part);
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

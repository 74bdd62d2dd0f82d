/* The host's ports behind a lock of their own, since readers call them too; and ids. */
#include "api/internal.h"

#include <string.h>

static int64_t wall_us(void *context)
{
    tern_replica *replica = context;
    int64_t us;

    trn_lock_enter(&replica->port_lock);
    us = replica->host.clock.wall_us(replica->host.clock.context);
    trn_lock_leave(&replica->port_lock);
    return us;
}

static int64_t monotonic_us(void *context)
{
    tern_replica *replica = context;
    int64_t us;

    trn_lock_enter(&replica->port_lock);
    us = replica->host.clock.monotonic_us(replica->host.clock.context);
    trn_lock_leave(&replica->port_lock);
    return us;
}

static void boot_id(void *context, tern_id *ret_id)
{
    tern_replica *replica = context;

    trn_lock_enter(&replica->port_lock);
    replica->host.clock.boot_id(replica->host.clock.context, ret_id);
    trn_lock_leave(&replica->port_lock);
}

static void read_clocks(void *context, struct trn_reading *ret_reading)
{
    ret_reading->wall_us = wall_us(context);
    ret_reading->monotonic_us = monotonic_us(context);
    boot_id(context, &ret_reading->boot);
}

static bool fill(void *context, void *buffer, size_t size)
{
    tern_replica *replica = context;
    bool done;

    trn_lock_enter(&replica->port_lock);
    done = replica->host.random.fill(replica->host.random.context, buffer, size);
    trn_lock_leave(&replica->port_lock);
    return done;
}

/* Random bytes for ids, fetched many at a time. */
static bool take_random(tern_replica *replica, uint8_t *room, size_t size)
{
    if (replica->random_left < size) {
        if (!fill(replica, replica->random, sizeof(replica->random))) {
            return false;
        }
        replica->random_left = sizeof(replica->random);
    }
    replica->random_left -= size;
    memcpy(room, replica->random + replica->random_left, size);
    return true;
}

tern_status trn_ports_mint(tern_replica *replica, bool v4, tern_id *ret_id)
{
    uint8_t random[16];
    tern_status status = TERN_OK;

    trn_lock_enter(&replica->port_lock);
    if (!take_random(replica, random, v4 ? sizeof(random) : TRN_ID_V7_RANDOM_BYTES)) {
        status = TERN_ERR_INTERNAL;
    } else if (v4) {
        trn_id_v4(random, ret_id);
    } else {
        trn_id_v7_next(&replica->ids, wall_us(replica) / 1000, random, ret_id);
    }
    trn_lock_leave(&replica->port_lock);
    return status;
}

static tern_status mint(void *context, tern_id *ret_id)
{
    return trn_ports_mint(context, false, ret_id);
}

tern_status trn_ports_check(const tern_ports *ports, tern_error *error)
{
    if (ports == NULL || ports->size < sizeof(*ports) || ports->clock.wall_us == NULL ||
        ports->clock.monotonic_us == NULL || ports->clock.boot_id == NULL ||
        ports->random.fill == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "the ports lack a clock or randomness");
    }
    return TERN_OK;
}

struct trn_store_host trn_ports_wrap(tern_replica *replica)
{
    replica->ports = replica->host;
    replica->ports.clock = (tern_clock_port){.context = replica,
                                             .wall_us = wall_us,
                                             .monotonic_us = monotonic_us,
                                             .boot_id = boot_id};
    replica->ports.random = (tern_random_port){.context = replica, .fill = fill};
    return (struct trn_store_host){.context = replica, .read_clocks = read_clocks, .mint = mint};
}

/* Readings of the ports. */
#include "engine/engine.h"

#include "base/assert.h"
#include "base/error.h"

struct trn_reading trn_engine_reading(const struct trn_engine *engine)
{
    const tern_clock_port *clock = &engine->ports->clock;
    struct trn_reading reading = {0};

    reading.wall_us = clock->wall_us(clock->context);
    reading.monotonic_us = clock->monotonic_us(clock->context);
    clock->boot_id(clock->context, &reading.boot);
    return reading;
}

tern_status
trn_engine_random(const struct trn_engine *engine, void *room, size_t size, tern_error *error)
{
    const tern_random_port *random = &engine->ports->random;

    TRN_ASSERT(room != NULL);

    if (!random->fill(random->context, room, size)) {
        return trn_fail(error, TERN_ERR_INTERNAL, "the platform gave no random bytes");
    }
    return TERN_OK;
}

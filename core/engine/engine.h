/* What every part of the engine works on: the replica's file, its schema, and the world around it.
 * All borrowed, and used under the replica's lock. */
#ifndef TRN_ENGINE_ENGINE_H
#define TRN_ENGINE_ENGINE_H

#include "store/store.h"

struct trn_engine {
    struct trn_store *store;
    const struct trn_schema *schema;
    const tern_ports *ports;
    tern_id *kept_lease; /* of a sync of this handle that ended and could not give it back; nil or
                            NULL: there is none */
};

/* The device's clocks, read now. */
struct trn_reading trn_engine_reading(const struct trn_engine *engine);
/* Fills `room`; TERN_ERR_INTERNAL where the platform has no randomness to give. */
tern_status
trn_engine_random(const struct trn_engine *engine, void *room, size_t size, tern_error *error);

#endif

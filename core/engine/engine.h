/* What every part of the engine works on: the replica's file, its schema, and the world around it.
 * All borrowed. */
#ifndef TRN_ENGINE_ENGINE_H
#define TRN_ENGINE_ENGINE_H

#include "store/store.h"

struct trn_engine {
    struct trn_store *store;
    const struct trn_schema *schema;
    const tern_ports *ports;
};

/* The device's clocks, read now. */
struct trn_reading trn_engine_reading(const struct trn_engine *engine);
/* Fills `room`; TERN_ERR_INTERNAL where the platform has no randomness to give. */
tern_status
trn_engine_random(const struct trn_engine *engine, void *room, size_t size, tern_error *error);

#endif

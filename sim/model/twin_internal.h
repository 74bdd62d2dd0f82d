/* What the twin's files share. */
#ifndef TERN_SIM_TWIN_INTERNAL_H
#define TERN_SIM_TWIN_INTERNAL_H

#include "sim/model/internal.h"
#include "sim/model/twin.h"
#include "wire/request.h"

/* A request that the server did not answer for. What it failed to commit may stand all the same
 * once the database is opened anew. */
struct twin_unheard {
    struct twin_call call;
    struct trn_bytes request;
};

struct twin {
    struct model *model;
    struct model_list unheard;     /* struct twin_unheard, since the database was opened */
    char epoch[MODEL_EPOCH_BYTES]; /* as the last answer had it */
    size_t txs;
    size_t changes;
};

/* ---- twin_entry.c ---- */

/* A transaction read, and what it borrows from. */
struct twin_reading {
    struct model_tx tx;
    struct model_change *changes;
    uint64_t *depends;
};

/* False where even the first line cannot be read. To be freed either way. */
bool twin_read_entry(const struct twin *twin,
                     const struct trn_request_entry *entry,
                     const tern_id *device,
                     struct twin_reading *ret_reading);
void twin_reading_free(struct twin_reading *reading);
/* Room for one more item. */
void *twin_grow(void *items, size_t count, size_t size);

#endif

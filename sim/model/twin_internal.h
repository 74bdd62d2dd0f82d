/* What the twin's files share. */
#ifndef TERN_SIM_TWIN_INTERNAL_H
#define TERN_SIM_TWIN_INTERNAL_H

#include "sim/model/internal.h"
#include "sim/model/twin.h"

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

#endif

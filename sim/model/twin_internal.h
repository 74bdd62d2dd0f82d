/* What the twin's files share. */
#ifndef TERN_SIM_TWIN_INTERNAL_H
#define TERN_SIM_TWIN_INTERNAL_H

#include "sim/model/internal.h"
#include "sim/model/twin.h"

struct twin {
    struct model *model;
    char epoch[MODEL_EPOCH_BYTES]; /* as the last answer had it */
    size_t txs;
    size_t changes;
};

#endif

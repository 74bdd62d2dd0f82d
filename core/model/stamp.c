/* The order of stamps: rank first, so that no rule's guess ever passes a person's act. */
#include "model/stamp.h"

#include "base/mutant.h"
#include "base/uuid.h"

int trn_stamp_compare(const struct trn_stamp *a, const struct trn_stamp *b)
{
    if (a->rank != b->rank && !TRN_MUTANT(RANK_IGNORED)) {
        return a->rank < b->rank ? -1 : 1;
    }
    if (a->time_us != b->time_us) {
        return a->time_us < b->time_us ? -1 : 1;
    }
    return trn_id_compare(&a->device, &b->device);
}

/*
 * Rows of one scope, complete as in one snapshot of the server, entering the replica.
 *
 * It is one step inside a write transaction of the caller's, so that no reader ever sees half of
 * it.
 */
#ifndef TRN_ENGINE_CHECKPOINT_H
#define TRN_ENGINE_CHECKPOINT_H

#include "engine/work.h"

struct trn_checkpoint {
    tern_id scope;
    bool fresh;             /* this is the whole: what else is held of the scope goes */
    bool windows;           /* asked for without what is older than some window */
    struct trn_slice lines; /* the last piece, in "t", "r" and "m" lines; earlier ones are staged */
    uint64_t rows;          /* counted up */
};

/* Applies what is staged of the scope, then `lines`, and holds the scope from now on. */
tern_status
trn_checkpoint_apply(struct trn_work *work, struct trn_checkpoint *checkpoint, tern_error *error);
/* Keeps a piece of a scope that is not complete yet. */
tern_status trn_checkpoint_stage(struct trn_work *work,
                                 const struct trn_checkpoint *checkpoint,
                                 tern_error *error);

#endif

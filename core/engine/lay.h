/*
 * One entry's lines laid over the rows as they are, by the merge that the server runs.
 */
#ifndef TRN_ENGINE_LAY_H
#define TRN_ENGINE_LAY_H

#include "engine/work.h"

/* What an entry's lines are laid with. */
struct trn_lay {
    int64_t key; /* in tern_tx */
    int64_t time_us;
    tern_id author;
    bool inferred;
    bool waits; /* no server has stored it: its time is its author's claim */
    bool left;  /* it is what is left of a transaction, which had seen what it wrote over */
    bool told; /* the key is that of a page which told of it already: a row that bears the key is as
                  the server has it, with all that the entry did to it, and stays so */
};

/*
 * Lays the lines of `body` over the rows. On a failure that lies in the rows
 * (trn_status_is_of_rows) the caller goes back to its savepoint.
 *
 * @param undo The undo image is appended to it; NULL where the lines become ground, and rows that
 * are not there are passed over.
 */
tern_status trn_lay(struct trn_work *work,
                    const struct trn_lay *lay,
                    struct trn_slice body,
                    struct trn_bytes *undo,
                    tern_error *error);

#endif

/*
 * Rows of the server entering the ground.
 *
 * Unit by unit the server's stamp never goes back, and the ground's may only be ahead of a page
 * where this device's own tx was acknowledged after the page was read, or was acknowledged and
 * lost. So a greater number wins, and below that the greater stamp does.
 */
#ifndef TRN_ENGINE_GROUND_H
#define TRN_ENGINE_GROUND_H

#include "engine/bulk.h"
#include "engine/work.h"

enum trn_ground_mode {
    TRN_GROUND_MERGE, /* rows on top of what is here */
    TRN_GROUND_FRESH, /* rows that replace what is here */
    TRN_GROUND_BLIND  /* as fresh, and neither edits nor older rows can be in the way: nothing is
                         read first */
};

/*
 * Takes one row of the server. Its version names units by the server's numbers, all of them put
 * into `work->known` before; they are keys afterwards.
 *
 * Lifts the pending edits off first where one stands on the row, or holds a unique key that the row
 * needs. A row that is new here may wait in `bulk` for others, unless that is NULL; all rows enter
 * the file in the order of these calls.
 */
tern_status trn_ground_take(struct trn_work *work,
                            const struct trn_table *table,
                            struct trn_row *incoming,
                            enum trn_ground_mode mode,
                            struct trn_bulk *bulk,
                            tern_error *error);
/* Writes what `bulk` keeps. */
tern_status trn_ground_flush(struct trn_work *work,
                             struct trn_bulk *bulk,
                             enum trn_ground_mode mode,
                             tern_error *error);

#endif

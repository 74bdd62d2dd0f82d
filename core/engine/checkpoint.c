/* Pieces are read one after another; only a scope that replaces an older copy keeps the ids it has
 * met. */
#include "engine/checkpoint.h"

#include "base/mutant.h"
#include "engine/ground.h"
#include "engine/idset.h"
#include "engine/leave.h"
#include "engine/lost.h"
#include "engine/reach.h"
#include "engine/rebase.h"
#include "engine/sweep.h"
#include "wire/answer.h"

struct applying {
    struct trn_work *work;
    struct trn_checkpoint *checkpoint;
    enum trn_ground_mode mode;
    bool sweeps; /* what is met is noted, and what is not goes */
    bool parks;  /* some record is still as it was before the cursor was dropped */
    struct trn_idset met;
    struct trn_leavers leavers;      /* what was held, found before any row makes way for another */
    struct trn_bulk bulk;            /* rows taken, not in the file yet; none if it parks */
    const struct trn_table *touched; /* counted last */
    struct trn_lost lost;            /* what waits for others to offer it again */
    uint64_t looked;                 /* the last ordinal looked at for that */
};

/* Of what is parked each takes the next ordinal. */
static tern_status load_lost(struct applying *applying, tern_error *error)
{
    const uint64_t after = applying->looked;

    applying->looked = applying->work->meta.last_ordinal;
    return trn_lost_load(applying->work, &applying->lost, after, error);
}

/* What makes way for the row is parked, and may come in this very copy: then it is parked no
 * longer. */
static tern_status write_row(struct applying *applying,
                             const struct trn_table *table,
                             struct trn_row *row,
                             tern_error *error)
{
    struct trn_work *work = applying->work;
    struct trn_bulk *bulk = applying->parks ? NULL : &applying->bulk;
    uint64_t before = work->meta.last_ordinal;
    tern_status status = trn_ground_take(work, table, row, applying->mode, bulk, error);

    if (status == TERN_OK && work->meta.last_ordinal != before) {
        status = load_lost(applying, error);
    }
    return status == TERN_OK && applying->lost.items.size > 0
               ? trn_lost_clear(work, &applying->lost, table, row, error)
               : status;
}

static tern_status take_row(struct applying *applying,
                            const struct trn_table *table,
                            struct trn_row *row,
                            tern_error *error)
{
    tern_status status = TERN_OK;

    if (applying->parks) {
        status = trn_lost_park(applying->work, table, &row->id, row, error);
    }
    if (status == TERN_OK) {
        status = write_row(applying, table, row, error);
    }
    if (status == TERN_OK && applying->sweeps) {
        status = trn_idset_add(&applying->met, table, &row->id, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (table != applying->touched) {
        trn_store_touch(applying->work->store, table);
        applying->touched = table;
    }
    applying->checkpoint->rows++;
    return TERN_OK;
}

static tern_status take_tx(struct trn_work *work, const struct trn_answer_tx *tx, tern_error *error)
{
    struct trn_tx_info info = {0};
    tern_status status = trn_known_put(&work->known,
                                       work->store,
                                       tx->number,
                                       tx->time_us,
                                       &tx->device,
                                       &info,
                                       error);

    if (status == TERN_OK) {
        trn_clock_observe(&work->meta.clock, tx->time_us);
    }
    return status;
}

static tern_status take_lines(struct applying *applying, struct trn_slice lines, tern_error *error)
{
    struct trn_answer_reader reader;
    struct trn_answer_item item;
    struct trn_row row;
    tern_status status;

    trn_answer_open_piece(&reader, applying->work->engine->schema, lines);
    do {
        status = trn_answer_next(&reader, &item, &row, error);
        if (status == TERN_OK && item.kind == TRN_ANSWER_TX) {
            status = take_tx(applying->work, &item.tx, error);
        } else if (status == TERN_OK && item.kind == TRN_ANSWER_ROW) {
            status = take_row(applying, item.table, &row, error);
        }
    } while (status == TERN_OK && item.kind != TRN_ANSWER_END);
    trn_answer_close(&reader);
    return status;
}

static tern_status take_staged(struct applying *applying, tern_error *error)
{
    struct trn_store *store = applying->work->store;
    struct trn_bytes lines = {0};
    int64_t sequence = 0;
    tern_status status;

    do {
        trn_bytes_clear(&lines);
        status =
            trn_stage_next(store, &applying->checkpoint->scope, sequence, &sequence, &lines, error);
        if (status == TERN_OK && sequence != 0) {
            status = take_lines(applying, trn_bytes_slice(&lines), error);
        }
    } while (status == TERN_OK && sequence != 0);
    trn_bytes_free(&lines);
    return status;
}

/* How rows are to be taken, and whether what is held of the scope has to be looked through. Where
 * none of it is held, what is in the way is of other scopes. */
static tern_status choose_mode(struct applying *applying, bool staged_fresh, tern_error *error)
{
    struct trn_work *work = applying->work;
    struct trn_entry pending = {0};
    bool held = false;
    tern_status status;

    if (!applying->checkpoint->fresh && !staged_fresh) {
        applying->mode = TRN_GROUND_MERGE;
        return TERN_OK;
    }
    status = trn_scope_has_rows(work->store, &applying->checkpoint->scope, &held, error);
    if (status == TERN_OK) {
        status = trn_outbox_next(work->store, 0, 1U << TERN_ENTRY_PENDING, &pending, error);
    }
    applying->leavers.by_age = applying->checkpoint->windows || staged_fresh;
    applying->sweeps = held && !TRN_MUTANT(NOTHING_SWEPT);
    applying->mode = pending.ordinal != 0 ? TRN_GROUND_MERGE : TRN_GROUND_BLIND;
    if (held) {
        applying->mode = TRN_GROUND_FRESH;
    }
    return status;
}

static tern_status take_rows(struct applying *applying, bool staged, tern_error *error)
{
    tern_status status = staged ? take_staged(applying, error) : TERN_OK;

    if (status == TERN_OK) {
        status = take_lines(applying, applying->checkpoint->lines, error);
    }
    return status == TERN_OK
               ? trn_ground_flush(applying->work, &applying->bulk, applying->mode, error)
               : status;
}

static tern_status take_all(struct applying *applying, bool staged, tern_error *error)
{
    struct trn_work *work = applying->work;
    bool lifted = work->lifted;
    tern_status status = TERN_OK;

    if (applying->sweeps) {
        status = trn_sweep_gather(work, &applying->checkpoint->scope, &applying->leavers, error);
    }
    if (status == TERN_OK) {
        status = take_rows(applying, staged, error);
    }

    /* Lifting on the way takes rows out that only a pending edit had made, and with them, by the
     * foreign keys' actions, what was taken already and references them. */
    if (status == TERN_OK && work->lifted != lifted) {
        applying->checkpoint->rows = 0;
        status = take_rows(applying, staged, error);
    }
    if (status == TERN_OK && applying->sweeps) {
        status = trn_sweep_erase(work, &applying->leavers, &applying->met, error);
    }
    return status;
}

static tern_status hold(struct trn_work *work, const tern_id *scope, tern_error *error)
{
    bool held = false;
    tern_status status = trn_scope_is_held(work->store, scope, &held, error);

    if (status != TERN_OK || held) {
        return status;
    }
    status = trn_scope_hold(work->store, scope, error);
    return status == TERN_OK ? trn_leave_undo(work, error) : status;
}

tern_status
trn_checkpoint_apply(struct trn_work *work, struct trn_checkpoint *checkpoint, tern_error *error)
{
    struct applying applying = {.work = work, .checkpoint = checkpoint};
    bool staged = false;
    bool staged_fresh = false;
    tern_id stale;
    tern_status status = trn_rebase_lift_for_unseen(work, error);

    trn_reach_forget(work);
    if (status == TERN_OK) {
        status = trn_stage_is_fresh(work->store, &checkpoint->scope, &staged, &staged_fresh, error);
    }

    /* A scope that begins anew makes what was staged of it before worthless. */
    staged = staged && !checkpoint->fresh;
    if (status == TERN_OK) {
        status = choose_mode(&applying, staged && staged_fresh, error);
    }
    if (status == TERN_OK) {
        status = trn_scope_stale(work->store, &applying.parks, &stale, error);
    }
    if (status == TERN_OK) {
        status = load_lost(&applying, error);
    }
    if (status == TERN_OK) {
        status = take_all(&applying, staged, error);
    }
    trn_reach_forget(work);
    trn_lost_free(&applying.lost);
    trn_idset_free(&applying.met);
    trn_bulk_free(&applying.bulk);
    trn_leavers_free(&applying.leavers);
    if (status == TERN_OK) {
        status = trn_stage_drop(work->store, &checkpoint->scope, error);
    }
    return status == TERN_OK ? hold(work, &checkpoint->scope, error) : status;
}

tern_status trn_checkpoint_stage(struct trn_work *work,
                                 const struct trn_checkpoint *checkpoint,
                                 tern_error *error)
{
    if (TRN_MUTANT(STAGE_LOST)) {
        return TERN_OK;
    }
    return trn_stage_append(work->store,
                            &checkpoint->scope,
                            checkpoint->fresh,
                            checkpoint->lines,
                            error);
}

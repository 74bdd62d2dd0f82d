/* Rows that made way are looked for first: only the ground can tell, and pending edits hide it. */
#include "engine/work_commit.h"

#include "engine/rebase.h"

/* Whether a unit of a row that came back is older than it was. */
static tern_status came_back_older(struct trn_work *work,
                                   const struct trn_displaced_row *was,
                                   const struct trn_version *is,
                                   bool *ret_older,
                                   tern_error *error)
{
    tern_status status = TERN_OK;

    *ret_older = false;
    for (size_t unit = 0; unit < was->table->unit_count && status == TERN_OK && !*ret_older;
         unit++) {
        struct trn_tx_info before = {0};
        struct trn_tx_info after = {0};

        if (was->version.keys[unit] == 0 || was->version.keys[unit] == is->keys[unit]) {
            continue;
        }
        status = trn_known_get(&work->known, work->store, was->version.keys[unit], &before, error);
        if (status == TERN_OK && is->keys[unit] != 0) {
            status = trn_known_get(&work->known, work->store, is->keys[unit], &after, error);
        }
        *ret_older = status == TERN_OK && after.number < before.number;
    }
    return status;
}

/* Where a displaced row has not come back, or not as new as it was, the server is asked for all of
 * it again. */
static tern_status look_for_displaced(struct trn_work *work, tern_error *error)
{
    struct trn_row row;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < work->displaced.count && status == TERN_OK && !work->refetch; i++) {
        const struct trn_displaced_row *was = &work->displaced.rows[i];
        bool older = false;
        bool back = false;

        status = trn_store_row_read(work->store, was->table, &was->id, &back, &row, error);
        back = back && !trn_work_made_way(&row.version, row.deleted_at_us);
        if (status == TERN_OK && back && !was->table->append_only) {
            status = came_back_older(work, was, &row.version, &older, error);
        }
        work->refetch = work->refetch || !back || older;
    }
    return status;
}

static tern_status settle_debts(struct trn_work *work, tern_error *error)
{
    tern_status status = look_for_displaced(work, error);

    if (status == TERN_OK && work->lifted) {
        status = trn_rebase_lay(work, error);
    }
    if (status == TERN_OK && work->refetch) {
        status = trn_work_start_over(work, error);
    }
    if (status == TERN_OK) {
        status = trn_meta_write(work->store, &work->meta, error);
    }
    return status;
}

tern_status trn_work_commit(struct trn_work *work, tern_error *error)
{
    tern_status status = settle_debts(work, error);

    if (status != TERN_OK) {
        trn_work_rollback(work);
        return status;
    }
    trn_work_forget(work);
    return trn_store_commit(work->store, error);
}

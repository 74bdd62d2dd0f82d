/* All that leaves is found first, and goes then. */
#include "engine/sweep.h"

#include "base/error.h"
#include "base/memory.h"
#include "engine/lost.h"
#include "engine/rebase.h"
#include "engine/window.h"

struct gathering {
    const struct trn_table *table; /* the one being visited */
    struct trn_leavers *leavers;
};

void trn_leavers_free(struct trn_leavers *leavers)
{
    trn_free(leavers->items);
    *leavers = (struct trn_leavers){0};
}

static tern_status gather(void *context, const tern_id *id, tern_error *error)
{
    const struct gathering *gathering = context;
    struct trn_leavers *leavers = gathering->leavers;

    if (leavers->count == leavers->room) {
        size_t room = leavers->room == 0 ? 64 : leavers->room * 2;
        struct trn_leaver *items = trn_realloc(leavers->items, room * sizeof *items);

        if (items == NULL) {
            return trn_fail_nomem(error);
        }
        leavers->items = items;
        leavers->room = room;
    }
    leavers->items[leavers->count++] = (struct trn_leaver){gathering->table, *id};
    return TERN_OK;
}

tern_status trn_sweep_gather(struct trn_work *work,
                             const tern_id *scope,
                             struct trn_leavers *leavers,
                             tern_error *error)
{
    const struct trn_schema *schema = work->engine->schema;
    struct gathering gathering = {.leavers = leavers};
    tern_status status = TERN_OK;

    for (size_t i = 0; i < schema->table_count && status == TERN_OK; i++) {
        gathering.table = &schema->tables[i];
        if (gathering.table->scope_count > 0) {
            status = trn_store_scope_rows(work->store,
                                          gathering.table,
                                          scope,
                                          gather,
                                          &gathering,
                                          error);
        }
    }
    return status;
}

/* With nothing kept, the record is gone, and all of it leaves. */
static tern_status leaves(struct trn_work *work,
                          const struct trn_leavers *leavers,
                          const struct trn_leaver *leaver,
                          const struct trn_idset *kept,
                          bool *ret_leaves,
                          tern_error *error)
{
    bool stays = kept != NULL && trn_idset_has(kept, leaver->table, &leaver->id);
    tern_status status = TERN_OK;

    if (kept != NULL && !stays && leavers->by_age) {
        status = trn_window_keeps(work, leaver->table, &leaver->id, &stays, error);
    }
    *ret_leaves = !stays;
    return status;
}

tern_status trn_sweep_erase(struct trn_work *work,
                            const struct trn_leavers *leavers,
                            const struct trn_idset *kept,
                            tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = leavers->count; i > 0 && status == TERN_OK; i--) {
        const struct trn_leaver *leaver = &leavers->items[i - 1];
        bool goes = false;

        status = leaves(work, leavers, leaver, kept, &goes, error);
        if (status != TERN_OK || !goes) {
            continue;
        }
        status = trn_rebase_lift(work, error);
        if (status == TERN_OK && kept != NULL) {
            status = trn_lost_park(work, leaver->table, &leaver->id, NULL, error);
        }
        if (status == TERN_OK) {
            trn_store_touch(work->store, leaver->table);
            status = trn_store_row_erase(work->store, leaver->table, &leaver->id, error);
        }
    }
    return status;
}

/* All that leaves is found first, and goes then. */
#include "engine/sweep.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/uuid.h"
#include "engine/lost.h"
#include "engine/rebase.h"
#include "engine/window.h"

/* Rows may name each other, and themselves. */
enum { DEPTH_MAX = 16 };

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

static bool is_leaver(const struct trn_leavers *leavers, const struct trn_leaver *row)
{
    for (size_t i = 0; i < leavers->count; i++) {
        if (leavers->items[i].table == row->table &&
            trn_id_equal(&leavers->items[i].id, &row->id)) {
            return true;
        }
    }
    return false;
}

/* The rows of the record that the row names by keys which the file enforces. */
static tern_status find_named(struct trn_work *work,
                              const struct trn_leavers *leavers,
                              const struct trn_leaver *leaver,
                              struct trn_leaver ret_named[TRN_COLUMNS_MAX],
                              size_t *ret_count,
                              tern_error *error)
{
    const struct trn_schema *schema = work->engine->schema;
    const struct trn_table *table = leaver->table;
    struct trn_row row;
    bool found = false;
    tern_status status = trn_store_row_read(work->store, table, &leaver->id, &found, &row, error);

    *ret_count = 0;
    for (size_t i = 0; status == TERN_OK && found && i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];
        struct trn_leaver *named = &ret_named[*ret_count];

        if (column->target == TRN_NO_TABLE || column->may_leave ||
            !trn_value_id(&row.values[i], &named->id)) {
            continue;
        }
        named->table = &schema->tables[column->target];
        *ret_count += is_leaver(leavers, named);
    }
    return status;
}

/* Whether this epoch's server has ever told of the row; what came before says nothing of it. That
 * it took a deletion does not say that it has a row that is deleted. */
static tern_status
is_told(struct trn_work *work, const struct trn_leaver *leaver, bool *ret_told, tern_error *error)
{
    struct trn_tx_info info = {0};
    struct trn_row row;
    bool found = false;
    tern_status status =
        trn_store_row_read(work->store, leaver->table, &leaver->id, &found, &row, error);

    if (status == TERN_OK && found && row.version.keys[TRN_UNIT_EXISTENCE] != 0) {
        status = trn_known_get(&work->known,
                               work->store,
                               row.version.keys[TRN_UNIT_EXISTENCE],
                               &info,
                               error);
    }
    *ret_told = info.number != 0 && row.deleted_at_us == 0;
    return status;
}

/* With nothing kept, the record is gone, and all of it leaves. What is too old to have come, and is
 * held, stays, but not without what it names. */
static tern_status leaves(struct trn_work *work,
                          const struct trn_leavers *leavers,
                          const struct trn_leaver *leaver,
                          const struct trn_idset *kept,
                          unsigned depth,
                          bool *ret_leaves,
                          tern_error *error)
{
    struct trn_leaver named[TRN_COLUMNS_MAX];
    bool stays = kept != NULL && trn_idset_has(kept, leaver->table, &leaver->id);
    bool goes = false;
    size_t count = 0;
    tern_status status = TERN_OK;

    if (kept == NULL || stays || !leavers->by_age) {
        *ret_leaves = !stays;
        return TERN_OK;
    }
    status = trn_window_keeps(work, leaver->table, &leaver->id, &stays, error);
    if (status == TERN_OK && stays) {
        status = is_told(work, leaver, &stays, error);
    }
    if (status == TERN_OK && stays && depth < DEPTH_MAX) {
        status = find_named(work, leavers, leaver, named, &count, error);
    }
    for (size_t i = 0; i < count && status == TERN_OK && !goes; i++) {
        status = leaves(work, leavers, &named[i], kept, depth + 1, &goes, error);
    }
    *ret_leaves = !stays || goes;
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

        status = leaves(work, leavers, leaver, kept, 0, &goes, error);
        if (status != TERN_OK || !goes) {
            continue;
        }
        status = trn_rebase_lift(work, error);
        if (status == TERN_OK && kept != NULL && !TRN_MUTANT(LOST_UNPARKED)) {
            status = trn_lost_park(work, leaver->table, &leaver->id, NULL, error);
        }
        if (status == TERN_OK) {
            if (!TRN_MUTANT(COUNTER_STILL)) {
                trn_store_touch(work->store, leaver->table);
            }
            status = trn_store_row_erase(work->store, leaver->table, &leaver->id, error);
        }
    }
    return status;
}

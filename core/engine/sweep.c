/* All that leaves is found first, and goes then: a row's scope may be found through other rows. */
#include "engine/sweep.h"

#include "base/error.h"
#include "base/memory.h"
#include "engine/rebase.h"

struct leaver {
    const struct trn_table *table;
    tern_id id;
};

struct gathering {
    const struct trn_table *table; /* the one being visited */
    const struct trn_idset *kept;
    struct leaver *leavers;
    size_t count;
    size_t room;
};

static tern_status gather(void *context, const tern_id *id, tern_error *error)
{
    struct gathering *gathering = context;

    if (gathering->kept != NULL && trn_idset_has(gathering->kept, gathering->table, id)) {
        return TERN_OK;
    }
    if (gathering->count == gathering->room) {
        size_t room = gathering->room == 0 ? 64 : gathering->room * 2;
        struct leaver *leavers = trn_realloc(gathering->leavers, room * sizeof *leavers);

        if (leavers == NULL) {
            return trn_fail_nomem(error);
        }
        gathering->leavers = leavers;
        gathering->room = room;
    }
    gathering->leavers[gathering->count++] = (struct leaver){gathering->table, *id};
    return TERN_OK;
}

static tern_status gather_all(struct trn_work *work,
                              const tern_id *scope,
                              struct gathering *gathering,
                              tern_error *error)
{
    const struct trn_schema *schema = work->engine->schema;
    tern_status status = TERN_OK;

    gathering->count = 0;
    for (size_t i = 0; i < schema->table_count && status == TERN_OK; i++) {
        gathering->table = &schema->tables[i];
        if (gathering->table->scope_count > 0) {
            status = trn_store_scope_rows(work->store,
                                          gathering->table,
                                          scope,
                                          gather,
                                          gathering,
                                          error);
        }
    }
    return status;
}

static tern_status
erase(struct trn_work *work, const struct gathering *gathering, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = gathering->count; i > 0 && status == TERN_OK; i--) {
        trn_store_touch(work->store, gathering->leavers[i - 1].table);
        status = trn_store_row_erase(work->store,
                                     gathering->leavers[i - 1].table,
                                     &gathering->leavers[i - 1].id,
                                     error);
    }
    return status;
}

tern_status trn_sweep(struct trn_work *work,
                      const tern_id *scope,
                      const struct trn_idset *kept,
                      tern_error *error)
{
    struct gathering gathering = {.kept = kept};
    tern_status status = gather_all(work, scope, &gathering, error);

    /* Lifting takes the rows of pending inserts away and may bring back others. */
    if (status == TERN_OK && gathering.count > 0 && !work->lifted) {
        status = trn_rebase_lift(work, error);
        if (status == TERN_OK) {
            status = gather_all(work, scope, &gathering, error);
        }
    }
    if (status == TERN_OK) {
        status = erase(work, &gathering, error);
    }
    trn_free(gathering.leavers);
    return status;
}

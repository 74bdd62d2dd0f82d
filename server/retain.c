/* Which rows have had their time, and that nothing else still needs them. */
#include "server/retain.h"

#include "base/portion.h"
#include "base/uuid.h"
#include "model/window.h"
#include "server/erase.h"
#include "server/erase_find.h"

enum { ROWS_READ_AT_ONCE = 256 };

struct finder {
    size_t room;
    size_t found;
    const tern_id *row; /* being looked at */
    bool held;
};

static tern_status note_holder(void *context, const tern_id *id, tern_error *error)
{
    struct finder *finder = context;

    (void)error;
    finder->held = finder->held || !trn_id_equal(id, finder->row);
    return TERN_OK;
}

static tern_status look_for_holders(struct trn_erasure *erasure,
                                    const struct trn_table *held,
                                    const struct trn_table *table,
                                    tern_error *error)
{
    struct finder *finder = erasure->finder;
    tern_status status = TERN_OK;

    for (uint16_t c = 0; c < table->column_count && status == TERN_OK && !finder->held; c++) {
        if (table->columns[c].target == held->index) {
            status =
                erasure->db->ops
                    ->rows_naming(erasure->view, table, c, finder->row, note_holder, finder, error);
        }
    }
    return status;
}

static tern_status consider(struct trn_erasure *erasure,
                            const struct trn_table *table,
                            const tern_id *id,
                            tern_error *error)
{
    const struct trn_schema *schema = erasure->db->schema;
    const struct trn_erase_item item = {table, *id};
    struct finder *finder = erasure->finder;
    tern_status status = TERN_OK;

    finder->row = id;
    finder->held = false;
    for (size_t i = 0; i < schema->table_count && status == TERN_OK && !finder->held; i++) {
        status = look_for_holders(erasure, table, &schema->tables[i], error);
    }
    if (status != TERN_OK || finder->held) {
        return status;
    }
    finder->found++;
    status = trn_erasure_append(&erasure->items, &item, sizeof(item), error);
    return status == TERN_OK ? trn_erase_find_audits(erasure, &item, error) : status;
}

static tern_status
find_in_table(struct trn_erasure *erasure, const struct trn_table *table, tern_error *error)
{
    const struct finder *finder = erasure->finder;
    const size_t room = trn_portion(ROWS_READ_AT_ONCE);
    tern_id ids[ROWS_READ_AT_ONCE];
    tern_id after = {{0}};
    int64_t before_us = erasure->now_us - (int64_t)table->retention_days * TRN_DAY_US;
    size_t count = room;
    tern_status status = TERN_OK;

    while (status == TERN_OK && count == room && finder->found < finder->room) {
        status =
            erasure->db->ops
                ->rows_unchanged(erasure->view, table, before_us, &after, ids, room, &count, error);
        for (size_t i = 0; i < count && status == TERN_OK && finder->found < finder->room; i++) {
            after = ids[i];
            status = consider(erasure, table, &ids[i], error);
        }
    }
    return status;
}

static tern_status find_old(struct trn_erasure *erasure, tern_error *error)
{
    const struct trn_schema *schema = erasure->db->schema;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < schema->table_count && status == TERN_OK; i++) {
        if (schema->tables[i].retention_days > 0) {
            status = find_in_table(erasure, &schema->tables[i], error);
        }
    }
    return status;
}

tern_status trn_retain(struct trn_db *db,
                       int64_t now_us,
                       size_t rows_at_once,
                       uint64_t *ret_count,
                       tern_error *error)
{
    struct finder finder = {.found = 1};
    uint64_t count = 0;
    tern_status status = TERN_OK;

    /* One more turn after each that found some: they may have held others. */
    while (status == TERN_OK && finder.found > 0) {
        struct trn_erasure erasure = {.db = db, .now_us = now_us, .finder = &finder};

        finder = (struct finder){.room = rows_at_once > 0 ? rows_at_once
                                                          : trn_portion(TRN_RETAIN_ROWS_AT_ONCE)};
        status = trn_erase_run(&erasure, find_old, error);
        count += status == TERN_OK ? finder.found : 0;
    }
    *ret_count = count;
    return status;
}

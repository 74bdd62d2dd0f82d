/* One walk over the lines of each open entry, and over the undo images of pending ones. */
#include "engine/held.h"

#include <limits.h>

#include "base/error.h"
#include "engine/keep.h"
#include "engine/undo.h"
#include "model/window.h"
#include "wire/entry.h"

static const unsigned OPEN =
    1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED;

typedef tern_status (*visitor)(void *context,
                               const struct trn_table *table,
                               const tern_id *id,
                               tern_error *error);

/* What is done with the rows met. */
struct walk {
    const struct trn_schema *schema;
    visitor changed; /* NULL: only what is referenced matters */
    visitor referenced;
    void *context;
};

static tern_status
visit_target(struct walk *walk, uint16_t target, const tern_value *value, tern_error *error)
{
    const struct trn_table *table = &walk->schema->tables[target];
    tern_id id;

    if (!trn_window_is_declared(table) || !trn_value_id(value, &id)) {
        return TERN_OK;
    }
    return walk->referenced(walk->context, table, &id, error);
}

/* The cells of `units`, bit 0 for all that existence has. */
static tern_status visit_cells(struct walk *walk,
                               const struct trn_table *table,
                               unsigned units,
                               const tern_value *values,
                               tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < table->column_count && status == TERN_OK; i++) {
        const struct trn_column *column = &table->columns[i];

        if (column->target != TRN_NO_TABLE && !column->may_leave &&
            (units & 1U << column->unit) != 0) {
            status = visit_target(walk, column->target, &values[i], error);
        }
    }
    return status;
}

static tern_status
visit_change(struct walk *walk, const struct trn_change *change, tern_error *error)
{
    unsigned units = 0;
    tern_status status = TERN_OK;

    if (change->operation == TRN_OP_INSERT) {
        units = UINT_MAX;
    } else if (change->operation == TRN_OP_UPDATE || change->operation == TRN_OP_UNDO) {
        units = 1U << change->unit;
    }
    if (walk->changed != NULL && trn_window_is_declared(change->table)) {
        status = walk->changed(walk->context, change->table, &change->id, error);
    }
    return status == TERN_OK ? visit_cells(walk, change->table, units, change->values, error)
                             : status;
}

static tern_status visit_lines(struct walk *walk, struct trn_slice body, tern_error *error)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, walk->schema, body, error);

    while (status == TERN_OK) {
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        status = visit_change(walk, &change, error);
    }
    trn_entry_close(&reader);
    return status;
}

/* An entry that this schema cannot read holds nothing that could be told. */
static tern_status
visit_entry(struct trn_work *work, struct walk *walk, uint64_t ordinal, tern_error *error)
{
    struct trn_bytes body = {0};
    tern_error why = {0};
    tern_status status = trn_keep_body(work->store, ordinal, &body, &why);

    if (status == TERN_OK) {
        status = visit_lines(walk, trn_bytes_slice(&body), &why);
    }
    trn_bytes_free(&body);
    if (status == TERN_OK || trn_status_is_of_rows(status)) {
        return TERN_OK;
    }
    return trn_fail(error, status, "%s", why.message);
}

/* What the rows referenced before the entry: lifting it brings that back. Existence's columns never
 * change, so that an image does not hold them. */
static tern_status
visit_image(struct trn_work *work, struct walk *walk, uint64_t ordinal, tern_error *error)
{
    struct trn_bytes image = {0};
    struct trn_undo_reader reader;
    struct trn_undo_record record;
    bool any = true;
    tern_status status = trn_outbox_undo(work->store, ordinal, &image, error);

    trn_undo_reader_open(&reader, walk->schema, trn_bytes_slice(&image));
    while (status == TERN_OK) {
        status = trn_undo_next(&reader, &any, &record, error);
        if (status != TERN_OK || !any) {
            break;
        }
        if (!record.absent) {
            status = visit_cells(walk, record.table, record.units & ~1U, record.values, error);
        }
    }
    trn_bytes_free(&image);
    return status;
}

/* What was erased has no claim on a row. */
static bool may_hold(const struct trn_entry *entry)
{
    return entry->state != TERN_ENTRY_LOCKED || entry->reason != TERN_ERR_ERASED;
}

static tern_status
hold(void *context, const struct trn_table *table, const tern_id *id, tern_error *error)
{
    return trn_idset_add(context, table, id, error);
}

tern_status trn_held_find(struct trn_work *work, tern_error *error)
{
    struct walk walk = {work->engine->schema, hold, hold, &work->held};
    struct trn_entry entry = {0};
    tern_status status = TERN_OK;

    if (work->held_is_known) {
        return TERN_OK;
    }
    for (;;) {
        status = trn_outbox_next(work->store, entry.ordinal, OPEN, &entry, error);
        if (status != TERN_OK || entry.ordinal == 0) {
            break;
        }
        if (!may_hold(&entry)) {
            continue;
        }
        status = visit_entry(work, &walk, entry.ordinal, error);
        if (status == TERN_OK && entry.state == TERN_ENTRY_PENDING) {
            status = visit_image(work, &walk, entry.ordinal, error);
        }
        if (status != TERN_OK) {
            break;
        }
    }
    work->held_is_known = status == TERN_OK;
    return status;
}

tern_status trn_held_has(struct trn_work *work,
                         const struct trn_table *table,
                         const tern_id *id,
                         bool *ret_has,
                         tern_error *error)
{
    tern_status status = trn_held_find(work, error);

    if (status == TERN_OK) {
        *ret_has = trn_idset_has(&work->held, table, id);
    }
    return status;
}

tern_status trn_held_visit_references(struct trn_work *work,
                                      uint64_t ordinal,
                                      visitor visit,
                                      void *context,
                                      tern_error *error)
{
    struct walk walk = {work->engine->schema, NULL, visit, context};

    return visit_entry(work, &walk, ordinal, error);
}

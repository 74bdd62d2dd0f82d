/* Folding: the row before from the touches' undo records, the row after from the file. */
#include "engine/fold.h"

#include "base/error.h"
#include "engine/undo.h"

tern_status
trn_fold_fail_outranked(const struct trn_table *table, uint16_t outranked, tern_error *error)
{
    size_t unit = 0;

    while ((outranked >> unit & 1) == 0) {
        unit++;
    }
    return trn_fail(
        error,
        TERN_ERR_OUTRANKED,
        "%s: an inferred value may not replace a recorded one in %s; undo takes it back",
        table->name,
        table->units[unit].name);
}

/* ---- The row before ---- */

struct past {
    bool absent;
    struct trn_row row; /* columns of `units` */
    uint16_t units;     /* touched at all */
    uint16_t undone;    /* by their last touch */
};

static tern_status read_record(const struct trn_recorder *recorder,
                               size_t touch,
                               struct trn_undo_record *ret_record,
                               tern_error *error)
{
    const struct trn_touches *touches = &recorder->touches;
    size_t start = touches->items[touch].undo_at;
    size_t end =
        touch + 1 < touches->count ? touches->items[touch + 1].undo_at : recorder->undo_log.size;
    struct trn_undo_reader reader;
    bool any = false;

    trn_undo_reader_open(&reader,
                         recorder->engine->schema,
                         trn_slice_make(recorder->undo_log.data + start, end - start));
    return trn_undo_next(&reader, &any, ret_record, error);
}

/* Takes what this touch found; later calls, of earlier touches, overwrite it. */
static void take_record(struct past *past, const struct trn_undo_record *record)
{
    const struct trn_table *table = record->table;

    past->absent = record->absent;
    if (record->absent) {
        return;
    }
    past->row.updated_at_us = record->updated_at_us;
    past->row.deleted_at_us = record->deleted_at_us;
    past->row.version = record->version;
    if ((record->units & 1u) != 0) {
        past->row.values[0] = record->values[0];
    }
    for (size_t u = 1; u < table->unit_count; u++) {
        for (size_t i = 0; (record->units >> u & 1) != 0 && i < table->units[u].column_count; i++) {
            uint16_t column = table->units[u].columns[i];

            past->row.values[column] = record->values[column];
        }
    }
}

/* From the row's last touch back to its first. */
static tern_status
read_past(const struct trn_recorder *recorder, size_t first, struct past *past, tern_error *error)
{
    const struct trn_touches *touches = &recorder->touches;
    size_t at =
        trn_touches_latest(touches, touches->items[first].table, touches->items[first].rowid);
    tern_status status = TERN_OK;

    past->row.id = touches->items[first].id;
    for (; at != TRN_NO_TOUCH && status == TERN_OK; at = touches->items[at].previous) {
        const struct trn_touch *touch = &touches->items[at];
        struct trn_undo_record record = {.absent = false};

        past->undone |= touch->undone & (uint16_t)~past->units;
        past->units |= touch->units;
        status = read_record(recorder, at, &record, error);
        if (status == TERN_OK) {
            take_record(past, &record);
        }
    }
    return status;
}

/* ---- Lines ---- */

static tern_status write_line(struct trn_recorder *recorder,
                              struct trn_folded *folded,
                              enum trn_operation operation,
                              const struct trn_table *table,
                              const struct trn_row *row,
                              size_t unit,
                              int64_t base_key,
                              tern_error *error)
{
    trn_recorder_set_change(recorder, operation, table, row, unit);
    return trn_recorder_write_line(recorder, folded->text, folded->lines, base_key, error);
}

static enum trn_operation operation_on(const struct trn_row *row, size_t unit, uint16_t undone)
{
    if (unit == TRN_UNIT_EXISTENCE) {
        return row->deleted_at_us != 0 ? TRN_OP_DELETE : TRN_OP_UNDELETE;
    }
    return (undone >> unit & 1) != 0 ? TRN_OP_UNDO : TRN_OP_UPDATE;
}

static tern_status write_units(struct trn_recorder *recorder,
                               struct trn_folded *folded,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               uint16_t units,
                               uint16_t undone,
                               const struct trn_version *bases,
                               tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t u = 0; u < table->unit_count && status == TERN_OK; u++) {
        if ((units >> u & 1) != 0) {
            status = write_line(recorder,
                                folded,
                                operation_on(row, u, undone),
                                table,
                                row,
                                u,
                                bases->keys[u],
                                error);
        }
    }
    return status;
}

/* ---- Rows ---- */

/* An insert carries the row as it is now; what of it was undone or deleted since comes behind, on
 * top of this very tx. */
static tern_status fold_insert(struct trn_recorder *recorder,
                               const struct trn_table *table,
                               const struct past *past,
                               struct trn_row *row,
                               struct trn_folded *folded,
                               tern_error *error)
{
    struct trn_version version = trn_recorder_insert_version(recorder, table, row, past->undone);
    struct trn_version bases = version;
    uint16_t more = past->undone;
    tern_status status;

    if (row->deleted_at_us != 0) {
        more |= 1u << TRN_UNIT_EXISTENCE;
        (void)trn_recorder_update_version(recorder, table, row, 1, 0, &version);
    }
    row->version = version;
    row->updated_at_us = recorder->time_us;
    status = write_line(recorder, folded, TRN_OP_INSERT, table, row, 0, 0, error);
    if (status == TERN_OK) {
        status = write_units(recorder, folded, table, row, more, past->undone, &bases, error);
    }
    if (status == TERN_OK && trn_undo_write_absent(folded->undo, table, &row->id) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    return status;
}

static uint16_t
changed_units(const struct trn_table *table, const struct past *past, const struct trn_row *row)
{
    uint16_t units = 0;

    for (size_t u = 1; u < table->unit_count; u++) {
        if ((past->units >> u & 1) != 0 &&
            !trn_unit_equal(table, u, past->row.values, row->values)) {
            units |= (uint16_t)(1u << u);
        }
    }
    if (past->row.deleted_at_us != row->deleted_at_us) {
        units |= 1u << TRN_UNIT_EXISTENCE;
    }
    return units;
}

/* Puts the units back to what they held. */
static void keep_units(const struct trn_table *table,
                       const struct past *past,
                       uint16_t units,
                       struct trn_row *row)
{
    for (size_t u = 1; u < table->unit_count; u++) {
        for (size_t i = 0; (units >> u & 1) != 0 && i < table->units[u].column_count; i++) {
            uint16_t column = table->units[u].columns[i];

            row->values[column] = past->row.values[column];
        }
    }
    if ((units & 1u) != 0) {
        row->deleted_at_us = past->row.deleted_at_us;
    }
}

static unsigned count_bits(uint16_t bits)
{
    unsigned count = 0;

    for (; bits != 0; bits &= (uint16_t)(bits - 1)) {
        count++;
    }
    return count;
}

static tern_status fold_update(struct trn_recorder *recorder,
                               const struct trn_table *table,
                               const struct past *past,
                               struct trn_row *row,
                               struct trn_folded *folded,
                               tern_error *error)
{
    uint16_t units = changed_units(table, past, row);
    struct trn_version version = past->row.version;
    uint16_t outranked =
        trn_recorder_update_version(recorder, table, row, units, past->undone, &version);
    tern_status status;

    if (outranked != 0 && !recorder->inferred) {
        return trn_fold_fail_outranked(table, outranked, error);
    }
    keep_units(table, past, outranked, row);
    folded->kept += count_bits(outranked);
    units &= (uint16_t)~outranked;
    version = past->row.version;
    (void)trn_recorder_update_version(recorder, table, row, units, past->undone, &version);
    row->version = version;
    row->updated_at_us = units != 0 ? recorder->time_us : past->row.updated_at_us;
    if (units == 0) {
        return TERN_OK;
    }
    status =
        write_units(recorder, folded, table, row, units, past->undone, &past->row.version, error);
    if (status == TERN_OK &&
        trn_undo_write_row(folded->undo, table, &past->row, units) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    return status;
}

tern_status trn_fold_row(struct trn_recorder *recorder,
                         size_t first,
                         struct trn_folded *folded,
                         tern_error *error)
{
    const struct trn_touch *touch = &recorder->touches.items[first];
    const struct trn_table *table = touch->table;
    struct trn_store *store = recorder->engine->store;
    struct past past = {.units = 0};
    struct trn_row row;
    bool found = false;
    tern_status status = read_past(recorder, first, &past, error);

    if (status == TERN_OK) {
        status = trn_store_row_read(store, table, &touch->id, &found, &row, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (!found) {
        return trn_fail(error, TERN_ERR_INTERNAL, "%s: a captured row is not there", table->name);
    }
    status = past.absent ? fold_insert(recorder, table, &past, &row, folded, error)
                         : fold_update(recorder, table, &past, &row, folded, error);
    return status == TERN_OK ? trn_store_row_write(store, table, &row, error) : status;
}

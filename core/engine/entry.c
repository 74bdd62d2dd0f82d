/* What capture reports, noted. */
#include "engine/entry.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/portion.h"
#include "base/uuid.h"
#include "engine/undo.h"
#include "model/limit.h"
#include "wire/entry.h"
#include "wire/limits.h"
#include "wire/values.h"

/* What is noted may exceed the caps, since a row touched again is sent once; not without end. */
enum { SLACK = 4, KEPT_BYTES = 65536 };

/* ---- Lines and versions ---- */

static size_t base_place(const struct trn_bytes *text, size_t from, enum trn_operation operation)
{
    int commas = operation == TRN_OP_UPDATE || operation == TRN_OP_UNDO ? 4 : 3;
    size_t at = from;

    if (operation == TRN_OP_INSERT) {
        return 0;
    }
    while (commas > 0) { /* ids and tags hold no comma */
        commas -= text->data[at++] == ',';
    }
    return at;
}

/* What loses is told to all whom it concerns, and must fit into what tells of it. */
static tern_status check_units(const struct trn_change *change, tern_error *error)
{
    const bool is_insert = change->operation == TRN_OP_INSERT;
    const size_t first = is_insert ? 1 : change->unit;
    const size_t end = is_insert ? change->table->unit_count : change->unit + 1;

    for (size_t unit = first; unit < end; unit++) {
        if (!trn_values_fit(change->table, unit, change->values)) {
            return trn_fail(error,
                            TERN_ERR_TOO_LARGE,
                            "%s: the values of %s are longer than 1 MiB together",
                            change->table->name,
                            change->table->units[unit].name);
        }
    }
    return TERN_OK;
}

/* The table's constraint goes as deep as the SQLite that looks at it. */
static tern_status check_depths(const struct trn_change *change, tern_error *error)
{
    for (size_t i = 0; i < change->table->column_count; i++) {
        const struct trn_column *column = &change->table->columns[i];

        if (column->type == TRN_TYPE_JSON && trn_change_carries(change, i) &&
            trn_limit_is_deep(&change->values[i])) {
            return trn_limit_fail(change->table, column, TRN_LIMIT_JSON, error);
        }
    }
    return TERN_OK;
}

tern_status trn_recorder_write_line(struct trn_recorder *recorder,
                                    struct trn_bytes *text,
                                    struct trn_bytes *lines,
                                    int64_t base_key,
                                    tern_error *error)
{
    struct trn_noted_line line = {.at = text->size, .base_key = base_key};
    struct trn_line_writer writer;
    tern_status status = check_units(&recorder->change, error);

    if (status == TERN_OK) {
        status = check_depths(&recorder->change, error);
    }
    trn_line_writer_open(&writer, text);
    if (status == TERN_OK) {
        status = trn_entry_write_change(&writer, &recorder->change, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    line.base_at = base_place(text, line.at, recorder->change.operation);
    if (trn_bytes_append(lines, &line, sizeof(line)) != TERN_OK) {
        text->size = line.at;
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

void trn_recorder_set_change(struct trn_recorder *recorder,
                             enum trn_operation operation,
                             const struct trn_table *table,
                             const struct trn_row *row,
                             size_t unit)
{
    struct trn_change *change = &recorder->change;

    change->operation = operation;
    change->table = table;
    change->id = row->id;
    change->unit = unit;
    change->base = 0;
    if (operation == TRN_OP_INSERT) {
        memcpy(change->values, row->values, table->column_count * sizeof(row->values[0]));
        return;
    }
    for (size_t i = 0; i < table->units[unit].column_count; i++) {
        uint16_t column = table->units[unit].columns[i];

        change->values[column] = row->values[column];
    }
}

struct trn_version trn_recorder_insert_version(const struct trn_recorder *recorder,
                                               const struct trn_table *table,
                                               const struct trn_row *row,
                                               uint16_t undone)
{
    struct trn_version version = {.ranks = 0};

    for (size_t u = 0; u < table->unit_count; u++) {
        trn_version_set(&version,
                        u,
                        recorder->key,
                        trn_change_rank(table,
                                        u,
                                        row->values,
                                        recorder->inferred,
                                        (undone >> u & 1) != 0,
                                        true));
    }
    return version;
}

uint16_t trn_recorder_update_version(const struct trn_recorder *recorder,
                                     const struct trn_table *table,
                                     const struct trn_row *row,
                                     uint16_t units,
                                     uint16_t undone,
                                     struct trn_version *version)
{
    uint16_t outranked = 0;

    for (size_t u = 0; u < table->unit_count; u++) {
        enum trn_rank rank;

        if ((units >> u & 1) == 0) {
            continue;
        }
        rank = trn_change_rank(table,
                               u,
                               row->values,
                               recorder->inferred,
                               (undone >> u & 1) != 0,
                               false);
        if (rank < trn_version_rank(version, u) && version->keys[u] != 0) {
            outranked |= (uint16_t)(1u << u);
        }
        trn_version_set(version, u, recorder->key, rank);
    }
    return outranked;
}

/* ---- Touches ---- */

static struct trn_touch new_touch(const struct trn_recorder *recorder,
                                  const struct trn_captured *captured)
{
    return (struct trn_touch){.table = captured->table,
                              .rowid = captured->rowid,
                              .id = captured->after->id,
                              .is_insert = captured->is_insert,
                              .previous = TRN_NO_TOUCH,
                              .updated_at_us = recorder->time_us,
                              .text_at = recorder->text.size,
                              .line_at = recorder->lines.size,
                              .undo_at = recorder->undo_log.size};
}

static size_t mark(void *context)
{
    const struct trn_recorder *recorder = context;

    return recorder->touches.count;
}

static void forget(void *context, size_t count)
{
    struct trn_recorder *recorder = context;

    if (count < recorder->touches.count) {
        const struct trn_touch *first = &recorder->touches.items[count];

        recorder->text.size = first->text_at;
        recorder->lines.size = first->line_at;
        recorder->undo_log.size = first->undo_at;
        trn_touches_cut(&recorder->touches, count);
    }
}

/* Notes the version that the row is to get, and whether it has it already. */
static tern_status note_version(struct trn_recorder *recorder,
                                const struct trn_captured *captured,
                                const struct trn_version *version,
                                struct trn_touch *touch,
                                tern_error *error)
{
    uint8_t room[TRN_VERSION_BLOB_MAX];
    tern_value cell = {0};

    trn_version_encode(version, captured->table->unit_count, room, &cell);
    touch->stands = captured->after->updated_at_us == touch->updated_at_us &&
                    trn_value_equal(&cell, &captured->after_version);
    if (cell.kind == TERN_INTEGER) {
        touch->version = cell.integer;
        return TERN_OK;
    }
    touch->version_at = recorder->versions.size;
    touch->version_size = cell.size;
    if (trn_bytes_append(&recorder->versions, cell.data, cell.size) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

static tern_status
add_touch(struct trn_recorder *recorder, const struct trn_touch *touch, tern_error *error)
{
    if (recorder->touches.count >= SLACK * TRN_WIRE_TX_CHANGES_MAX ||
        recorder->text.size > SLACK * TRN_WIRE_TX_BYTES_MAX ||
        recorder->undo_log.size > SLACK * TRN_WIRE_TX_BYTES_MAX) {
        return trn_fail(error, TERN_ERR_TOO_LARGE, "the transaction is above the protocol's caps");
    }
    return trn_touches_add(&recorder->touches, touch) == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

/* ---- References ---- */

static tern_status note_reference(struct trn_recorder *recorder,
                                  const struct trn_table *target,
                                  const tern_value *value,
                                  tern_error *error)
{
    struct trn_noted_reference reference = {.table = target};
    struct trn_noted_reference *recent;

    if (!trn_value_id(value, &reference.id)) {
        return TERN_OK;
    }
    recent = &recorder->recent[(reference.id.bytes[15] ^ target->index) %
                               trn_portion(TRN_REFERENCES_RECENT)];
    if (recent->table == target && trn_id_equal(&recent->id, &reference.id)) {
        return TERN_OK;
    }
    *recent = reference;
    return trn_bytes_append(&recorder->references, &reference, sizeof(reference)) == TERN_OK
               ? TERN_OK
               : trn_fail_nomem(error);
}

/* Those in columns of `units`, or in all for an insert. Those of existence never change. */
static tern_status note_references(struct trn_recorder *recorder,
                                   const struct trn_captured *captured,
                                   uint16_t units,
                                   tern_error *error)
{
    const struct trn_table *table = captured->table;
    tern_status status = TERN_OK;

    for (size_t i = 0; recorder->meta.has_open && i < table->column_count && status == TERN_OK;
         i++) {
        const struct trn_column *column = &table->columns[i];

        if (column->target != TRN_NO_TABLE &&
            (captured->is_insert ||
             (column->unit != TRN_UNIT_EXISTENCE && (units >> column->unit & 1) != 0))) {
            status = note_reference(recorder,
                                    &recorder->engine->schema->tables[column->target],
                                    &captured->after->values[i],
                                    error);
        }
    }
    return status;
}

/* ---- Inserts ---- */

static tern_status check_insert(const struct trn_captured *captured, tern_error *error)
{
    const struct trn_table *table = captured->table;
    bool derived = false;
    tern_id id;
    tern_status status;

    if (captured->after->deleted_at_us != 0) {
        return trn_fail(error, TERN_ERR_SQL, "%s: a row is inserted live", table->name);
    }
    if (table->natural_key_count == 0) {
        return TERN_OK;
    }
    status = trn_natural_id(table, captured->after->values, &derived, &id, error);
    if (status == TERN_OK && derived && !trn_id_equal(&id, &captured->after->id)) {
        return trn_fail(error,
                        TERN_ERR_NATURAL_KEY,
                        "%s: the id is not the one that its natural key gives; use tern_key()",
                        table->name);
    }
    return status;
}

static tern_status
note_insert(struct trn_recorder *recorder, const struct trn_captured *captured, tern_error *error)
{
    const struct trn_table *table = captured->table;
    struct trn_touch touch = new_touch(recorder, captured);
    struct trn_version version;
    tern_status status = check_insert(captured, error);

    if (status != TERN_OK) {
        return status;
    }
    version = trn_recorder_insert_version(recorder, table, captured->after, 0);
    status = note_version(recorder, captured, &version, &touch, error);
    if (status != TERN_OK) {
        return status;
    }
    trn_capture_guess(recorder->engine->store, table, version.ranks);
    trn_recorder_set_change(recorder, TRN_OP_INSERT, table, captured->after, 0);
    status = trn_recorder_write_line(recorder, &recorder->text, &recorder->lines, 0, error);
    if (status == TERN_OK &&
        trn_undo_write_absent(&recorder->undo_log, table, &touch.id) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    if (status == TERN_OK) {
        status = note_references(recorder, captured, 0, error);
    }
    return status == TERN_OK ? add_touch(recorder, &touch, error) : status;
}

/* ---- Updates ---- */

static tern_status check_immutable(const struct trn_captured *captured, tern_error *error)
{
    const struct trn_table *table = captured->table;

    if (!trn_id_equal(&captured->before->id, &captured->after->id)) {
        return trn_fail(error, TERN_ERR_IMMUTABLE, "%s: an id never changes", table->name);
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if ((captured->named >> i & 1) != 0 && table->columns[i].immutable &&
            !trn_value_equal(&captured->before->values[i], &captured->after->values[i])) {
            return trn_fail(error,
                            TERN_ERR_IMMUTABLE,
                            "%s.%s never changes",
                            table->name,
                            table->columns[i].name);
        }
    }
    return TERN_OK;
}

/* A row is deleted by DELETE, which sets the tx's own stamp, and undeleted by setting NULL. */
static tern_status check_existence(const struct trn_recorder *recorder,
                                   const struct trn_captured *captured,
                                   tern_error *error)
{
    int64_t before = captured->before->deleted_at_us;
    int64_t after = captured->after->deleted_at_us;

    if (after != 0 && (before != 0 || after != recorder->time_us)) {
        return trn_fail(error,
                        TERN_ERR_SQL,
                        "%s: deleted_at is set by DELETE, and cleared by setting NULL",
                        captured->table->name);
    }
    if (after != 0 && recorder->inferred) {
        return trn_fail(error,
                        TERN_ERR_OUTRANKED,
                        "%s: an inferred transaction may not delete",
                        captured->table->name);
    }
    return TERN_OK;
}

static uint16_t changed_units(const struct trn_captured *captured)
{
    uint16_t units = 0;

    for (size_t u = 1; u < captured->table->unit_count; u++) {
        if ((captured->units >> u & 1) != 0 && !trn_unit_equal(captured->table,
                                                               u,
                                                               captured->before->values,
                                                               captured->after->values)) {
            units |= (uint16_t)(1u << u);
        }
    }
    if (captured->before->deleted_at_us != captured->after->deleted_at_us) {
        units |= 1u << TRN_UNIT_EXISTENCE;
    }
    return units;
}

static tern_status check_update(const struct trn_recorder *recorder,
                                const struct trn_captured *captured,
                                uint16_t units,
                                tern_error *error)
{
    const struct trn_table *table = captured->table;
    tern_status status = check_immutable(captured, error);

    if (status != TERN_OK || units == 0) {
        return status;
    }
    if (table->append_only) {
        return trn_fail(error,
                        TERN_ERR_APPEND_ONLY,
                        "rows of %s never change once inserted",
                        table->name);
    }
    if (table->write_rule == TRN_WRITE_INSERT_ONLY) {
        return trn_fail(error,
                        TERN_ERR_FORBIDDEN,
                        "rows of %s may be inserted, not changed",
                        table->name);
    }
    return (units & 1u) != 0 ? check_existence(recorder, captured, error) : TERN_OK;
}

static enum trn_operation
operation_on(const struct trn_recorder *recorder, const struct trn_row *row, size_t unit)
{
    if (unit == TRN_UNIT_EXISTENCE) {
        return row->deleted_at_us != 0 ? TRN_OP_DELETE : TRN_OP_UNDELETE;
    }
    return recorder->undo ? TRN_OP_UNDO : TRN_OP_UPDATE;
}

static tern_status write_units(struct trn_recorder *recorder,
                               const struct trn_captured *captured,
                               uint16_t units,
                               tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t u = 0; u < captured->table->unit_count && status == TERN_OK; u++) {
        if ((units >> u & 1) != 0) {
            trn_recorder_set_change(recorder,
                                    operation_on(recorder, captured->after, u),
                                    captured->table,
                                    captured->after,
                                    u);
            status = trn_recorder_write_line(recorder,
                                             &recorder->text,
                                             &recorder->lines,
                                             captured->before->version.keys[u],
                                             error);
        }
    }
    return status;
}

/* Nothing of the document changed: at most the hidden columns, which are put back. */
static tern_status
note_nothing(struct trn_recorder *recorder, const struct trn_captured *captured, tern_error *error)
{
    struct trn_touch touch = new_touch(recorder, captured);
    tern_status status;

    if (!captured->names_hidden) {
        return TERN_OK;
    }
    touch.updated_at_us = captured->before->updated_at_us;
    status = note_version(recorder, captured, &captured->before->version, &touch, error);
    if (status == TERN_OK &&
        trn_undo_write_row(&recorder->undo_log, captured->table, captured->before, 0) != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    return status == TERN_OK ? add_touch(recorder, &touch, error) : status;
}

static tern_status
note_update(struct trn_recorder *recorder, const struct trn_captured *captured, tern_error *error)
{
    struct trn_touch touch = new_touch(recorder, captured);
    struct trn_version version = captured->before->version;
    uint16_t units = changed_units(captured);
    tern_status status = check_update(recorder, captured, units, error);

    if (status != TERN_OK) {
        return status;
    }
    if (units == 0) {
        return note_nothing(recorder, captured, error);
    }
    touch.units = units;
    touch.undone = recorder->undo ? units & (uint16_t)~1u : 0;
    touch.existence_key = captured->before->version.keys[TRN_UNIT_EXISTENCE];
    touch.outranked = trn_recorder_update_version(recorder,
                                                  captured->table,
                                                  captured->after,
                                                  units,
                                                  touch.undone,
                                                  &version);
    status = note_version(recorder, captured, &version, &touch, error);
    if (status == TERN_OK) {
        status = write_units(recorder, captured, units, error);
    }
    if (status == TERN_OK &&
        trn_undo_write_row(&recorder->undo_log, captured->table, captured->before, units) !=
            TERN_OK) {
        status = trn_fail_nomem(error);
    }
    if (status == TERN_OK) {
        status = note_references(recorder, captured, units, error);
    }
    return status == TERN_OK ? add_touch(recorder, &touch, error) : status;
}

static tern_status changed(void *context, const struct trn_captured *captured, tern_error *error)
{
    struct trn_recorder *recorder = context;

    TRN_ASSERT(recorder->stamped);
    return captured->is_insert ? note_insert(recorder, captured, error)
                               : note_update(recorder, captured, error);
}

/* ---- The stamp ---- */

static tern_status stamp(void *context, int64_t *ret_time_us, int64_t *ret_key, tern_error *error)
{
    struct trn_recorder *recorder = context;
    tern_status status = trn_meta_read(recorder->engine->store, &recorder->meta, error);

    if (status != TERN_OK) {
        return status;
    }
    recorder->key = trn_store_tx_key(recorder->meta.last_ordinal + 1);
    recorder->reading = trn_engine_reading(recorder->engine);
    recorder->time_us = trn_clock_issue(&recorder->meta.clock, &recorder->reading);
    recorder->stamped = true;
    *ret_time_us = recorder->time_us;
    *ret_key = recorder->key;
    return TERN_OK;
}

/* ---- The recorder ---- */

void trn_recorder_init(struct trn_recorder *recorder, const struct trn_engine *engine)
{
    *recorder = (struct trn_recorder){.engine = engine};
    recorder->listener = (struct trn_capture_listener){.context = recorder,
                                                       .changed = changed,
                                                       .mark = mark,
                                                       .forget = forget,
                                                       .stamp = stamp};
}

static void clear_bytes(struct trn_bytes *bytes)
{
    if (bytes->capacity > KEPT_BYTES) {
        trn_bytes_free(bytes);
    } else {
        trn_bytes_clear(bytes);
    }
}

void trn_recorder_start(struct trn_recorder *recorder, bool inferred)
{
    recorder->inferred = inferred;
    recorder->undo = false;
    recorder->stamped = false;
    trn_capture_start(recorder->engine->store, &recorder->listener);
}

void trn_recorder_stop(struct trn_recorder *recorder)
{
    trn_capture_stop(recorder->engine->store);
    trn_touches_clear(&recorder->touches);
    clear_bytes(&recorder->text);
    clear_bytes(&recorder->lines);
    clear_bytes(&recorder->undo_log);
    clear_bytes(&recorder->versions);
    clear_bytes(&recorder->references);
    memset(recorder->recent, 0, sizeof(recorder->recent));
    recorder->stamped = false;
}

void trn_recorder_free(struct trn_recorder *recorder)
{
    trn_touches_free(&recorder->touches);
    trn_bytes_free(&recorder->text);
    trn_bytes_free(&recorder->lines);
    trn_bytes_free(&recorder->undo_log);
    trn_bytes_free(&recorder->versions);
    trn_bytes_free(&recorder->references);
}

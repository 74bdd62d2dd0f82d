/*
 * One change against the database: where it lies, whether it may, what it references, and the
 * merge.
 *
 * Order matters because rows are borrowed from the database until the next read of the same table:
 * scopes and references are looked up first, then the row itself is read, and nothing but numbers
 * and people's roles is read until it is written.
 */
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "merge/merge.h"
#include "schema/schema.h"
#include "server/push.h"

/* A row that a change meets, while it is being merged. */
struct meeting {
    struct trn_push *push;
    const struct trn_change *change;
    const struct trn_row_scopes *scopes;
    struct trn_row before;
    struct trn_row after;
    int64_t base; /* as a number of this epoch */
    bool wrote;
    struct trn_audit audits[TRN_UNITS_MAX]; /* written once the row is */
    size_t audit_count;
};

/* ---- Bases ---- */

tern_status trn_apply_base(struct trn_push *push,
                           const struct trn_change *change,
                           int64_t *ret_number,
                           tern_error *error)
{
    struct trn_db_entry entry;
    bool found = false;
    tern_status status;

    if (change->base >= 0) {
        *ret_number = push->same_epoch ? change->base : 0;
        return TERN_OK;
    }
    if (-change->base == push->entry.ordinal) {
        *ret_number = push->entry.number;
        return TERN_OK;
    }
    status = push->db->ops->entry_by_ordinal(push->db->ops->writer(push->db),
                                             &push->entry.device,
                                             -change->base,
                                             &push->sender,
                                             &found,
                                             &entry,
                                             error);
    if (status == TERN_OK) {
        *ret_number = found && entry.verdict == TERN_OK ? entry.number : 0;
    }
    return status;
}

/* ---- References ---- */

static bool carries(const struct trn_change *change, size_t column)
{
    switch (change->operation) {
    case TRN_OP_INSERT:
        return true;
    case TRN_OP_UPDATE:
    case TRN_OP_UNDO:
        return change->table->columns[column].unit == change->unit;
    default:
        return false;
    }
}

/* A row of another record is no more to be referenced than one that is not there, unless the column
 * may leave the scope. */
static tern_status check_reference(struct trn_push *push,
                                   const struct trn_change *change,
                                   const struct trn_column *column,
                                   const struct trn_row_scopes *scopes,
                                   const tern_id *target,
                                   bool *ret_found,
                                   tern_error *error)
{
    struct trn_row_scopes theirs;
    tern_status status = trn_facts_row_scopes(push->facts,
                                              &push->db->schema->tables[column->target],
                                              target,
                                              ret_found,
                                              &theirs,
                                              error);

    if (status == TERN_OK && *ret_found && !column->may_leave &&
        !trn_row_scopes_meet(scopes, &theirs)) {
        return trn_fail(error,
                        TERN_ERR_FOREIGN_KEY,
                        "%s.%s: references no row of this record",
                        change->table->name,
                        column->name);
    }
    return status;
}

static tern_status check_references(struct trn_push *push,
                                    const struct trn_change *change,
                                    const struct trn_row_scopes *scopes,
                                    bool last_call,
                                    bool *ret_waits,
                                    tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < change->table->column_count; index++) {
        const struct trn_column *column = &change->table->columns[index];
        bool found = true;
        tern_id target;

        if (column->target == TRN_NO_TABLE || !carries(change, index) ||
            !trn_value_id(&change->values[index], &target) ||
            (column->target == change->table->index && trn_id_equal(&target, &change->id))) {
            continue;
        }
        status = check_reference(push, change, column, scopes, &target, &found, error);
        if (status != TERN_OK) {
            return status;
        }
        if (!found && last_call) {
            return trn_fail(error,
                            TERN_ERR_FOREIGN_KEY,
                            "%s.%s: references no row of this record",
                            change->table->name,
                            column->name);
        }
        *ret_waits = *ret_waits || !found;
    }
    return TERN_OK;
}

/* ---- Writing ---- */

static tern_status put_into_logs(struct trn_push *push,
                                 const struct trn_table *table,
                                 const tern_id *id,
                                 const struct trn_row_scopes *scopes,
                                 int64_t old_number,
                                 tern_error *error)
{
    tern_status status = TERN_OK;

    push->touched = true;
    for (size_t index = 0; index < scopes->count && status == TERN_OK; index++) {
        status = push->db->ops->log_put(push->db,
                                        &scopes->scopes[index],
                                        table,
                                        id,
                                        old_number,
                                        push->entry.number,
                                        error);
    }
    if (trn_grants_depend_on(push->db->schema, table)) {
        push->grants_loaded = false;
    }
    return status;
}

/* A key that is taken now may be freed by a later change of the same transaction. */
static tern_status
write_failed(tern_status status, bool last_call, bool *ret_waits, tern_error *error)
{
    if (status == TERN_ERR_UNIQUE && !last_call) {
        *ret_waits = true;
        trn_error_clear(error);
        return TERN_OK;
    }
    return status;
}

static enum trn_rank rank_of(const struct trn_push *push,
                             const struct trn_change *change,
                             size_t unit,
                             const tern_value *values)
{
    return trn_change_rank(change->table,
                           unit,
                           values,
                           push->entry.kind == TRN_ENTRY_INFERRED,
                           change->operation == TRN_OP_UNDO,
                           change->operation == TRN_OP_INSERT);
}

/* ---- A new row ---- */

static tern_status check_natural_id(const struct trn_change *change, tern_error *error)
{
    bool derived = false;
    tern_id id;
    tern_status status;

    if (change->table->natural_key_count == 0) {
        return TERN_OK;
    }
    status = trn_natural_id(change->table, change->values, &derived, &id, error);
    if (status == TERN_OK && derived && !trn_id_equal(&id, &change->id)) {
        return trn_fail(error,
                        TERN_ERR_NATURAL_KEY,
                        "%s: the id is not the one that its key gives",
                        change->table->name);
    }
    return status;
}

static tern_status add_row(struct trn_push *push,
                           const struct trn_change *change,
                           const struct trn_row_scopes *scopes,
                           bool last_call,
                           bool *ret_waits,
                           tern_error *error)
{
    const struct trn_table *table = change->table;
    struct trn_row row = {.id = change->id, .updated_at_us = push->entry.time_us};
    tern_status status;

    memcpy(row.values, change->values, table->column_count * sizeof(row.values[0]));
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        trn_version_set(&row.version,
                        unit,
                        push->entry.number,
                        rank_of(push, change, unit, row.values));
    }
    status = trn_access_check_opening(push, table, NULL, &row, error);
    if (status == TERN_OK) {
        status = push->db->ops->row_add(push->db, table, &row, error);
        if (status != TERN_OK) {
            return write_failed(status, last_call, ret_waits, error);
        }
    }
    if (status == TERN_OK) {
        status = put_into_logs(push, table, &row.id, scopes, 0, error);
    }
    if (status == TERN_OK) {
        trn_facts_put_row(push->facts, table, &row.id, scopes);
    }
    return status;
}

static tern_status apply_new(struct trn_push *push,
                             const struct trn_change *change,
                             bool last_call,
                             bool *ret_waits,
                             tern_error *error)
{
    struct trn_row_scopes scopes = {.count = 0};
    bool open = false;
    tern_status status;

    if (change->operation != TRN_OP_INSERT) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "%s: there is no such row", change->table->name);
    }
    status = trn_facts_new_scopes(push->facts,
                                  change->table,
                                  &change->id,
                                  change->values,
                                  &open,
                                  &scopes,
                                  error);
    if (status != TERN_OK) {
        return status;
    }
    if (open && !last_call) {
        *ret_waits = true;
        return TERN_OK;
    }
    if (open || scopes.count == 0) {
        return trn_fail(error,
                        TERN_ERR_SCOPE,
                        "%s: the row belongs to no record",
                        change->table->name);
    }
    status = trn_access_check(push, change, &scopes, false, error);
    if (status == TERN_OK) {
        status = check_references(push, change, &scopes, last_call, ret_waits, error);
    }
    if (status == TERN_OK && !*ret_waits) {
        status = add_row(push, change, &scopes, last_call, ret_waits, error);
    }
    return status;
}

/* ---- A row that is there ---- */

static tern_status stamp_of(struct trn_push *push,
                            const struct trn_version *version,
                            size_t unit,
                            struct trn_merge_unit_input *input,
                            struct trn_db_tx *ret_tx,
                            tern_error *error)
{
    tern_status status;

    input->current_written = version->keys[unit] != 0;
    if (!input->current_written) {
        return TERN_OK;
    }
    status = trn_facts_tx(push->facts, version->keys[unit], ret_tx, error);
    if (status == TERN_OK) {
        input->current.rank = trn_version_rank(version, unit);
        input->current.time_us = ret_tx->time_us;
        input->current.device = ret_tx->device;
    }
    return status;
}

static void keep_audit(struct meeting *meeting,
                       size_t unit,
                       const struct trn_merge_unit_result *result,
                       const struct trn_db_tx *current,
                       int64_t deleted_at_us)
{
    struct trn_push *push = meeting->push;
    struct trn_audit_side incoming = {.values = meeting->change->values,
                                      .deleted_at_us = deleted_at_us,
                                      .number = push->entry.number,
                                      .tx = push->entry.tx,
                                      .time_us = push->entry.time_us,
                                      .device = push->entry.device};
    struct trn_audit_side there = {.values = meeting->before.values,
                                   .deleted_at_us = meeting->before.deleted_at_us,
                                   .number = meeting->before.version.keys[unit],
                                   .tx = current->tx,
                                   .time_us = current->time_us,
                                   .device = current->device};

    meeting->audits[meeting->audit_count++] = (struct trn_audit){
        .table = meeting->change->table,
        .id = meeting->change->id,
        .unit = unit,
        .rule = trn_merge_rule_name(result->rule),
        .scopes = meeting->scopes,
        .lost = result->incoming_wins ? there : incoming,
        .kept = result->incoming_wins ? incoming : there,
    };
}

static void take_unit(struct meeting *meeting, size_t unit, enum trn_rank rank)
{
    const struct trn_unit *described = &meeting->change->table->units[unit];

    for (size_t index = 0; index < described->column_count; index++) {
        uint16_t column = described->columns[index];

        if (unit != TRN_UNIT_EXISTENCE) {
            meeting->after.values[column] = meeting->change->values[column];
        }
    }
    trn_version_set(&meeting->after.version, unit, meeting->push->entry.number, rank);
    meeting->wrote = true;
}

/* The row's values with those of the change's unit laid over. */
static void overlay(const struct meeting *meeting, size_t unit, tern_value *ret_values)
{
    const struct trn_table *table = meeting->change->table;
    const struct trn_unit *described = &table->units[unit];

    if (meeting->change->operation == TRN_OP_INSERT) {
        memcpy(ret_values, meeting->change->values, table->column_count * sizeof(*ret_values));
        return;
    }
    memcpy(ret_values, meeting->after.values, table->column_count * sizeof(*ret_values));
    for (size_t index = 0; index < described->column_count; index++) {
        ret_values[described->columns[index]] = meeting->change->values[described->columns[index]];
    }
}

/* A value that is set aside is written by nobody, so the database does not look at it. */
static tern_status check_losing(const struct meeting *meeting, size_t unit, tern_error *error)
{
    const struct trn_table *table = meeting->change->table;
    const struct trn_unit *described = &table->units[unit];
    tern_status status = TERN_OK;

    for (size_t index = 0; index < described->column_count && status == TERN_OK; index++) {
        uint16_t column = described->columns[index];

        status = trn_schema_check_value(table,
                                        &table->columns[column],
                                        &meeting->change->values[column],
                                        error);
    }
    return status;
}

static tern_status merge_unit(struct meeting *meeting, size_t unit, tern_error *error)
{
    struct trn_push *push = meeting->push;
    const struct trn_table *table = meeting->change->table;
    int64_t key = meeting->after.version.keys[unit];
    tern_value values[TRN_COLUMNS_MAX];
    struct trn_merge_unit_input input = {.current_written = false};
    struct trn_merge_unit_result result;
    struct trn_db_tx current = {.time_us = 0};
    tern_status status = stamp_of(push, &meeting->after.version, unit, &input, &current, error);

    if (status != TERN_OK) {
        return status;
    }
    overlay(meeting, unit, values);
    input.incoming.rank = rank_of(push, meeting->change, unit, values);
    input.incoming.time_us = push->entry.time_us;
    input.incoming.device = push->entry.device;
    input.base_is_current = key != 0 && key == meeting->base;
    input.same_values = trn_unit_equal(table, unit, meeting->after.values, values);
    result = trn_merge_unit(&input);
    if (!result.incoming_wins) {
        status = check_losing(meeting, unit, error);
    }
    if (result.audit) {
        keep_audit(meeting, unit, &result, &current, 0);
    }
    if (result.incoming_wins) {
        take_unit(meeting, unit, input.incoming.rank);
    }
    return status;
}

/* Equal but for created_at, which two makers of one row cannot share. */
static bool same_content(const struct meeting *meeting)
{
    const struct trn_table *table = meeting->change->table;

    for (size_t index = 1; index < table->column_count; index++) {
        if (!trn_value_equal(&meeting->after.values[index], &meeting->change->values[index])) {
            return false;
        }
    }
    return true;
}

static tern_status check_immutable(const struct meeting *meeting, tern_error *error)
{
    const struct trn_table *table = meeting->change->table;

    for (size_t index = 1; index < table->column_count; index++) {
        if (table->columns[index].immutable && carries(meeting->change, index) &&
            !trn_value_equal(&meeting->after.values[index], &meeting->change->values[index])) {
            return trn_fail(error,
                            TERN_ERR_IMMUTABLE,
                            "%s.%s: never changes",
                            table->name,
                            table->columns[index].name);
        }
    }
    return TERN_OK;
}

static void merge_existence(struct meeting *meeting,
                            const struct trn_merge_row_input *input,
                            const struct trn_merge_unit_result *result,
                            const struct trn_db_tx *current)
{
    int64_t deleted_at_us =
        meeting->change->operation == TRN_OP_DELETE ? meeting->push->entry.time_us : 0;

    if (result->audit) {
        keep_audit(meeting, TRN_UNIT_EXISTENCE, result, current, deleted_at_us);
    }
    if (!result->incoming_wins) {
        return;
    }
    take_unit(meeting, TRN_UNIT_EXISTENCE, input->existence.incoming.rank);
    meeting->after.deleted_at_us = deleted_at_us;
    if (meeting->change->operation == TRN_OP_INSERT) {
        meeting->after.values[0] = meeting->change->values[0];
    }
}

static tern_status merge_row(struct meeting *meeting, tern_error *error)
{
    struct trn_push *push = meeting->push;
    const struct trn_change *change = meeting->change;
    const struct trn_table *table = change->table;
    int64_t key = meeting->after.version.keys[TRN_UNIT_EXISTENCE];
    struct trn_merge_row_input input = {.operation = change->operation,
                                        .exists = true,
                                        .deleted = meeting->after.deleted_at_us != 0,
                                        .base_is_current = key != 0 && key == meeting->base,
                                        .append_only = table->append_only};
    struct trn_merge_row_result result;
    struct trn_db_tx current = {.time_us = 0};
    tern_status status = stamp_of(push,
                                  &meeting->after.version,
                                  TRN_UNIT_EXISTENCE,
                                  &input.existence,
                                  &current,
                                  error);

    if (status != TERN_OK) {
        return status;
    }
    input.same_content =
        table->append_only && change->operation == TRN_OP_INSERT && same_content(meeting);
    input.existence.incoming.rank =
        rank_of(push, change, TRN_UNIT_EXISTENCE, meeting->after.values);
    input.existence.incoming.time_us = push->entry.time_us;
    input.existence.incoming.device = push->entry.device;
    result = trn_merge_row(&input);
    if (result.status != TERN_OK) {
        return trn_fail(error,
                        result.status,
                        result.status == TERN_ERR_DELETED
                            ? "%s: the row was deleted; undelete it"
                            : "%s: the rows of this table do not take this change",
                        table->name);
    }
    status = check_immutable(meeting, error);
    if (status == TERN_OK && change->operation != TRN_OP_UPDATE &&
        change->operation != TRN_OP_UNDO && !table->append_only) {
        merge_existence(meeting, &input, &result.existence, &current);
    }
    if (result.merge_units && change->operation != TRN_OP_INSERT && status == TERN_OK) {
        return merge_unit(meeting, change->unit, error);
    }
    for (size_t unit = 1; result.merge_units && unit < table->unit_count && status == TERN_OK;
         unit++) {
        status = merge_unit(meeting, unit, error);
    }
    return status;
}

/* The highest time of its units. */
static tern_status set_updated_at(struct meeting *meeting, tern_error *error)
{
    const struct trn_table *table = meeting->change->table;
    int64_t newest = INT64_MIN;

    for (size_t unit = 0; unit < table->unit_count; unit++) {
        struct trn_db_tx tx;
        tern_status status;

        if (meeting->after.version.keys[unit] == 0) {
            continue;
        }
        status = trn_facts_tx(meeting->push->facts, meeting->after.version.keys[unit], &tx, error);
        if (status != TERN_OK) {
            return status;
        }
        newest = tx.time_us > newest ? tx.time_us : newest;
    }
    meeting->after.updated_at_us = newest;
    return TERN_OK;
}

static tern_status
write_merged(struct meeting *meeting, bool last_call, bool *ret_waits, tern_error *error)
{
    struct trn_push *push = meeting->push;
    const struct trn_table *table = meeting->change->table;
    tern_status status =
        trn_access_check_opening(push, table, &meeting->before, &meeting->after, error);

    if (status == TERN_OK) {
        status = set_updated_at(meeting, error);
    }
    if (status == TERN_OK) {
        status = push->db->ops->row_replace(push->db, table, &meeting->after, error);
        if (status != TERN_OK) {
            return write_failed(status, last_call, ret_waits, error);
        }
    }
    if (status == TERN_OK) {
        status = put_into_logs(push,
                               table,
                               &meeting->change->id,
                               meeting->scopes,
                               trn_version_newest(&meeting->before.version, table->unit_count),
                               error);
    }
    return status;
}

static tern_status
apply_met(struct meeting *meeting, bool last_call, bool *ret_waits, tern_error *error)
{
    tern_status status = merge_row(meeting, error);

    if (status == TERN_OK && meeting->wrote) {
        status = write_merged(meeting, last_call, ret_waits, error);
    }
    for (size_t index = 0; index < meeting->audit_count && status == TERN_OK && !*ret_waits;
         index++) {
        status = trn_audit_write(meeting->push, &meeting->audits[index], error);
    }
    return status;
}

/* The row is there. */
static tern_status meet(struct trn_push *push,
                        const struct trn_change *change,
                        const struct trn_row_scopes *scopes,
                        bool last_call,
                        bool *ret_waits,
                        tern_error *error)
{
    struct meeting meeting = {.push = push, .change = change, .scopes = scopes};
    bool found = false;
    tern_status status = trn_apply_base(push, change, &meeting.base, error);

    if (status == TERN_OK) {
        status = push->db->ops->row_read(push->db->ops->writer(push->db),
                                         change->table,
                                         &change->id,
                                         &found,
                                         &meeting.before,
                                         error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (!found) {
        return trn_fail(error, TERN_ERR_INTERNAL, "a row that was there is gone");
    }
    meeting.after = meeting.before;
    return apply_met(&meeting, last_call, ret_waits, error);
}

tern_status trn_apply_change(struct trn_push *push,
                             const struct trn_change *change,
                             bool last_call,
                             bool *ret_waits,
                             tern_error *error)
{
    struct trn_row_scopes scopes = {.count = 0};
    bool found = false;
    tern_status status = TERN_OK;

    *ret_waits = false;
    if (change->operation == TRN_OP_INSERT) {
        status = check_natural_id(change, error);
    }
    if (status == TERN_OK) {
        status =
            trn_facts_row_scopes(push->facts, change->table, &change->id, &found, &scopes, error);
    }
    if (status != TERN_OK || !found) {
        return status != TERN_OK ? status : apply_new(push, change, last_call, ret_waits, error);
    }
    status = trn_access_check(push, change, &scopes, true, error);
    if (status == TERN_OK) {
        status = check_references(push, change, &scopes, last_call, ret_waits, error);
    }
    if (status != TERN_OK || *ret_waits) {
        return status;
    }
    return meet(push, change, &scopes, last_call, ret_waits, error);
}

/* ---- Discards ---- */

static tern_status discard_unit(struct meeting *meeting, size_t unit, bool reads, tern_error *error)
{
    struct trn_push *push = meeting->push;
    struct trn_merge_unit_input input = {.current_written = false};
    struct trn_db_tx current = {.time_us = push->entry.time_us, .device = push->entry.device};
    struct trn_audit audit = {.table = meeting->change->table,
                              .id = meeting->change->id,
                              .unit = unit,
                              .rule = "DISCARDED",
                              .scopes = meeting->scopes};
    tern_status status = TERN_OK;

    if (reads) {
        status = stamp_of(push, &meeting->before.version, unit, &input, &current, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    audit.lost.values = meeting->change->values;
    audit.lost.deleted_at_us =
        meeting->change->operation == TRN_OP_DELETE ? push->entry.time_us : 0;
    audit.lost.number = push->entry.number;
    audit.lost.tx = push->entry.tx;
    audit.lost.time_us = push->entry.time_us;
    audit.lost.device = push->entry.device;
    audit.kept.absent = !input.current_written;
    audit.kept.values = meeting->before.values;
    audit.kept.deleted_at_us = meeting->before.deleted_at_us;
    audit.kept.number = input.current_written ? meeting->before.version.keys[unit] : 0;
    audit.kept.time_us = current.time_us;
    audit.kept.device = current.device;
    return trn_audit_write(push, &audit, error);
}

/* An author's discard is always taken; what it may not read stays out of it, and it goes into the
 * author's own record then. */
tern_status
trn_apply_discard(struct trn_push *push, const struct trn_change *change, tern_error *error)
{
    struct trn_row_scopes scopes = {.count = 0};
    struct trn_row_scopes own = {.scopes = {push->auth->user}, .count = 1};
    struct meeting meeting = {.push = push, .change = change, .scopes = &own};
    bool found = false;
    bool reads = false;
    size_t unit = change->operation == TRN_OP_UPDATE || change->operation == TRN_OP_UNDO
                      ? change->unit
                      : TRN_UNIT_EXISTENCE;
    tern_status status =
        trn_facts_row_scopes(push->facts, change->table, &change->id, &found, &scopes, error);

    if (status == TERN_OK && found) {
        status = trn_access_reads(push, &scopes, &reads, error);
    }
    if (status == TERN_OK && reads) {
        meeting.scopes = &scopes;
        status = push->db->ops->row_read(push->db->ops->writer(push->db),
                                         change->table,
                                         &change->id,
                                         &found,
                                         &meeting.before,
                                         error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (change->operation != TRN_OP_INSERT) {
        return discard_unit(&meeting, unit, reads, error);
    }
    for (unit = 1; unit < change->table->unit_count && status == TERN_OK; unit++) {
        status = discard_unit(&meeting, unit, reads, error);
    }
    return status;
}

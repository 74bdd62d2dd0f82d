/*
 * A change that meets a row: unit by unit, the merge that devices run, too.
 *
 * The row's values are borrowed from the database until the next read of its table, so until it is
 * written nothing is read but transactions and people's roles. What is set aside is kept in mind on
 * the way, and written as audit rows once the row itself could be.
 */
#include "server/meeting.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "merge/merge.h"
#include "schema/schema.h"
#include "server/access.h"
#include "server/row_write.h"
#include "wire/values.h"

tern_status trn_meeting_stamp(struct trn_push *push,
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

/* Whether it is an insert of what is left of a transaction. */
static bool yields(const struct trn_meeting *meeting)
{
    return meeting->push->is_left && meeting->change->operation == TRN_OP_INSERT;
}

static void keep_audit(struct trn_meeting *meeting,
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

static void take_unit(struct trn_meeting *meeting, size_t unit, enum trn_rank rank)
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
static void overlay(const struct trn_meeting *meeting, size_t unit, tern_value *ret_values)
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
static tern_status check_losing(const struct trn_meeting *meeting, size_t unit, tern_error *error)
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

#ifdef TERN_MUTANTS
static struct trn_slice value_bytes(const tern_value *value)
{
    return value->kind >= TERN_TEXT ? trn_slice_make(value->data, value->size)
                                    : trn_slice_make(&value->integer, sizeof value->integer);
}
#endif

static tern_status merge_unit(struct trn_meeting *meeting, size_t unit, tern_error *error)
{
    struct trn_push *push = meeting->push;
    const struct trn_table *table = meeting->change->table;
    int64_t key = meeting->after.version.keys[unit];
    tern_value values[TRN_COLUMNS_MAX];
    struct trn_merge_unit_input input = {.current_written = false};
    struct trn_merge_unit_result result;
    struct trn_db_tx current = {.time_us = 0};
    tern_status status =
        trn_meeting_stamp(push, &meeting->after.version, unit, &input, &current, error);

    if (status != TERN_OK) {
        return status;
    }
    overlay(meeting, unit, values);
    input.incoming.rank = trn_row_write_rank(push, meeting->change, unit, values);
    input.incoming.time_us = push->entry.time_us;
    input.incoming.device = push->entry.device;
    input.base_is_current = key != 0 && key == meeting->base;
    input.same_tx = key == push->entry.number;
    input.same_values = trn_unit_equal(table, unit, meeting->after.values, values);
    input.yields = yields(meeting);
    result = trn_merge_unit(&input);
#ifdef TERN_MUTANTS
    if (TRN_MUTANT(TIE_BY_VALUE) && result.rule == TRN_RULE_DEVICE) {
        uint16_t column = table->units[unit].columns[0];

        result.incoming_wins = trn_slice_compare(value_bytes(&values[column]),
                                                 value_bytes(&meeting->after.values[column])) > 0;
    }
#endif
    if (!result.incoming_wins) {
        status = check_losing(meeting, unit, error);
    }
    if (result.audit) {
        keep_audit(meeting, unit, &result, &current, 0);
    }
    if (result.incoming_wins) {
        take_unit(meeting, unit, input.incoming.rank);
        meeting->after.deleted_at_us = TRN_MUTANT(DELETE_UNDONE) ? 0 : meeting->after.deleted_at_us;
    }
    return status;
}

/* Equal but for created_at, which two makers of one row cannot share, and the server's units. */
static bool same_content(const struct trn_meeting *meeting)
{
    const struct trn_table *table = meeting->change->table;

    for (size_t index = 1; index < table->column_count; index++) {
        if (trn_access_owns_unit(meeting->push, table, table->columns[index].unit) &&
            !trn_value_equal(&meeting->after.values[index], &meeting->change->values[index])) {
            return false;
        }
    }
    return true;
}

static tern_status check_immutable(const struct trn_meeting *meeting, tern_error *error)
{
    const struct trn_table *table = meeting->change->table;

    for (size_t index = 1; index < table->column_count; index++) {
        if (table->columns[index].immutable && trn_change_carries(meeting->change, index) &&
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

static void merge_existence(struct trn_meeting *meeting,
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

static tern_status merge_row(struct trn_meeting *meeting, tern_error *error)
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
    tern_status status = trn_meeting_stamp(push,
                                           &meeting->after.version,
                                           TRN_UNIT_EXISTENCE,
                                           &input.existence,
                                           &current,
                                           error);

    if (status != TERN_OK) {
        return status;
    }
    if (push->is_left && input.deleted) {
        input.base_is_current = true; /* it had seen what it wrote over, which was older */
    }
    input.same_content =
        table->append_only && change->operation == TRN_OP_INSERT && same_content(meeting);
    input.existence.incoming.rank =
        trn_row_write_rank(push, change, TRN_UNIT_EXISTENCE, meeting->after.values);
    input.existence.incoming.time_us = push->entry.time_us;
    input.existence.incoming.device = push->entry.device;
    input.existence.same_tx = key == push->entry.number;
    input.existence.yields = yields(meeting);
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
        if (trn_access_owns_unit(push, table, unit)) {
            status = merge_unit(meeting, unit, error);
        }
    }
    return status;
}

/* The highest time of its units. */
static tern_status set_updated_at(struct trn_meeting *meeting, tern_error *error)
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
write_merged(struct trn_meeting *meeting, bool last_call, bool *ret_waits, tern_error *error)
{
    struct trn_push *push = meeting->push;
    const struct trn_table *table = meeting->change->table;
    tern_status status = trn_values_check_size(table, meeting->after.values, error);

    if (status == TERN_OK) {
        status = trn_access_check_opening(push, table, &meeting->before, &meeting->after, error);
    }
    if (status == TERN_OK) {
        status = set_updated_at(meeting, error);
    }
    if (status == TERN_OK) {
        status = push->db->ops->row_replace(push->db, table, &meeting->after, error);
        if (status != TERN_OK) {
            return trn_row_write_failed(push,
                                        table,
                                        &meeting->after,
                                        status,
                                        last_call,
                                        ret_waits,
                                        error);
        }
        trn_row_write_replaced(push, table, &meeting->before, &meeting->after);
    }
    if (status == TERN_OK && !TRN_MUTANT(LOG_MISSING)) {
        status = trn_row_write_log(push,
                                   table,
                                   &meeting->change->id,
                                   meeting->scopes,
                                   trn_version_newest(&meeting->before.version, table->unit_count),
                                   error);
    }
    return status;
}

static tern_status
apply_met(struct trn_meeting *meeting, bool last_call, bool *ret_waits, tern_error *error)
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
tern_status trn_meet(struct trn_push *push,
                     const struct trn_change *change,
                     const struct trn_row_scopes *scopes,
                     bool last_call,
                     bool *ret_waits,
                     tern_error *error)
{
    struct trn_meeting meeting = {.push = push, .change = change, .scopes = scopes};
    bool found = false;
    tern_status status = trn_row_write_base(push, change, &meeting.base, error);

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
    if (change->operation == TRN_OP_INSERT) {
        status = trn_access_check_units(push, change, meeting.before.values, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    meeting.after = meeting.before;
    return apply_met(&meeting, last_call, ret_waits, error);
}

/*
 * One change against the database: where it lies, whether it may, what it references, and the
 * merge.
 *
 * Order matters because rows are borrowed from the database until the next read of the same table:
 * scopes and references are looked up first, then the row itself is read, and nothing but numbers
 * and people's roles is read until it is written.
 */
#include "server/apply.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "base/uuid.h"
#include "server/access.h"
#include "server/erased.h"
#include "server/meeting.h"
#include "server/row_write.h"
#include "wire/values.h"

/* ---- References ---- */

/* A row of another record is no more to be referenced than one that is not there, unless the column
 * may leave the scope; and it is waited for as long, so that nobody learns that it is there. */
static tern_status find_target(struct trn_push *push,
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

    if (status == TERN_OK && *ret_found && !column->may_leave) {
        *ret_found = trn_row_scopes_meet(scopes, &theirs);
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

        if (column->target == TRN_NO_TABLE || !trn_change_carries(change, index) ||
            !trn_value_id(&change->values[index], &target) ||
            (column->target == change->table->index && trn_id_equal(&target, &change->id))) {
            continue;
        }
        status = find_target(push, column, scopes, &target, &found, error);
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
        if (!found) {
            trn_waiting_wish(push->waiting,
                             trn_thing_added(&push->db->schema->tables[column->target], &target));
            *ret_waits = true;
        }
    }
    return TERN_OK;
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
                        trn_row_write_rank(push, change, unit, row.values));
    }
    status = trn_values_check_size(table, row.values, error);
    if (status == TERN_OK) {
        status = trn_access_check_opening(push, table, NULL, &row, error);
    }
    if (status == TERN_OK) {
        status = push->db->ops->row_add(push->db, table, &row, push->entry.received_us, error);
        if (status != TERN_OK) {
            return trn_row_write_failed(push, table, &row, status, last_call, ret_waits, error);
        }
        trn_waiting_happened(push->waiting, trn_thing_added(table, &row.id));
    }
    if (status == TERN_OK) {
        status = trn_row_write_log(push, table, &row.id, scopes, 0, error);
    }
    if (status == TERN_OK) {
        trn_facts_put_row(push->facts, table, &row.id, scopes);
    }
    return status;
}

/* A path to its record leads over rows that are not there yet, or that nobody may see yet. */
static void wish_for_path(struct trn_push *push, const struct trn_change *change)
{
    for (size_t i = 0; i < change->table->scope_count; i++) {
        const struct trn_scope_path *path = &change->table->scopes[i];
        const struct trn_column *column = &change->table->columns[path->columns[0]];
        tern_id target;

        if (path->hop_count > 0 && column->target != TRN_NO_TABLE &&
            trn_value_id(&change->values[path->columns[0]], &target)) {
            trn_waiting_wish(push->waiting,
                             trn_thing_added(&push->db->schema->tables[column->target], &target));
        }
    }
    trn_waiting_wish(push->waiting, trn_thing_grants());
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

    if (change->operation == TRN_OP_DELETE && push->is_left) {
        return TERN_OK; /* it is gone, as it was to be */
    }
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
    if (status == TERN_OK && !open) {
        status = trn_access_hides(push, change->table, &scopes, &open, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (open && !last_call) {
        wish_for_path(push, change);
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
    status = trn_erased_check(push, change, error);
    if (status == TERN_OK && change->operation == TRN_OP_INSERT) {
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
    return trn_meet(push, change, &scopes, last_call, ret_waits, error);
}

/* ---- Discards ---- */

static tern_status
discard_unit(struct trn_meeting *meeting, size_t unit, bool writes, tern_error *error)
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

    if (writes) {
        status = trn_meeting_stamp(push, &meeting->before.version, unit, &input, &current, error);
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

/* An author's discard is always taken. It adds to no record that its author may not write: it goes
 * into the author's own then, and holds nothing of the other, which may close to them any day. */
tern_status
trn_apply_discard(struct trn_push *push, const struct trn_change *change, tern_error *error)
{
    struct trn_row_scopes scopes = {.count = 0};
    struct trn_row_scopes own = {.scopes = {push->auth->user}, .count = 1};
    struct trn_meeting meeting = {.push = push, .change = change, .scopes = &own};
    bool found = false;
    bool writes = false;
    bool gone = false;
    size_t unit = change->operation == TRN_OP_UPDATE || change->operation == TRN_OP_UNDO
                      ? change->unit
                      : TRN_UNIT_EXISTENCE;
    tern_status status = trn_erased_check(push, change, error);

    if (TRN_MUTANT(DISCARD_UNAUDITED)) {
        return TERN_OK;
    }
    if (status == TERN_ERR_ERASED) {
        trn_error_clear(error);
        return TERN_OK; /* nothing of it is to be kept */
    }
    if (status == TERN_OK) {
        status =
            trn_facts_row_scopes(push->facts, change->table, &change->id, &found, &scopes, error);
    }
    if (status == TERN_OK && found) {
        status = trn_access_writes(push, change->table, &scopes, &writes, error);
    }
    if (status == TERN_OK && writes) {
        meeting.scopes = &scopes;
        status = push->db->ops->row_read(push->db->ops->writer(push->db),
                                         change->table,
                                         &change->id,
                                         &found,
                                         &meeting.before,
                                         error);
    }
    if (status == TERN_OK && !writes) {
        status = trn_erased_is_author(push, &gone, error);
    }
    if (status != TERN_OK || gone) {
        return status;
    }
    if (change->operation != TRN_OP_INSERT) {
        return discard_unit(&meeting, unit, writes, error);
    }
    for (unit = 1; unit < change->table->unit_count && status == TERN_OK; unit++) {
        status = discard_unit(&meeting, unit, writes, error);
    }
    return status;
}

/* A change is of an erased record by its own row, or by a row that binds it to one. */
#include "server/erased.h"

#include "base/error.h"
#include "base/mutant.h"
#include "model/about.h"
#include "wire/entry.h"

/* Of no table: any row of that id. */
static tern_status check_id(struct trn_push *push,
                            const struct trn_change *change,
                            const struct trn_table *table,
                            const tern_id *id,
                            tern_error *error)
{
    bool erased = false;
    tern_status status =
        push->db->ops->row_erased_read(push->db->ops->writer(push->db), table, id, &erased, error);

    if (status != TERN_OK || !erased) {
        return status;
    }
    push->met_erased = true;
    return trn_fail(error, TERN_ERR_ERASED, "%s: the record was erased", change->table->name);
}

/* Whether the column says whose record the row is in, or names a row of the same record, or the one
 * that this is about. */
static bool binds(const struct trn_table *table, size_t column)
{
    bool in_path = false;

    for (size_t i = 0; i < table->scope_count; i++) {
        in_path =
            in_path || (table->scopes[i].hop_count > 0 && table->scopes[i].columns[0] == column);
    }
    return trn_column_is_about(table, column) || (table->columns[column].target != TRN_NO_TABLE &&
                                                  (in_path || !table->columns[column].may_leave));
}

tern_status
trn_erased_check(struct trn_push *push, const struct trn_change *change, tern_error *error)
{
    tern_status status = TERN_OK;

    if (!push->any_erased || TRN_MUTANT(ERASED_TAKEN)) {
        return TERN_OK;
    }
    status = check_id(push, change, change->table, &change->id, error);
    for (size_t i = 0; i < change->table->column_count && status == TERN_OK; i++) {
        const uint16_t table = change->table->columns[i].target;
        tern_id target;

        if (binds(change->table, i) && trn_change_carries(change, i) &&
            trn_value_id(&change->values[i], &target)) {
            status = check_id(push,
                              change,
                              table == TRN_NO_TABLE ? NULL : &push->db->schema->tables[table],
                              &target,
                              error);
        }
    }
    return status;
}

/* Whether the row, or the record, is gone for good. */
static tern_status
is_gone(struct trn_push *push, const tern_id *id, bool *ret_gone, tern_error *error)
{
    struct trn_db_erased erased = {.flags = 0};
    tern_status status =
        push->any_erased
            ? push->db->ops->erased_read(push->db->ops->writer(push->db), id, &erased, error)
            : TERN_OK;

    *ret_gone = (erased.flags & TRN_ERASED_ITSELF) != 0;
    return status;
}

tern_status trn_erased_is_author(struct trn_push *push, bool *ret_gone, tern_error *error)
{
    tern_status status = is_gone(push, &push->auth->user, ret_gone, error);

    push->met_erased = push->met_erased || (status == TERN_OK && *ret_gone);
    return status;
}

tern_status
trn_erased_check_rejected(struct trn_push *push, struct trn_slice bytes, tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_change change;
    tern_error cause = {.status = TERN_OK};
    bool any = true;
    tern_status status;

    if (!push->any_erased || push->met_erased) {
        return TERN_OK;
    }
    status = trn_erased_is_author(push, &any, error);
    if (status != TERN_OK || any) {
        return status;
    }
    any = true;
    status = trn_entry_open(&reader, push->db->schema, bytes, &cause);
    while (status == TERN_OK && any && !push->met_erased) {
        status = trn_entry_next(&reader, &any, &change, &cause);
        if (status == TERN_OK && any) {
            status = trn_erased_check(push, &change, &cause);
        }
    }
    trn_entry_close(&reader);
    if (status != TERN_OK && !trn_push_rejects(status)) {
        return trn_fail(error, status, "%s", cause.message);
    }
    return TERN_OK;
}

/* A base is a number of this epoch, or names an earlier entry of the same device. */
#include "server/row_write.h"

#include "base/error.h"
#include "base/mutant.h"
#include "wire/entry.h"

tern_status trn_row_write_base(struct trn_push *push,
                               const struct trn_change *change,
                               int64_t *ret_number,
                               tern_error *error)
{
    struct trn_db_entry entry;
    bool found = false;
    tern_status status;

    if (change->base >= 0) {
        *ret_number = push->same_epoch || TRN_MUTANT(FOREIGN_BASES) ? change->base : 0;
        return TERN_OK;
    }
    if (change->base == INT64_MIN) {
        *ret_number = 0; /* no ordinal is that far */
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

tern_status trn_row_write_log(struct trn_push *push,
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
        trn_waiting_happened(push->waiting, trn_thing_grants());
    }
    return status;
}

/* A key that is taken now may be freed by a later change of the same transaction, and so may it be
 * left, where that changes this row. */
tern_status trn_row_write_failed(struct trn_push *push,
                                 const struct trn_table *table,
                                 const struct trn_row *row,
                                 tern_status status,
                                 bool last_call,
                                 bool *ret_waits,
                                 tern_error *error)
{
    if (status != TERN_ERR_UNIQUE || last_call) {
        return status;
    }
    for (size_t i = 0; i < table->unique_count; i++) {
        trn_waiting_wish(push->waiting, trn_thing_key(table, i, row->values));
    }
    trn_waiting_wish(push->waiting, trn_thing_changed(table, &row->id));
    *ret_waits = true;
    trn_error_clear(error);
    return TERN_OK;
}

void trn_row_write_replaced(struct trn_push *push,
                            const struct trn_table *table,
                            const struct trn_row *before,
                            const struct trn_row *after)
{
    if (!trn_waiting_any(push->waiting)) {
        return;
    }
    trn_waiting_happened(push->waiting, trn_thing_changed(table, &after->id));
    for (size_t i = 0; i < table->unique_count && before->deleted_at_us == 0; i++) {
        trn_thing key = trn_thing_key(table, i, before->values);

        if (after->deleted_at_us != 0 || key != trn_thing_key(table, i, after->values)) {
            trn_waiting_happened(push->waiting, key);
        }
    }
}

enum trn_rank trn_row_write_rank(const struct trn_push *push,
                                 const struct trn_change *change,
                                 size_t unit,
                                 const tern_value *values)
{
    return trn_change_rank(change->table,
                           unit,
                           values,
                           trn_entry_kind_is_inferred(push->entry.kind),
                           change->operation == TRN_OP_UNDO,
                           change->operation == TRN_OP_INSERT);
}

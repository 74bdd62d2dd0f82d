/* Works a whole entry out in drafts, then writes them in one go. */
#include "engine/lay.h"

#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "engine/drafts.h"
#include "engine/undo.h"
#include "merge/merge.h"
#include "model/window.h"
#include "wire/entry.h"

struct laying {
    struct trn_work *work;
    const struct trn_lay *lay;
    struct trn_drafts *drafts;
    bool ground; /* the lines become ground */
};

static struct trn_stamp stamp_of(const struct trn_lay *lay, enum trn_rank rank)
{
    return (struct trn_stamp){.rank = rank, .time_us = lay->time_us, .device = lay->author};
}

/* The server stores what waits behind whatever it has of the same device, however late that was: a
 * page may tell of one before its verdict does. */
static struct trn_stamp stamp_over(const struct laying *laying,
                                   enum trn_rank rank,
                                   bool written,
                                   const struct trn_stamp *current)
{
    struct trn_stamp stamp = stamp_of(laying->lay, rank);

    if (laying->lay->waits && written && current->time_us >= stamp.time_us &&
        trn_id_equal(&current->device, &stamp.device)) {
        stamp.time_us = current->time_us + 1;
    }
    return stamp;
}

/* The unit is this entry's now. */
static void sign(struct laying *laying, struct trn_draft *draft, size_t unit, enum trn_rank rank)
{
    trn_version_set(&draft->version, unit, laying->lay->key, rank);
    draft->changed = true;
}

static tern_status copy_unit(struct laying *laying,
                             struct trn_draft *draft,
                             size_t unit,
                             const tern_value *values,
                             tern_error *error)
{
    const struct trn_unit *described = &draft->table->units[unit];
    tern_status status = TERN_OK;

    for (size_t i = 0; i < described->column_count && status == TERN_OK; i++) {
        uint16_t column = described->columns[i];

        status = trn_drafts_set(laying->drafts, draft, column, &values[column], error);
    }
    return status;
}

/* The rank of a unit, where the rule may ask for a column that the change does not carry. */
static enum trn_rank rank_of(const struct laying *laying,
                             const struct trn_draft *draft,
                             size_t unit,
                             const struct trn_change *change)
{
    const struct trn_unit *described = &draft->table->units[unit];
    tern_value values[TRN_COLUMNS_MAX];
    bool insert = change->operation == TRN_OP_INSERT;

    memcpy(values,
           insert ? change->values : draft->values,
           draft->table->column_count * sizeof *values);
    for (size_t i = 0; i < described->column_count; i++) {
        values[described->columns[i]] = change->values[described->columns[i]];
    }
    return trn_change_rank(draft->table,
                           unit,
                           values,
                           laying->lay->inferred,
                           change->operation == TRN_OP_UNDO,
                           insert);
}

static tern_status create(struct laying *laying,
                          struct trn_draft *draft,
                          const struct trn_change *change,
                          tern_error *error)
{
    const struct trn_table *table = draft->table;
    tern_status status = TERN_OK;

    for (uint16_t column = 0; column < table->column_count && status == TERN_OK; column++) {
        status = trn_drafts_set(laying->drafts, draft, column, &change->values[column], error);
    }
    draft->is = true;
    draft->deleted_at_us = 0;
    for (size_t unit = 0; unit < table->unit_count; unit++) {
        sign(laying, draft, unit, rank_of(laying, draft, unit, change));
    }
    return status;
}

/* As on the server: whether an insert of what is left meets what another entry wrote. */
static bool yields(const struct laying *laying,
                   const struct trn_draft *draft,
                   size_t unit,
                   const struct trn_change *change)
{
    return laying->lay->left && change->operation == TRN_OP_INSERT &&
           draft->version.keys[unit] != laying->lay->key;
}

static tern_status merge_unit(struct laying *laying,
                              struct trn_draft *draft,
                              size_t unit,
                              const struct trn_change *change,
                              tern_error *error)
{
    enum trn_rank rank = rank_of(laying, draft, unit, change);
    struct trn_merge_unit_input input = {.yields = yields(laying, draft, unit, change)};
    tern_status status = trn_known_stamp(&laying->work->known,
                                         laying->work->store,
                                         &draft->version,
                                         unit,
                                         &input.current_written,
                                         &input.current,
                                         error);

    if (status != TERN_OK) {
        return status;
    }
    input.incoming = stamp_over(laying, rank, input.current_written, &input.current);
    if (!trn_merge_unit(&input).incoming_wins) {
        return TERN_OK;
    }
    sign(laying, draft, unit, rank);
    return copy_unit(laying, draft, unit, change->values, error);
}

static tern_status merge_units(struct laying *laying,
                               struct trn_draft *draft,
                               const struct trn_change *change,
                               tern_error *error)
{
    tern_status status = TERN_OK;

    if (change->operation != TRN_OP_INSERT) {
        return merge_unit(laying, draft, change->unit, change, error);
    }
    for (size_t unit = TRN_UNIT_EXISTENCE + 1; unit < draft->table->unit_count && status == TERN_OK;
         unit++) {
        status = merge_unit(laying, draft, unit, change, error);
    }
    return status;
}

/* An insert, delete or undelete that won existence; created_at comes with the insert that did. */
static tern_status set_existence(struct laying *laying,
                                 struct trn_draft *draft,
                                 const struct trn_change *change,
                                 enum trn_rank rank,
                                 tern_error *error)
{
    sign(laying, draft, TRN_UNIT_EXISTENCE, rank);
    draft->deleted_at_us = change->operation == TRN_OP_DELETE ? laying->lay->time_us : 0;
    if (change->operation != TRN_OP_INSERT) {
        return TERN_OK;
    }
    return trn_drafts_set(laying->drafts, draft, 0, &change->values[0], error);
}

/* Equal but for created_at, which two makers of one row cannot share. */
static bool has_same_content(const struct trn_draft *draft, const struct trn_change *change)
{
    for (size_t column = 1; column < draft->table->column_count; column++) {
        if (!trn_value_equal(&draft->values[column], &change->values[column])) {
            return false;
        }
    }
    return true;
}

static tern_status describe(struct laying *laying,
                            const struct trn_draft *draft,
                            const struct trn_change *change,
                            struct trn_merge_row_input *ret_input,
                            tern_error *error)
{
    enum trn_rank rank = laying->lay->inferred ? TRN_RANK_0_INFERRED : TRN_RANK_1_RECORDED;
    struct trn_merge_row_input input = {.operation = change->operation};
    struct trn_merge_unit_input *existence = &input.existence;
    tern_status status = trn_known_stamp(&laying->work->known,
                                         laying->work->store,
                                         &draft->version,
                                         TRN_UNIT_EXISTENCE,
                                         &existence->current_written,
                                         &existence->current,
                                         error);

    input.exists = draft->is;
    input.deleted = draft->is && draft->deleted_at_us != 0;
    input.append_only = draft->table->append_only;
    input.same_content = input.append_only && change->operation == TRN_OP_INSERT && draft->is &&
                         has_same_content(draft, change);
    input.base_is_current = laying->lay->left && input.deleted;
    existence->incoming = stamp_over(laying, rank, existence->current_written, &existence->current);
    existence->yields = yields(laying, draft, TRN_UNIT_EXISTENCE, change);
    *ret_input = input;
    return status;
}

/* Until this laying has changed the row, only a page can have signed it. */
static bool is_told(const struct laying *laying, const struct trn_draft *draft)
{
    if (!laying->lay->told || !draft->is || draft->changed) {
        return false;
    }
    for (size_t unit = 0; unit < draft->table->unit_count; unit++) {
        if (draft->version.keys[unit] == laying->lay->key) {
            return true;
        }
    }
    return false;
}

/* What it is by now is still to come, and the server knows it. */
static tern_status
meet_aside(struct laying *laying, const struct trn_draft *draft, tern_error *error)
{
    if (laying->ground) {
        return TERN_OK;
    }
    laying->work->met_aside = true;
    return trn_fail(error, TERN_ERR_UNIQUE, "%s: the row has made way", draft->table->name);
}

static tern_status
lay_change(struct laying *laying, const struct trn_change *change, tern_error *error)
{
    struct trn_merge_row_input input;
    struct trn_merge_row_result result;
    struct trn_draft *draft = NULL;
    tern_status status = trn_drafts_open(laying->drafts,
                                         laying->work->store,
                                         change->table,
                                         &change->id,
                                         &draft,
                                         error);

    if (status != TERN_OK || is_told(laying, draft)) {
        return status;
    }
    if (draft->is && trn_work_made_way(&draft->version, draft->deleted_at_us)) {
        return meet_aside(laying, draft, error);
    }
    status = describe(laying, draft, change, &input, error);
    if (status != TERN_OK) {
        return status;
    }
    if (!draft->is && change->operation != TRN_OP_INSERT && trn_window_is_declared(change->table)) {
        return TERN_OK; /* it may have left for its age: the server has it and knows */
    }
    result = trn_merge_row(&input);
    if (result.status != TERN_OK) {
        /* What the server has applied meets a row here that its next page brings up to date. */
        return laying->ground ? TERN_OK
                              : trn_fail(error,
                                         result.status,
                                         "%s: the row has changed meanwhile",
                                         change->table->name);
    }
    if (result.create) {
        return create(laying, draft, change, error);
    }
    if (result.existence.incoming_wins) {
        status = set_existence(laying, draft, change, input.existence.incoming.rank, error);
    }
    if (status == TERN_OK && result.merge_units) {
        status = merge_units(laying, draft, change, error);
    }
    return status;
}

static tern_status lay_lines(struct laying *laying, struct trn_slice body, tern_error *error)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, laying->work->engine->schema, body, error);

    while (status == TERN_OK) {
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        status = lay_change(laying, &change, error);
    }
    trn_entry_close(&reader);
    return status;
}

static tern_status date_rows(struct laying *laying, tern_error *error)
{
    struct trn_work *work = laying->work;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < trn_drafts_count(laying->drafts) && status == TERN_OK; i++) {
        struct trn_draft *draft = trn_drafts_at(laying->drafts, i);

        if (draft->changed) {
            status = trn_known_newest(&work->known,
                                      work->store,
                                      &draft->version,
                                      draft->table->unit_count,
                                      &draft->updated_at_us,
                                      error);
        }
    }
    return status;
}

/* The units of the draft that are this entry's. */
static uint16_t signed_units(const struct laying *laying, const struct trn_draft *draft)
{
    unsigned units = 0;

    for (size_t unit = 0; unit < draft->table->unit_count; unit++) {
        if (draft->version.keys[unit] == laying->lay->key) {
            units |= 1U << unit;
        }
    }
    return (uint16_t)units;
}

static tern_status write_undo(struct laying *laying, struct trn_bytes *undo, tern_error *error)
{
    struct trn_row before;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < trn_drafts_count(laying->drafts) && status == TERN_OK; i++) {
        const struct trn_draft *draft = trn_drafts_at(laying->drafts, i);
        bool found = false;

        if (!draft->changed) {
            continue;
        }
        status = trn_store_row_read(laying->work->store,
                                    draft->table,
                                    &draft->id,
                                    &found,
                                    &before,
                                    error);
        if (status != TERN_OK) {
            break;
        }
        status = found
                     ? trn_undo_write_row(undo, draft->table, &before, signed_units(laying, draft))
                     : trn_undo_write_absent(undo, draft->table, &draft->id);
        if (status != TERN_OK) {
            status = trn_fail_nomem(error);
        }
    }
    return status;
}

tern_status trn_lay(struct trn_work *work,
                    const struct trn_lay *lay,
                    struct trn_slice body,
                    struct trn_bytes *undo,
                    tern_error *error)
{
    struct laying laying = {.work = work, .lay = lay, .ground = undo == NULL};
    tern_status status = trn_drafts_new(&laying.drafts, error);

    if (status != TERN_OK) {
        return status;
    }
    status = lay_lines(&laying, body, error);
    if (status == TERN_OK) {
        status = date_rows(&laying, error);
    }
    if (status == TERN_OK && undo != NULL) {
        status = write_undo(&laying, undo, error);
    }
    if (status == TERN_OK) {
        status = trn_drafts_write(laying.drafts, work->store, error);
    }
    trn_drafts_free(laying.drafts);
    return status;
}

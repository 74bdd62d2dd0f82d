/* Record by record. */
#include "engine/lift.h"

#include "engine/drafts.h"
#include "engine/undo.h"

static tern_status restore(struct trn_drafts *drafts,
                           struct trn_draft *draft,
                           const struct trn_undo_record *record,
                           tern_error *error)
{
    tern_status status = TERN_OK;

    draft->updated_at_us = record->updated_at_us;
    draft->deleted_at_us = record->deleted_at_us;
    draft->version = record->version;
    for (uint16_t column = 0; column < record->table->column_count && status == TERN_OK; column++) {
        uint16_t unit = record->table->columns[column].unit;

        /* Of existence an image holds created_at alone: the others never change. */
        if ((unit != TRN_UNIT_EXISTENCE || column == 0) && (record->units & 1U << unit) != 0) {
            status = trn_drafts_set(drafts, draft, column, &record->values[column], error);
        }
    }
    return status;
}

static tern_status take_back(struct trn_drafts *drafts,
                             struct trn_store *store,
                             const struct trn_undo_record *record,
                             tern_error *error)
{
    struct trn_draft *draft = NULL;
    tern_status status =
        record->absent
            ? trn_drafts_open_bare(drafts, store, record->table, &record->id, &draft, error)
            : trn_drafts_open(drafts, store, record->table, &record->id, &draft, error);

    if (status != TERN_OK || !draft->was) {
        return status;
    }
    draft->changed = true;
    draft->is = !record->absent;
    return record->absent ? TERN_OK : restore(drafts, draft, record, error);
}

static tern_status take_all_back(struct trn_drafts *drafts,
                                 struct trn_work *work,
                                 struct trn_slice image,
                                 tern_error *error)
{
    struct trn_undo_reader reader;
    struct trn_undo_record record;
    bool any = true;
    tern_status status = TERN_OK;

    trn_undo_reader_open(&reader, work->engine->schema, image);
    while (status == TERN_OK) {
        status = trn_undo_next(&reader, &any, &record, error);
        if (status != TERN_OK || !any) {
            break;
        }
        status = take_back(drafts, work->store, &record, error);
    }
    return status;
}

tern_status
trn_lift(struct trn_work *work, struct trn_drafts *drafts, uint64_t ordinal, tern_error *error)
{
    struct trn_bytes image = {0};
    tern_status status = trn_outbox_undo(work->store, ordinal, &image, error);

    if (status == TERN_OK) {
        status = take_all_back(drafts, work, trn_bytes_slice(&image), error);
    }
    trn_bytes_free(&image);
    return status;
}

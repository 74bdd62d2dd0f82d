/* What the model holds: rows and receipts, and how they are found. */
#include "sim/model/internal.h"

#include <string.h>

const struct trn_table *model_table(const struct model *model, size_t table)
{
    return &model->schema->tables[table];
}

struct model_row *model_find(const struct model *model, size_t table, const tern_id *id)
{
    for (size_t i = 0; i < model->rows.count; i++) {
        struct model_row *row = model_list_at(&model->rows, i);

        if (row->table == table && model_id_equal(&row->id, id)) {
            return row;
        }
    }
    return NULL;
}

struct model_row *model_touch(struct model *model, size_t table, const tern_id *id)
{
    struct model_row *row = model_find(model, table, id);
    struct model_trace *trace = model_list_add(&model->traces);

    trace->index = (size_t)(row - (struct model_row *)model->rows.items);
    trace->row = *row;
    return row;
}

struct model_row *model_create(struct model *model, size_t table, const tern_id *id)
{
    struct model_trace *trace = model_list_add(&model->traces);
    struct model_row *row;

    trace->index = model->rows.count;
    trace->absent = true;
    row = model_list_add(&model->rows);
    row->table = table;
    row->id = *id;
    return row;
}

size_t model_row_count(const struct model *model)
{
    return model->rows.count;
}

const struct model_row *model_row_at(const struct model *model, size_t index)
{
    return model_list_at(&model->rows, index);
}

const struct model_row *model_row_find(const struct model *model, size_t table, const tern_id *id)
{
    return model_find(model, table, id);
}

int64_t model_row_updated(const struct model *model, const struct model_row *row)
{
    int64_t updated_us = INT64_MIN;

    for (size_t unit = 0; unit < model_table(model, row->table)->unit_count; unit++) {
        if (row->units[unit].number != 0 && row->units[unit].time_us > updated_us) {
            updated_us = row->units[unit].time_us;
        }
    }
    return updated_us;
}

bool model_carries(const struct model *model, const struct model_change *change, size_t column)
{
    return change->operation == MODEL_INSERT ||
           ((change->operation == MODEL_UPDATE || change->operation == MODEL_UNDO) &&
            model_table(model, change->table)->columns[column].unit == change->unit);
}

/* Two clones may have used one ordinal: what this device handed in is meant, else what its author
 * did, else what was applied, else the first. */
static int closeness(const struct model_case *kase, const struct model_receipt *receipt)
{
    return 4 * model_id_equal(&receipt->sender, &kase->request->device) +
           2 * model_id_equal(&receipt->sender, &receipt->author) +
           (receipt->verdict.kind == MODEL_APPLIED);
}

const struct model_receipt *
model_receipt_of(const struct model *model, const struct model_case *kase, uint64_t ordinal)
{
    const struct model_receipt *found = NULL;

    for (size_t i = 0; i < model->receipts.count; i++) {
        const struct model_receipt *receipt = model_list_at(&model->receipts, i);

        if (!receipt->left && receipt->ordinal == ordinal &&
            model_id_equal(&receipt->author, &kase->tx->author) &&
            (found == NULL || closeness(kase, receipt) > closeness(kase, found))) {
            found = receipt;
        }
    }
    return found;
}

/* `ids` is a copy of the list that can be searched; the list itself keeps the order of finding. */
#include "server/erasure.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"

const struct trn_erase_item *trn_erasure_items(const struct trn_erasure *erasure)
{
    return (const void *)erasure->items.data;
}

size_t trn_erasure_count(const struct trn_erasure *erasure)
{
    return erasure->items.size / sizeof(struct trn_erase_item);
}

tern_status
trn_erasure_append(struct trn_bytes *list, const void *item, size_t size, tern_error *error)
{
    return trn_bytes_append(list, item, size) == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

/* Rows of few tables are found twice, so a walk over all is good enough for them. */
bool trn_erasure_lists(const struct trn_erasure *erasure,
                       const struct trn_table *table,
                       const tern_id *id)
{
    for (size_t i = 0; i < trn_erasure_count(erasure); i++) {
        const struct trn_erase_item *item = &trn_erasure_items(erasure)[i];

        if (item->table == table && trn_id_equal(&item->id, id)) {
            return true;
        }
    }
    return false;
}

/* What goes, as `ids` holds it: sorted by id, then by table. */
struct gone {
    tern_id id;
    uint16_t table;
};

static int compare_ids(const void *left, const void *right)
{
    return trn_id_compare(&((const struct gone *)left)->id, &((const struct gone *)right)->id);
}

static int compare_gone(const void *left, const void *right)
{
    const struct gone *a = left;
    const struct gone *b = right;
    int order = compare_ids(left, right);

    return order != 0 ? order : (a->table > b->table) - (a->table < b->table);
}

static tern_status
add_gone(struct trn_erasure *erasure, const tern_id *id, uint16_t table, tern_error *error)
{
    struct gone gone;

    memset(&gone, 0, sizeof(gone));
    gone.id = *id;
    gone.table = table;
    return trn_erasure_append(&erasure->ids, &gone, sizeof(gone), error);
}

tern_status trn_erasure_sort(struct trn_erasure *erasure, tern_error *error)
{
    tern_status status = TERN_OK;

    trn_bytes_clear(&erasure->ids);
    if (erasure->person != NULL) {
        status = add_gone(erasure, erasure->person, erasure->db->schema->users_table, error);
    }
    for (size_t i = 0; i < trn_erasure_count(erasure) && status == TERN_OK; i++) {
        const struct trn_erase_item *item = &trn_erasure_items(erasure)[i];

        status = add_gone(erasure, &item->id, item->table->index, error);
    }
    if (status == TERN_OK && erasure->ids.size > 0) {
        qsort(erasure->ids.data,
              erasure->ids.size / sizeof(struct gone),
              sizeof(struct gone),
              compare_gone);
    }
    return status;
}

/* Whether that row goes; of no table: any of that id. */
bool trn_erasure_takes(const struct trn_erasure *erasure,
                       const struct trn_table *table,
                       const tern_id *id)
{
    const struct gone wanted = {*id, table == NULL ? 0 : table->index};

    return bsearch(&wanted,
                   erasure->ids.data,
                   erasure->ids.size / sizeof(struct gone),
                   sizeof(struct gone),
                   table == NULL ? compare_ids : compare_gone) != NULL;
}

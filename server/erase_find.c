/* The list grows while it is walked: what is found may be named by more. */
#include "server/erase_find.h"

#include <string.h>

#include "base/error.h"
#include "base/mutant.h"
#include "base/portion.h"
#include "model/about.h"

enum { PLACES_AT_ONCE = 256 };

static tern_status find_in_log(struct trn_erasure *erasure, tern_error *error)
{
    const size_t room = trn_portion(PLACES_AT_ONCE);
    struct trn_db_place places[PLACES_AT_ONCE];
    struct trn_db_place after = {.table = TRN_NO_TABLE};
    size_t count = room;
    tern_status status = TERN_OK;

    while (status == TERN_OK && count == room) {
        status =
            erasure->db->ops
                ->log_read(erasure->view, erasure->person, &after, places, room, &count, error);
        for (size_t i = 0; i < count && status == TERN_OK; i++) {
            const struct trn_erase_item item = {&erasure->db->schema->tables[places[i].table],
                                                places[i].id};

            after = places[i];
            status = trn_erasure_append(&erasure->items, &item, sizeof(item), error);
        }
    }
    return status;
}

static tern_status find_pointer(void *context, const tern_id *id, tern_error *error)
{
    struct trn_erasure *erasure = context;
    const struct trn_column *column = &erasure->table->columns[erasure->column];
    const struct trn_erase_item item = {erasure->table, *id};
    const struct trn_erase_pointer pointer = {erasure->table, *id, erasure->column};

    if (trn_erasure_lists(erasure, erasure->table, id)) {
        return TERN_OK;
    }
    if (column->on_delete == TRN_DELETE_CASCADE) {
        return trn_erasure_append(&erasure->items, &item, sizeof(item), error);
    }
    if (column->on_delete == TRN_DELETE_SET_NULL && column->nullable) {
        return trn_erasure_append(&erasure->pointers, &pointer, sizeof(pointer), error);
    }
    return trn_fail(error,
                    TERN_ERR_FOREIGN_KEY,
                    "%s.%s: a row of another record holds this one",
                    erasure->table->name,
                    column->name);
}

/* Only a reference that may leave its scope can come from outside the record, or one to a row that
 * lies in other records, too. */
static tern_status
find_pointers(struct trn_erasure *erasure, const struct trn_erase_item *item, tern_error *error)
{
    const struct trn_schema *schema = erasure->db->schema;
    tern_status status = TERN_OK;

    for (size_t i = 0; i < schema->table_count; i++) {
        erasure->table = &schema->tables[i];
        for (uint16_t c = 0; c < erasure->table->column_count && status == TERN_OK; c++) {
            const struct trn_column *column = &erasure->table->columns[c];

            if (column->target != item->table->index ||
                (!column->may_leave && item->table->scope_count < 2)) {
                continue;
            }
            erasure->column = c;
            status = erasure->db->ops->rows_naming(erasure->view,
                                                   erasure->table,
                                                   c,
                                                   &item->id,
                                                   find_pointer,
                                                   erasure,
                                                   error);
        }
    }
    return status;
}

static tern_status note_id(void *context, const tern_id *id, tern_error *error)
{
    return trn_erasure_append(context, id, sizeof(*id), error);
}

/* Adds an audit row unless it is about another table's row. */
static tern_status add_audit(struct trn_erasure *erasure,
                             const struct trn_table *table,
                             const tern_id *id,
                             const char *about,
                             tern_error *error)
{
    const struct trn_erase_item audit = {table, *id};
    const tern_value wanted = tern_value_text(about);
    struct trn_row row;
    bool found = false;
    tern_status status;

    if (trn_erasure_lists(erasure, table, id)) {
        return TERN_OK;
    }
    status = erasure->db->ops->row_read(erasure->view, table, id, &found, &row, error);
    if (status != TERN_OK || !found ||
        !trn_value_equal(&row.values[trn_table_column(table, "table_name")], &wanted)) {
        return status;
    }
    return trn_erasure_append(&erasure->items, &audit, sizeof(audit), error);
}

tern_status trn_erase_find_audits(struct trn_erasure *erasure,
                                  const struct trn_erase_item *item,
                                  tern_error *error)
{
    const struct trn_schema *schema = erasure->db->schema;
    const struct trn_table *table = &schema->tables[schema->table_count - 1];
    const char *about = item->table->name;
    struct trn_bytes ids = {0};
    tern_status status;

    if (item->table == table) {
        return TERN_OK;
    }
    status = erasure->db->ops->rows_naming(erasure->view,
                                           table,
                                           trn_table_column(table, "row_id"),
                                           &item->id,
                                           note_id,
                                           &ids,
                                           error);
    for (size_t at = 0; at < ids.size && status == TERN_OK; at += sizeof(tern_id)) {
        tern_id id;

        memcpy(&id, ids.data + at, sizeof(id));
        status = add_audit(erasure, table, &id, about, error);
    }
    trn_bytes_free(&ids);
    return status;
}

/* What was set aside of a row stands in the audit of other records as well: of those that it lies
 * in, and of those whose persons discarded a change of it. */
static tern_status find_behind(struct trn_erasure *erasure, size_t first, tern_error *error)
{
    tern_status status = TERN_OK;

    /* The list grows on the way. */
    for (size_t i = first; i < trn_erasure_count(erasure) && status == TERN_OK; i++) {
        const struct trn_erase_item item = trn_erasure_items(erasure)[i];

        status = find_pointers(erasure, &item, error);
        if (status == TERN_OK) {
            status = trn_erase_find_audits(erasure, &item, error);
        }
    }
    return status;
}

/* Whether the row is about one that goes. */
static tern_status
is_about(struct trn_erasure *erasure, const tern_id *id, bool *ret_about, tern_error *error)
{
    const struct trn_table *table = erasure->table;
    struct trn_row row;
    bool found = false;
    tern_status status = erasure->db->ops->row_read(erasure->view, table, id, &found, &row, error);

    *ret_about = false;
    for (size_t i = 0; i < table->natural_key_count && status == TERN_OK && found; i++) {
        const size_t column = table->natural_key[i];
        tern_id about;

        *ret_about = *ret_about || (trn_column_is_about(table, column) &&
                                    trn_value_id(&row.values[column], &about) &&
                                    trn_erasure_takes(erasure, NULL, &about));
    }
    return status;
}

static tern_status
find_about_in_table(struct trn_erasure *erasure, const struct trn_table *table, tern_error *error)
{
    const size_t room = trn_portion(PLACES_AT_ONCE);
    tern_id ids[PLACES_AT_ONCE];
    tern_id after = {{0}};
    size_t count = room;
    tern_status status = TERN_OK;

    while (status == TERN_OK && count == room) {
        status =
            erasure->db->ops
                ->rows_unchanged(erasure->view, table, INT64_MAX, &after, ids, room, &count, error);
        for (size_t i = 0; i < count && status == TERN_OK; i++) {
            const struct trn_erase_item item = {table, ids[i]};
            bool about = false;

            after = ids[i];
            erasure->table = table;
            if (!trn_erasure_takes(erasure, table, &ids[i])) {
                status = is_about(erasure, &ids[i], &about, error);
            }
            if (status == TERN_OK && about) {
                status = trn_erasure_append(&erasure->items, &item, sizeof(item), error);
            }
        }
    }
    return status;
}

/* Nothing references those, so all rows of the few tables that have any are looked at: once more
 * than something was found. */
static tern_status find_about(struct trn_erasure *erasure, tern_error *error)
{
    const struct trn_schema *schema = erasure->db->schema;
    size_t before = 0;
    tern_status status = TERN_OK;

    while (status == TERN_OK && before < trn_erasure_count(erasure)) {
        before = trn_erasure_count(erasure);
        status = trn_erasure_sort(erasure, error);
        for (size_t i = 0; i < schema->table_count && status == TERN_OK; i++) {
            if (trn_table_is_about(&schema->tables[i])) {
                status = find_about_in_table(erasure, &schema->tables[i], error);
            }
        }
        if (status == TERN_OK) {
            status = find_behind(erasure, before, error);
        }
    }
    return status;
}

tern_status trn_erase_find_record(struct trn_erasure *erasure, tern_error *error)
{
    tern_status status = find_in_log(erasure, error);

    if (status == TERN_OK) {
        status = find_behind(erasure, 0, error);
    }
    return status == TERN_OK && !TRN_MUTANT(CARE_ERASED_TOLD_OF) ? find_about(erasure, error)
                                                                 : status;
}

/* All that is to go is found first, while every row's scopes can still be looked up. */
#include "server/erase.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/uuid.h"
#include "model/about.h"
#include "server/erase_internal.h"

enum { PLACES_AT_ONCE = 256 };

const struct trn_erase_item *trn_erase_items(const struct trn_erasure *erasure)
{
    return (const void *)erasure->items.data;
}

size_t trn_erase_count(const struct trn_erasure *erasure)
{
    return erasure->items.size / sizeof(struct trn_erase_item);
}

/* ---- Finding ---- */

tern_status
trn_erase_append(struct trn_bytes *list, const void *item, size_t size, tern_error *error)
{
    return trn_bytes_append(list, item, size) == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

/* Rows of few tables are found twice, so a walk over all is good enough for them. */
static bool
is_listed(const struct trn_erasure *erasure, const struct trn_table *table, const tern_id *id)
{
    for (size_t i = 0; i < trn_erase_count(erasure); i++) {
        const struct trn_erase_item *item = &trn_erase_items(erasure)[i];

        if (item->table == table && trn_id_equal(&item->id, id)) {
            return true;
        }
    }
    return false;
}

static tern_status find_in_log(struct trn_erasure *erasure, tern_error *error)
{
    struct trn_db_place places[PLACES_AT_ONCE];
    struct trn_db_place after = {.table = TRN_NO_TABLE};
    size_t count = PLACES_AT_ONCE;
    tern_status status = TERN_OK;

    while (status == TERN_OK && count == PLACES_AT_ONCE) {
        status = erasure->db->ops->log_read(erasure->view,
                                            erasure->person,
                                            &after,
                                            places,
                                            PLACES_AT_ONCE,
                                            &count,
                                            error);
        for (size_t i = 0; i < count && status == TERN_OK; i++) {
            const struct trn_erase_item item = {&erasure->db->schema->tables[places[i].table],
                                                places[i].id};

            after = places[i];
            status = trn_erase_append(&erasure->items, &item, sizeof(item), error);
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

    if (is_listed(erasure, erasure->table, id)) {
        return TERN_OK;
    }
    if (column->on_delete == TRN_DELETE_CASCADE) {
        return trn_erase_append(&erasure->items, &item, sizeof(item), error);
    }
    if (column->on_delete == TRN_DELETE_SET_NULL && column->nullable) {
        return trn_erase_append(&erasure->pointers, &pointer, sizeof(pointer), error);
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

static tern_status find_audit(void *context, const tern_id *id, tern_error *error)
{
    struct trn_erasure *erasure = context;
    const struct trn_erase_item item = {erasure->table, *id};

    return is_listed(erasure, erasure->table, id)
               ? TERN_OK
               : trn_erase_append(&erasure->items, &item, sizeof(item), error);
}

tern_status trn_erase_find_audits(struct trn_erasure *erasure,
                                  const struct trn_erase_item *item,
                                  tern_error *error)
{
    const struct trn_schema *schema = erasure->db->schema;

    erasure->table = &schema->tables[schema->table_count - 1];
    if (item->table == erasure->table) {
        return TERN_OK;
    }
    return erasure->db->ops->rows_naming(erasure->view,
                                         erasure->table,
                                         trn_table_column(erasure->table, "row_id"),
                                         &item->id,
                                         find_audit,
                                         erasure,
                                         error);
}

static int compare_ids(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(tern_id));
}

/* What was set aside of a row stands in the audit of other records as well: of those that it lies
 * in, and of those whose persons discarded a change of it. */
static tern_status find_behind(struct trn_erasure *erasure, size_t first, tern_error *error)
{
    tern_status status = TERN_OK;

    /* The list grows on the way. */
    for (size_t i = first; i < trn_erase_count(erasure) && status == TERN_OK; i++) {
        const struct trn_erase_item item = trn_erase_items(erasure)[i];

        status = find_pointers(erasure, &item, error);
        if (status == TERN_OK) {
            status = trn_erase_find_audits(erasure, &item, error);
        }
    }
    return status;
}

static tern_status sort_ids(struct trn_erasure *erasure, tern_error *error)
{
    tern_status status = TERN_OK;

    trn_bytes_clear(&erasure->ids);
    if (erasure->person != NULL) {
        status = trn_erase_append(&erasure->ids, erasure->person, sizeof(tern_id), error);
    }
    for (size_t i = 0; i < trn_erase_count(erasure) && status == TERN_OK; i++) {
        status = trn_erase_append(&erasure->ids,
                                  &trn_erase_items(erasure)[i].id,
                                  sizeof(tern_id),
                                  error);
    }
    if (status == TERN_OK && erasure->ids.size > 0) {
        qsort(erasure->ids.data, erasure->ids.size / sizeof(tern_id), sizeof(tern_id), compare_ids);
    }
    return status;
}

static bool goes(const struct trn_erasure *erasure, const tern_id *id)
{
    return bsearch(id,
                   erasure->ids.data,
                   erasure->ids.size / sizeof(tern_id),
                   sizeof(tern_id),
                   compare_ids) != NULL;
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

        *ret_about =
            *ret_about || (trn_column_is_about(table, column) &&
                           trn_value_id(&row.values[column], &about) && goes(erasure, &about));
    }
    return status;
}

static tern_status
find_about_in_table(struct trn_erasure *erasure, const struct trn_table *table, tern_error *error)
{
    tern_id ids[PLACES_AT_ONCE];
    tern_id after = {{0}};
    size_t count = PLACES_AT_ONCE;
    tern_status status = TERN_OK;

    while (status == TERN_OK && count == PLACES_AT_ONCE) {
        status = erasure->db->ops->rows_unchanged(erasure->view,
                                                  table,
                                                  INT64_MAX,
                                                  &after,
                                                  ids,
                                                  PLACES_AT_ONCE,
                                                  &count,
                                                  error);
        for (size_t i = 0; i < count && status == TERN_OK; i++) {
            const struct trn_erase_item item = {table, ids[i]};
            bool about = false;

            after = ids[i];
            erasure->table = table;
            if (!goes(erasure, &ids[i])) {
                status = is_about(erasure, &ids[i], &about, error);
            }
            if (status == TERN_OK && about) {
                status = trn_erase_append(&erasure->items, &item, sizeof(item), error);
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

    while (status == TERN_OK && before < trn_erase_count(erasure)) {
        before = trn_erase_count(erasure);
        status = sort_ids(erasure, error);
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

static tern_status find_record(struct trn_erasure *erasure, tern_error *error)
{
    tern_status status = find_in_log(erasure, error);

    if (status == TERN_OK) {
        status = find_behind(erasure, 0, error);
    }
    return status == TERN_OK ? find_about(erasure, error) : status;
}

/* ---- Marks ---- */

static tern_status
mark(struct trn_erasure *erasure, const tern_id *id, unsigned flags, tern_error *error)
{
    struct trn_db_erased erased = {.number = 0};
    tern_status status = erasure->db->ops->erased_read(erasure->view, id, &erased, error);

    erased.number = erasure->number;
    erased.flags |= flags;
    return status == TERN_OK ? erasure->db->ops->erased_write(erasure->db, id, &erased, error)
                             : status;
}

/* The row leaves the logs of its scopes, which are sent whole from now on. */
static tern_status
leave_logs(struct trn_erasure *erasure, const struct trn_erase_item *item, tern_error *error)
{
    struct trn_row_scopes scopes = {.count = 0};
    struct trn_row row;
    int64_t number = 0;
    bool found = false;
    tern_status status =
        trn_facts_row_scopes(erasure->facts, item->table, &item->id, &found, &scopes, error);

    if (status == TERN_OK && found) {
        status =
            erasure->db->ops->row_read(erasure->view, item->table, &item->id, &found, &row, error);
    }
    if (status == TERN_OK && found) {
        number = trn_version_newest(&row.version, item->table->unit_count);
    }
    for (size_t i = 0; i < scopes.count && status == TERN_OK; i++) {
        status = erasure->db->ops->log_remove(erasure->db,
                                              &scopes.scopes[i],
                                              item->table,
                                              &item->id,
                                              number,
                                              error);
        if (status == TERN_OK) {
            status = mark(erasure, &scopes.scopes[i], TRN_ERASED_ROWS_OF, error);
        }
    }
    return status == TERN_OK ? mark(erasure, &item->id, TRN_ERASED_ITSELF, error) : status;
}

/* ---- Rows ---- */

static tern_status clear_pointer(struct trn_erasure *erasure,
                                 const struct trn_erase_pointer *pointer,
                                 tern_error *error)
{
    const struct trn_table *table = pointer->table;
    struct trn_row_scopes scopes = {.count = 0};
    struct trn_row row;
    int64_t before;
    bool found = false;
    tern_status status =
        trn_facts_row_scopes(erasure->facts, table, &pointer->id, &found, &scopes, error);

    if (status == TERN_OK) {
        status =
            erasure->db->ops->row_read(erasure->view, table, &pointer->id, &found, &row, error);
    }
    if (status != TERN_OK || !found) {
        return status;
    }
    before = trn_version_newest(&row.version, table->unit_count);
    row.values[pointer->column] = tern_value_null();
    trn_version_set(&row.version,
                    table->columns[pointer->column].unit,
                    erasure->number,
                    TRN_RANK_1_RECORDED);
    row.updated_at_us = erasure->now_us > row.updated_at_us ? erasure->now_us : row.updated_at_us;
    status = erasure->db->ops->row_replace(erasure->db, table, &row, error);
    for (size_t i = 0; i < scopes.count && status == TERN_OK; i++) {
        status = erasure->db->ops->log_put(erasure->db,
                                           &scopes.scopes[i],
                                           table,
                                           &pointer->id,
                                           before,
                                           erasure->number,
                                           error);
    }
    return status;
}

static tern_status clear_pointers(struct trn_erasure *erasure, tern_error *error)
{
    const struct trn_erase_pointer *pointers = (const void *)erasure->pointers.data;
    size_t count = erasure->pointers.size / sizeof(*pointers);
    tern_status status = TERN_OK;

    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        if (!is_listed(erasure, pointers[i].table, &pointers[i].id)) {
            status = clear_pointer(erasure, &pointers[i], error);
        }
    }
    return status;
}

/* One pass over what is left; a row that another one holds waits for that to go. */
static tern_status
erase_some(struct trn_erasure *erasure, bool *gone, size_t *ret_count, tern_error *error)
{
    *ret_count = 0;
    for (size_t i = trn_erase_count(erasure); i > 0; i--) {
        const struct trn_erase_item *item = &trn_erase_items(erasure)[i - 1];
        tern_error why = {.status = TERN_OK};
        tern_status status;

        if (gone[i - 1]) {
            continue;
        }
        status = erasure->db->ops->row_erase(erasure->db, item->table, &item->id, &why);
        if (status == TERN_ERR_FOREIGN_KEY) {
            continue;
        }
        if (status != TERN_OK) {
            return trn_fail(error, status, "%s", why.message);
        }
        gone[i - 1] = true;
        (*ret_count)++;
    }
    return TERN_OK;
}

static tern_status erase_rows(struct trn_erasure *erasure, tern_error *error)
{
    size_t left = trn_erase_count(erasure);
    bool *gone = trn_calloc(left + 1, sizeof(*gone));
    size_t count = 1;
    tern_status status = TERN_OK;

    if (gone == NULL) {
        return trn_fail_nomem(error);
    }
    while (left > 0 && count > 0 && status == TERN_OK) {
        status = erase_some(erasure, gone, &count, error);
        left -= count;
    }
    trn_free(gone);
    return status == TERN_OK && left > 0
               ? trn_fail(error, TERN_ERR_FOREIGN_KEY, "a row of another record holds this one")
               : status;
}

/* ---- The history ---- */

static bool carries(const struct trn_change *change, size_t column)
{
    return change->operation == TRN_OP_INSERT ||
           ((change->operation == TRN_OP_UPDATE || change->operation == TRN_OP_UNDO) &&
            change->table->columns[column].unit == change->unit);
}

/* Whether the change is of a row that goes, or names one. */
static bool touches(const struct trn_erasure *erasure, const struct trn_change *change)
{
    if (goes(erasure, &change->id)) {
        return true;
    }
    for (size_t i = 0; i < change->table->column_count; i++) {
        tern_id target;

        if (change->table->columns[i].target != TRN_NO_TABLE && carries(change, i) &&
            trn_value_id(&change->values[i], &target) && goes(erasure, &target)) {
            return true;
        }
    }
    return false;
}

/* Bytes that cannot be read are of nobody's use: they go, too. */
static tern_status read_body(const struct trn_erasure *erasure,
                             struct trn_slice body,
                             bool *ret_touches,
                             tern_error *error)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, erasure->db->schema, body, error);

    *ret_touches = false;
    while (status == TERN_OK && !*ret_touches) {
        status = trn_entry_next(&reader, &any, &change, error);
        if (status != TERN_OK || !any) {
            break;
        }
        *ret_touches = touches(erasure, &change);
    }
    trn_entry_close(&reader);
    if (status != TERN_OK && trn_push_rejects(status)) {
        trn_error_clear(error);
        *ret_touches = true;
        status = TERN_OK;
    }
    return status;
}

static tern_status clear_history(struct trn_erasure *erasure, tern_error *error)
{
    struct trn_bytes body = {0};
    int64_t number = 0;
    tern_status status = TERN_OK;

    for (;;) {
        bool found = false;
        bool theirs = false;

        trn_bytes_clear(&body);
        status = erasure->db->ops->entry_next(erasure->view, number, &found, &number, &body, error);
        if (status != TERN_OK || !found) {
            break;
        }
        if (body.size > 0 && !TRN_MUTANT(ERASED_BYTES_KEPT)) {
            status = read_body(erasure, trn_bytes_slice(&body), &theirs, error);
        }
        if (status == TERN_OK && theirs) {
            status = erasure->db->ops->entry_clear(erasure->db, number, error);
        }
        if (status != TERN_OK) {
            break;
        }
    }
    trn_bytes_free(&body);
    return status;
}

/* ---- The transaction ---- */

static tern_status add_entry(struct trn_erasure *erasure, tern_error *error)
{
    const int64_t when[2] = {erasure->now_us, erasure->number};
    struct trn_db_entry entry = {.number = erasure->number,
                                 .ordinal = -erasure->number,
                                 .time_us = erasure->now_us,
                                 .raw_time_us = erasure->now_us,
                                 .received_us = erasure->now_us,
                                 .kind = TRN_ENTRY_RECORDED,
                                 .schema_version = erasure->db->schema->version,
                                 .change = -1};
    struct trn_slice parts[2] = {
        trn_slice_make(erasure->person, erasure->person == NULL ? 0 : sizeof(*erasure->person)),
        trn_slice_make(when, sizeof(when)),
    };

    if (trn_sha256(parts, 2, entry.hash) != TERN_OK) {
        return trn_fail(error, TERN_ERR_INTERNAL, "erasure: the hash engine failed");
    }
    memcpy(entry.tx.bytes, entry.hash, sizeof(entry.tx.bytes));
    entry.tx.bytes[6] = (uint8_t)(0x80 | (entry.tx.bytes[6] & 0x0f));
    entry.tx.bytes[8] = (uint8_t)(0x80 | (entry.tx.bytes[8] & 0x3f));
    return erasure->db->ops->entry_add(erasure->db, &entry, (struct trn_slice){0}, error);
}

static tern_status take_out(struct trn_erasure *erasure, tern_error *error)
{
    tern_status status = sort_ids(erasure, error);

    for (size_t i = 0; i < trn_erase_count(erasure) && status == TERN_OK; i++) {
        const struct trn_erase_item item = trn_erase_items(erasure)[i];

        status = leave_logs(erasure, &item, error);
    }
    if (status == TERN_OK && erasure->person != NULL) {
        status = mark(erasure, erasure->person, TRN_ERASED_ITSELF | TRN_ERASED_ROWS_OF, error);
    }
    if (status == TERN_OK) {
        status = clear_pointers(erasure, error);
    }
    if (status == TERN_OK) {
        status = erase_rows(erasure, error);
    }
    if (status == TERN_OK) {
        status = clear_history(erasure, error);
    }
    return status == TERN_OK ? add_entry(erasure, error) : status;
}

static tern_status run(struct trn_erasure *erasure, trn_erase_find find, tern_error *error)
{
    tern_status status = erasure->db->ops->next_number(erasure->db, &erasure->number, error);

    if (status == TERN_OK) {
        status = find(erasure, error);
    }
    return status == TERN_OK && (erasure->person != NULL || trn_erase_count(erasure) > 0)
               ? take_out(erasure, error)
               : status;
}

/* Whether the record is gone already. */
static tern_status look(struct trn_erasure *erasure, bool *ret_gone, tern_error *error)
{
    struct trn_db_erased erased = {.flags = 0};
    tern_status status =
        erasure->person == NULL
            ? TERN_OK
            : erasure->db->ops->erased_read(erasure->view, erasure->person, &erased, error);

    *ret_gone = (erased.flags & TRN_ERASED_ITSELF) != 0;
    return status;
}

static tern_status run_in_group(struct trn_erasure *erasure, trn_erase_find find, tern_error *error)
{
    bool gone = false;
    tern_status status = erasure->db->ops->begin(erasure->db, error);

    if (status != TERN_OK) {
        return status;
    }
    status = look(erasure, &gone, error);
    if (status == TERN_OK && !gone) {
        status = run(erasure, find, error);
    }
    if (status == TERN_OK) {
        return erasure->db->ops->commit(erasure->db, error);
    }
    erasure->db->ops->rollback(erasure->db);
    return status;
}

tern_status trn_erase_run(struct trn_erasure *erasure, trn_erase_find find, tern_error *error)
{
    tern_status status;

    erasure->view = erasure->db->ops->writer(erasure->db);
    erasure->facts = trn_facts_new(erasure->db, erasure->view);
    status = erasure->facts == NULL ? trn_fail_nomem(error) : run_in_group(erasure, find, error);
    trn_facts_free(erasure->facts);
    trn_bytes_free(&erasure->items);
    trn_bytes_free(&erasure->pointers);
    trn_bytes_free(&erasure->ids);
    return status;
}

tern_status trn_erase(struct trn_db *db, const tern_id *person, int64_t now_us, tern_error *error)
{
    struct trn_erasure erasure = {.db = db, .person = person, .now_us = now_us};

    return trn_erase_run(&erasure, find_record, error);
}

/* ---- Afterwards ---- */

static tern_status
check_id(struct trn_push *push, const struct trn_table *table, const tern_id *id, tern_error *error)
{
    struct trn_db_erased erased;
    tern_status status =
        push->db->ops->erased_read(push->db->ops->writer(push->db), id, &erased, error);

    if (status != TERN_OK || (erased.flags & TRN_ERASED_ITSELF) == 0) {
        return status;
    }
    push->met_erased = true;
    return trn_fail(error, TERN_ERR_ERASED, "%s: the record was erased", table->name);
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
trn_erase_check(struct trn_push *push, const struct trn_change *change, tern_error *error)
{
    tern_status status = TERN_OK;

    if (!push->any_erased || TRN_MUTANT(ERASED_TAKEN)) {
        return TERN_OK;
    }
    status = check_id(push, change->table, &change->id, error);
    for (size_t i = 0; i < change->table->column_count && status == TERN_OK; i++) {
        tern_id target;

        if (binds(change->table, i) && carries(change, i) &&
            trn_value_id(&change->values[i], &target)) {
            status = check_id(push, change->table, &target, error);
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

tern_status trn_erase_is_author(struct trn_push *push, bool *ret_gone, tern_error *error)
{
    tern_status status = is_gone(push, &push->auth->user, ret_gone, error);

    push->met_erased = push->met_erased || (status == TERN_OK && *ret_gone);
    return status;
}

tern_status
trn_erase_check_rejected(struct trn_push *push, struct trn_slice bytes, tern_error *error)
{
    struct trn_entry_reader reader = {.schema = NULL};
    struct trn_change change;
    tern_error cause = {.status = TERN_OK};
    bool any = true;
    tern_status status;

    if (!push->any_erased || push->met_erased) {
        return TERN_OK;
    }
    status = trn_erase_is_author(push, &any, error);
    if (status != TERN_OK || any) {
        return status;
    }
    any = true;
    status = trn_entry_open(&reader, push->db->schema, bytes, &cause);
    while (status == TERN_OK && any && !push->met_erased) {
        status = trn_entry_next(&reader, &any, &change, &cause);
        if (status == TERN_OK && any) {
            status = trn_erase_check(push, &change, &cause);
        }
    }
    trn_entry_close(&reader);
    if (status != TERN_OK && !trn_push_rejects(status)) {
        return trn_fail(error, status, "%s", cause.message);
    }
    return TERN_OK;
}

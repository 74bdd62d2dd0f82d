/* What goes leaves the logs first, then the file, then the history. */
#include "server/erase.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "server/erase_find.h"
#include "server/push_state.h"
#include "wire/entry.h"

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
    return status == TERN_OK ? erasure->db->ops->row_erased_write(erasure->db,
                                                                  item->table,
                                                                  &item->id,
                                                                  erasure->number,
                                                                  error)
                             : status;
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
        if (!trn_erasure_lists(erasure, pointers[i].table, &pointers[i].id)) {
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
    for (size_t i = trn_erasure_count(erasure); i > 0; i--) {
        const struct trn_erase_item *item = &trn_erasure_items(erasure)[i - 1];
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
    size_t left = trn_erasure_count(erasure);
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

/* Whether the change is of a row that goes, or names one. */
static bool touches(const struct trn_erasure *erasure, const struct trn_change *change)
{
    const struct trn_schema *schema = erasure->db->schema;

    if (trn_erasure_takes(erasure, change->table, &change->id)) {
        return true;
    }
    for (size_t i = 0; i < change->table->column_count; i++) {
        const uint16_t table = change->table->columns[i].target;
        tern_id target;

        if (table != TRN_NO_TABLE && trn_change_carries(change, i) &&
            trn_value_id(&change->values[i], &target) &&
            trn_erasure_takes(erasure, &schema->tables[table], &target)) {
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
    tern_status status = trn_erasure_sort(erasure, error);

    for (size_t i = 0; i < trn_erasure_count(erasure) && status == TERN_OK; i++) {
        const struct trn_erase_item item = trn_erasure_items(erasure)[i];

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
    return status == TERN_OK && (erasure->person != NULL || trn_erasure_count(erasure) > 0)
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

    return trn_erase_run(&erasure, trn_erase_find_record, error);
}

/*
 * Following: keys of changed rows, noted in tern_noted by the tx that changes them.
 *
 * The preupdate hook collects what changes, be it a statement of the app or a row that a sync
 * writes or takes out; the commit writes it, each key once. What a failed statement left behind is
 * noted as well, which costs whoever works it off a look and does no harm. Where nothing is
 * followed there is no list, and the hook looks at a pointer.
 */
#include "store/followed.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/portion.h"
#include "store/cell.h"
#include "store/fault.h"
#include "store/sql.h"

enum { FOLLOWS_MAX = 16, NAME_BYTES = 65, RECENT = 512, FOLLOWED_FORMAT = 2, ID_COLUMN = 0xfffe };

struct follow {
    char name[NAME_BYTES];
    const struct trn_table *table;
    uint16_t columns[2]; /* or ID_COLUMN; the second TRN_NO_COLUMN: one column */
};

struct trn_follows {
    struct follow list[FOLLOWS_MAX];
    size_t count;
    struct trn_bytes notes;  /* of this tx: the follow's index, then one or two cells */
    uint32_t recent[RECENT]; /* where notes of that hash begin, plus 1; 0: none */
    tern_status failed;
    sqlite3_stmt *insert;
};

/* ---- Notes on their way to the commit ---- */

/* A cell: its kind, its size, its bytes. */
static tern_status append_cell(struct trn_bytes *notes, const tern_value *value)
{
    const bool is_long = value->kind == TERN_TEXT || value->kind == TERN_BLOB;
    const void *data = is_long ? value->data : (const void *)&value->integer;
    const uint32_t size = (uint32_t)(is_long ? value->size : sizeof(value->integer));
    const uint8_t kind = (uint8_t)value->kind;
    tern_status status = trn_bytes_append(notes, &kind, sizeof(kind));

    if (status == TERN_OK) {
        status = trn_bytes_append(notes, &size, sizeof(size));
    }
    return status == TERN_OK ? trn_bytes_append(notes, data, size) : status;
}

static size_t read_cell(const uint8_t *at, tern_value *value)
{
    uint32_t size;

    memcpy(&size, at + 1, sizeof(size));
    *value = (tern_value){.kind = (tern_kind)at[0]};
    if (value->kind == TERN_TEXT || value->kind == TERN_BLOB) {
        value->data = at + 1 + sizeof(size);
        value->size = size;
    } else {
        memcpy(&value->integer, at + 1 + sizeof(size), sizeof(value->integer));
    }
    return 1 + sizeof(size) + size;
}

static uint32_t hash_of(const uint8_t *at, size_t size)
{
    uint32_t hash = UINT32_C(2166136261);

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * UINT32_C(16777619);
    }
    return hash;
}

/* Takes the last note, which begins at `start`, back where one of the last of its hash is the same.
 */
static void fold(struct trn_follows *follows, size_t start)
{
    struct trn_bytes *notes = &follows->notes;
    size_t size = notes->size - start;
    uint32_t *recent = &follows->recent[hash_of(notes->data + start, size) % trn_portion(RECENT)];

    if (*recent != 0 && *recent - 1 + size <= start &&
        memcmp(notes->data + *recent - 1, notes->data + start, size) == 0) {
        notes->size = start;
    } else if (start < UINT32_MAX) {
        *recent = (uint32_t)start + 1;
    }
}

static int position_of(const struct trn_store_table *own, uint16_t column)
{
    return column == ID_COLUMN ? own->id_position : own->positions[column];
}

static void note(struct trn_store *store,
                 size_t index,
                 int (*read)(sqlite3 *db, int position, sqlite3_value **value))
{
    struct trn_follows *follows = store->follows;
    const struct follow *follow = &follows->list[index];
    const struct trn_store_table *own = trn_store_table(store, follow->table);
    const size_t start = follows->notes.size;
    tern_status status = trn_bytes_append_byte(&follows->notes, (uint8_t)index);

    for (size_t i = 0; i < 2 && follow->columns[i] != TRN_NO_COLUMN && status == TERN_OK; i++) {
        sqlite3_value *cell = NULL;
        tern_value value;

        if (read(store->db, position_of(own, follow->columns[i]), &cell) != SQLITE_OK ||
            cell == NULL || !trn_value_is_whole(cell)) {
            status = TERN_ERR_NOMEM;
            break;
        }
        value = trn_value_of(cell);
        status = value.kind == TERN_NULL || value.kind == TERN_REAL
                     ? TERN_ERR_TYPE
                     : append_cell(&follows->notes, &value);
    }
    if (status == TERN_OK) {
        fold(follows, start);
    } else {
        follows->failed = status;
    }
}

void trn_followed_note(struct trn_store *store, int operation, const char *name)
{
    for (size_t i = 0; i < store->follows->count; i++) {
        if (strcmp(store->follows->list[i].table->name, name) != 0) {
            continue;
        }
        if (operation != SQLITE_INSERT) {
            note(store, i, sqlite3_preupdate_old);
        }
        if (operation != SQLITE_DELETE) {
            note(store, i, sqlite3_preupdate_new);
        }
    }
}

static tern_status insert_notes(struct trn_store *store, tern_error *error)
{
    const struct trn_follows *follows = store->follows;
    const tern_value none = {.kind = TERN_TEXT, .data = "", .size = 0};
    tern_status status = TERN_OK;
    size_t at = 0;

    while (at < follows->notes.size && status == TERN_OK) {
        const struct follow *follow = &follows->list[follows->notes.data[at++]];

        trn_bind_text(follows->insert, 1, follow->name);
        for (int i = 0; i < 2; i++) {
            tern_value value = none;

            if (follow->columns[i] != TRN_NO_COLUMN) {
                at += read_cell(follows->notes.data + at, &value);
            }
            trn_bind_value(follows->insert, i + 2, &value);
        }
        status = trn_store_run(store, follows->insert, "tern_noted", error);
    }
    return status;
}

tern_status trn_followed_write(struct trn_store *store, tern_error *error)
{
    static const char text[] =
        "INSERT OR IGNORE INTO main.tern_noted(name, first, second) VALUES(?1, ?2, ?3)";
    struct trn_follows *follows = store->follows;
    int rc = SQLITE_OK;

    if (follows == NULL || (follows->notes.size == 0 && follows->failed == TERN_OK)) {
        return TERN_OK;
    }
    if (follows->failed != TERN_OK) {
        return trn_fail(error, follows->failed, "the key of a changed row could not be noted");
    }
    if (follows->insert == NULL) {
        rc = sqlite3_prepare_v3(store->db,
                                text,
                                -1,
                                SQLITE_PREPARE_PERSISTENT,
                                &follows->insert,
                                NULL);
    }
    return rc == SQLITE_OK ? insert_notes(store, error)
                           : trn_store_fail(store->db, rc, "tern_noted", error);
}

void trn_followed_reset(struct trn_store *store, bool committed)
{
    if (store->follows != NULL) {
        trn_bytes_free(&store->follows->notes);
        memset(store->follows->recent, 0, sizeof(store->follows->recent));
        store->follows->failed = TERN_OK;
    }
    if (store->followed_in_tx && !committed) {
        trn_followed_forget(store);
    }
    store->followed_in_tx = false;
}

/* ---- What is followed ---- */

void trn_followed_forget(struct trn_store *store)
{
    if (store->follows != NULL) {
        trn_store_finalize(&store->follows->insert);
        trn_bytes_free(&store->follows->notes);
        trn_free(store->follows);
    }
    store->follows = NULL;
    store->is_follow_read = false;
}

static uint16_t column_of(const struct trn_table *table, const char *name)
{
    return strcmp(name, "id") == 0 ? ID_COLUMN : trn_table_column(table, name);
}

static tern_status
add(struct trn_store *store, struct trn_follows *follows, sqlite3_stmt *stmt, tern_error *error)
{
    struct follow *follow = &follows->list[follows->count];
    const char *cells[4];

    for (int i = 0; i < 4; i++) {
        cells[i] = (const char *)sqlite3_column_text(stmt, i);
        if (cells[i] == NULL) {
            return trn_fail_nomem(error);
        }
    }
    follow->table = trn_schema_table(store->schema, cells[1]);
    if (follow->table == NULL || follows->count == FOLLOWS_MAX || strlen(cells[0]) >= NAME_BYTES) {
        return trn_fail(error, TERN_ERR_CORRUPT, "tern_follow names what is not there");
    }
    memcpy(follow->name, cells[0], strlen(cells[0]) + 1);
    for (int i = 0; i < 2; i++) {
        follow->columns[i] = column_of(follow->table, cells[2 + i]);
    }
    if (follow->columns[0] == TRN_NO_COLUMN ||
        (follow->columns[1] == TRN_NO_COLUMN && cells[3][0] != '\0')) {
        return trn_fail(error, TERN_ERR_CORRUPT, "tern_follow names what is not there");
    }
    follows->count++;
    return TERN_OK;
}

static tern_status read_all(struct trn_store *store, struct trn_follows *follows, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool more = true;
    tern_status status = TERN_OK;
    int rc = sqlite3_prepare_v2(store->db,
                                "SELECT name, target, first, second FROM main.tern_follow",
                                -1,
                                &stmt,
                                NULL);

    if (rc != SQLITE_OK) {
        status = trn_store_fail(store->db, rc, "tern_follow", error);
    }
    while (status == TERN_OK && more) {
        status = trn_store_step(store, stmt, "tern_follow", &more, error);
        if (status == TERN_OK && more) {
            status = add(store, follows, stmt, error);
        }
    }
    trn_store_finalize(&stmt);
    return status;
}

static tern_status read_format(struct trn_store *store, int *ret_format, tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    tern_status status = TERN_OK;
    int rc = sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &stmt, NULL);

    if (rc != SQLITE_OK) {
        status = trn_store_fail(store->db, rc, "the format", error);
    } else {
        status = trn_store_step(store, stmt, "the format", &found, error);
    }
    if (status == TERN_OK) {
        *ret_format = found ? sqlite3_column_int(stmt, 0) : 0;
    }
    trn_store_finalize(&stmt);
    return status;
}

/* NULL in `ret_follows` where nothing is followed. */
static tern_status
load(struct trn_store *store, struct trn_follows **ret_follows, tern_error *error)
{
    struct trn_follows *follows = NULL;
    int format = 0;
    tern_status status = read_format(store, &format, error);

    if (status == TERN_OK && format >= FOLLOWED_FORMAT) {
        follows = trn_calloc(1, sizeof(*follows));
        status = follows != NULL ? read_all(store, follows, error) : trn_fail_nomem(error);
    }
    if (status != TERN_OK) {
        trn_free(follows);
        return status;
    }
    *ret_follows = follows;
    return TERN_OK;
}

tern_status trn_followed_read(struct trn_store *store, tern_error *error)
{
    tern_status status;

    if (store->is_follow_read || store->schema == NULL) {
        return TERN_OK;
    }
    status = load(store, &store->follows, error);
    store->is_follow_read = status == TERN_OK;
    return status;
}

/* Notes that wait for the commit name places in the old list, so they are written before. */
tern_status trn_followed_read_again(struct trn_store *store, tern_error *error)
{
    struct trn_follows *follows = NULL;
    tern_status status = trn_followed_write(store, error);

    if (status == TERN_OK) {
        status = load(store, &follows, error);
    }
    if (status == TERN_OK) {
        trn_followed_forget(store);
        store->follows = follows;
        store->is_follow_read = true;
    }
    return status;
}

tern_status
trn_followed_check_name(const struct trn_store *store, const char *name, tern_error *error)
{
    bool is_full = store->follows != NULL && store->follows->count == FOLLOWS_MAX;

    for (size_t i = 0; is_full && i < FOLLOWS_MAX; i++) {
        is_full = strcmp(store->follows->list[i].name, name) != 0;
    }
    return is_full || name[0] == '\0' || strlen(name) >= NAME_BYTES
               ? trn_fail(error, TERN_ERR_TOO_LARGE, "a name too long, or one too many")
               : TERN_OK;
}

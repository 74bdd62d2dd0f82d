/* Text is read as a blob is, so that SQLite makes no copy of it. */
#include "store/cell.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"

void trn_bind_id(sqlite3_stmt *stmt, int index, const tern_id *id)
{
    (void)sqlite3_bind_blob(stmt, index, id->bytes, sizeof(id->bytes), SQLITE_STATIC);
}

void trn_bind_slice(sqlite3_stmt *stmt, int index, struct trn_slice slice)
{
    const void *data = slice.data != NULL ? (const void *)slice.data : "";

    (void)sqlite3_bind_blob64(stmt, index, data, slice.size, SQLITE_STATIC);
}

void trn_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    (void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

void trn_bind_uint64(sqlite3_stmt *stmt, int index, uint64_t value)
{
    TRN_ASSERT(value <= INT64_MAX);
    (void)sqlite3_bind_int64(stmt, index, (sqlite3_int64)value);
}

void trn_bind_value(sqlite3_stmt *stmt, int index, const tern_value *value)
{
    const void *data = value->data != NULL ? value->data : "";

    switch (value->kind) {
    case TERN_INTEGER:
        (void)sqlite3_bind_int64(stmt, index, value->integer);
        return;
    case TERN_REAL:
        (void)sqlite3_bind_double(stmt, index, value->real);
        return;
    case TERN_TEXT:
        (void)sqlite3_bind_text64(stmt, index, data, value->size, SQLITE_STATIC, SQLITE_UTF8);
        return;
    case TERN_BLOB:
        (void)sqlite3_bind_blob64(stmt, index, data, value->size, SQLITE_STATIC);
        return;
    case TERN_NULL:
    default:
        (void)sqlite3_bind_null(stmt, index);
        return;
    }
}

void trn_column_id(sqlite3_stmt *stmt, int column, tern_id *ret_id)
{
    const void *bytes = sqlite3_column_blob(stmt, column);

    *ret_id = (tern_id){{0}};
    if (bytes != NULL && sqlite3_column_bytes(stmt, column) == (int)sizeof(ret_id->bytes)) {
        memcpy(ret_id->bytes, bytes, sizeof(ret_id->bytes));
    }
}

uint64_t trn_column_uint64(sqlite3_stmt *stmt, int column)
{
    return (uint64_t)sqlite3_column_int64(stmt, column);
}

bool trn_value_is_whole(sqlite3_value *value)
{
    const int type = sqlite3_value_type(value);

    return (type != SQLITE_BLOB && type != SQLITE_TEXT) || sqlite3_value_bytes(value) == 0 ||
           sqlite3_value_blob(value) != NULL;
}

bool trn_columns_are_whole(sqlite3_stmt *stmt)
{
    const int count = sqlite3_data_count(stmt);
    bool whole = true;

    for (int i = 0; i < count && whole; i++) {
        whole = sqlite3_column_type(stmt, i) != SQLITE_BLOB || sqlite3_column_bytes(stmt, i) == 0 ||
                sqlite3_column_blob(stmt, i) != NULL;
    }
    return whole;
}

/* A text as a blob: the bytes are the same, and no copy is made to end them with a zero. */
static tern_value bytes_of(sqlite3_value *value, tern_kind kind)
{
    size_t size = (size_t)sqlite3_value_bytes(value);
    const void *data = sqlite3_value_blob(value);

    if (data == NULL && size > 0) {
        return (tern_value){.kind = TERN_NULL, .data = ""}; /* not whole */
    }
    return (tern_value){.kind = kind, .data = size > 0 ? data : "", .size = size};
}

tern_value trn_value_of(sqlite3_value *value)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        return (
            tern_value){.kind = TERN_INTEGER, .integer = sqlite3_value_int64(value), .data = ""};
    case SQLITE_FLOAT:
        return (tern_value){.kind = TERN_REAL, .real = sqlite3_value_double(value), .data = ""};
    case SQLITE_TEXT:
        return bytes_of(value, TERN_TEXT);
    case SQLITE_BLOB:
        return bytes_of(value, TERN_BLOB);
    default:
        return (tern_value){.kind = TERN_NULL, .data = ""};
    }
}

tern_value trn_column_value(sqlite3_stmt *stmt, int column)
{
    return trn_value_of(sqlite3_column_value(stmt, column));
}

tern_status
trn_column_append(sqlite3_stmt *stmt, int column, struct trn_bytes *bytes, tern_error *error)
{
    size_t size = (size_t)sqlite3_column_bytes(stmt, column);
    const void *data = sqlite3_column_blob(stmt, column);

    if ((data == NULL && size > 0) || trn_bytes_append(bytes, data, size) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

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

tern_value trn_value_of(sqlite3_value *value)
{
    tern_value cell = {.kind = TERN_NULL};

    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        cell.kind = TERN_INTEGER;
        cell.integer = sqlite3_value_int64(value);
        break;
    case SQLITE_FLOAT:
        cell.kind = TERN_REAL;
        cell.real = sqlite3_value_double(value);
        break;
    case SQLITE_TEXT:
        /* As a blob: the bytes are the same, and no copy is made to end them with a zero. */
        cell.kind = TERN_TEXT;
        cell.data = sqlite3_value_blob(value);
        cell.size = (size_t)sqlite3_value_bytes(value);
        break;
    case SQLITE_BLOB:
        cell.kind = TERN_BLOB;
        cell.data = sqlite3_value_blob(value);
        cell.size = (size_t)sqlite3_value_bytes(value);
        break;
    default:
        break;
    }
    if (cell.data == NULL) {
        cell.data = "";
    }
    return cell;
}

tern_value trn_column_value(sqlite3_stmt *stmt, int column)
{
    return trn_value_of(sqlite3_column_value(stmt, column));
}

tern_status
trn_column_append(sqlite3_stmt *stmt, int column, struct trn_bytes *bytes, tern_error *error)
{
    const void *data = sqlite3_column_blob(stmt, column);
    int size = sqlite3_column_bytes(stmt, column);

    if (data == NULL && sqlite3_errcode(sqlite3_db_handle(stmt)) == SQLITE_NOMEM) {
        return trn_fail_nomem(error);
    }
    if (trn_bytes_append(bytes, data, (size_t)size) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

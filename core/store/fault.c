/*
 * SQLite's result codes as statuses.
 *
 * The sentences name tables, columns and constraints; SQLite's own texts for broken constraints
 * hold no value of a row.
 */
#include "store/fault.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "model/limit.h"
#include "store/words.h"

/* "UNIQUE constraint failed: users.id" says that the id is taken; any other column, a unique key.
 */
static tern_status unique_status(const char *message)
{
    size_t size = strlen(message);

    return size > 3 && strcmp(message + size - 3, ".id") == 0 && strchr(message, ',') == NULL
               ? TERN_ERR_EXISTS
               : TERN_ERR_UNIQUE;
}

static tern_status constraint_status(int extended, const char *message)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_NOTNULL:
        return TERN_ERR_NOT_NULL;
    case SQLITE_CONSTRAINT_CHECK:
        return TERN_ERR_CHECK;
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return TERN_ERR_EXISTS;
    case SQLITE_CONSTRAINT_UNIQUE:
        return unique_status(message);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return TERN_ERR_FOREIGN_KEY;
    case SQLITE_CONSTRAINT_DATATYPE:
        return TERN_ERR_TYPE;
    default:
        return TERN_ERR_SQL;
    }
}

static tern_status io_status(sqlite3 *db, int extended)
{
    int cause;

    if (extended == SQLITE_IOERR_NOMEM) {
        return TERN_ERR_NOMEM;
    }
    if (db == NULL) {
        return TERN_ERR_IO;
    }
    cause = sqlite3_system_errno(db);
    switch (cause) {
    case ENOSPC:
        return TERN_ERR_DISK_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
        return TERN_ERR_READ_ONLY;
    default:
        return TERN_ERR_IO;
    }
}

static tern_status status_of(sqlite3 *db, int extended, const char *message)
{
    switch (extended & 0xff) {
    case SQLITE_NOMEM:
        return TERN_ERR_NOMEM;
    case SQLITE_FULL:
        return TERN_ERR_DISK_FULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return TERN_ERR_READ_ONLY;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return io_status(db, extended);
    case SQLITE_CORRUPT:
        return TERN_ERR_CORRUPT;
    case SQLITE_NOTADB:
        return TERN_ERR_NOT_A_REPLICA;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TERN_ERR_BUSY;
    case SQLITE_CONSTRAINT:
        return constraint_status(extended, message);
    case SQLITE_MISMATCH:
        return TERN_ERR_TYPE;
    case SQLITE_TOOBIG:
        return TERN_ERR_TOO_LARGE;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return TERN_ERR_MISUSE;
    case SQLITE_INTERRUPT:
        return TERN_ERR_CANCELLED;
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_SCHEMA:
        return TERN_ERR_SQL;
    default:
        return TERN_ERR_IO;
    }
}

/* The sentence of the schema's own constraints, which the server gives too. */
static bool
explain(const struct trn_schema *schema, int extended, const char *message, tern_error *ret_why)
{
    tern_status status;

    if (schema == NULL || (extended & 0xff) != SQLITE_CONSTRAINT ||
        extended == SQLITE_CONSTRAINT_FOREIGNKEY) {
        return false;
    }
    status = trn_schema_explain(schema, message, ret_why);
    return status != TERN_ERR_CHECK || extended == SQLITE_CONSTRAINT_CHECK;
}

tern_status trn_store_fail_rows(sqlite3 *db,
                                const struct trn_schema *schema,
                                int rc,
                                const char *what,
                                tern_error *error)
{
    int extended = rc;
    const char *message = "";
    tern_error why = {0};
    tern_status status;

    if (db != NULL && (sqlite3_errcode(db) & 0xff) == (rc & 0xff)) {
        extended = sqlite3_extended_errcode(db);
        message = sqlite3_errmsg(db);
    }
    if (explain(schema, extended, message, &why)) {
        return trn_fail(error, why.status, "%s", why.message);
    }
    status = status_of(db, extended, message);
    if (status == TERN_ERR_NOMEM) {
        return trn_fail_nomem(error);
    }
    if (message[0] == '\0') {
        message = sqlite3_errstr(extended);
    }
    return trn_fail(error, status, "%s: %s", what, message);
}

/* One word of a message of SQLite's, unless it may be of a value. */
static tern_status append_word(struct trn_bytes *clean, struct trn_slice sql, struct trn_slice word)
{
    return trn_words_may_tell(sql, word) ? trn_bytes_append_text(clean, "...")
                                         : trn_bytes_append(clean, word.data, word.size);
}

/* SQLite quotes the text it stumbled over. Names and keywords are kept; what may be a value is
 * not: what stands in single quotes, and words of literals. */
static tern_status
leave_values_out(const char *message, struct trn_slice sql, struct trn_bytes *clean)
{
    tern_status status = TERN_OK;

    while (*message != '\0' && status == TERN_OK) {
        const char *end = message + 1;

        while (trn_words_have(*message) && trn_words_have(*end)) {
            end++;
        }
        if (*message == '\'') {
            end = strrchr(message, '\'') + 1;
            status = trn_bytes_append_text(clean, "'...'");
        } else if (trn_words_have(*message)) {
            status = append_word(clean, sql, trn_slice_make(message, (size_t)(end - message)));
        } else {
            status = trn_bytes_append(clean, message, 1);
        }
        message = end;
    }
    return status;
}

tern_status trn_store_fail_sql(sqlite3 *db,
                               const struct trn_schema *schema,
                               int rc,
                               struct trn_slice sql,
                               tern_error *error)
{
    struct trn_bytes clean = {0};
    tern_status status;

    if ((rc & 0xff) != SQLITE_ERROR || (sqlite3_errcode(db) & 0xff) != SQLITE_ERROR) {
        return trn_store_fail_rows(db, schema, rc, "SQL", error);
    }
    status = leave_values_out(sqlite3_errmsg(db), sql, &clean);
    if (status != TERN_OK) {
        status = trn_fail_nomem(error);
    } else {
        status = trn_fail(error,
                          TERN_ERR_SQL,
                          "SQL: %.*s",
                          (int)clean.size,
                          clean.size > 0 ? (const char *)clean.data : "");
    }
    trn_bytes_free(&clean);
    return status;
}

tern_status trn_store_fail(sqlite3 *db, int rc, const char *what, tern_error *error)
{
    return trn_store_fail_rows(db, NULL, rc, what, error);
}

/*
 * What the app's statements may do, decided when they are compiled.
 *
 * The authorizer sees what a statement does, its triggers included; what it cannot see, the
 * conflict clauses, is looked for in the text (words.c). Beside the synced tables and those of the
 * library, which are named tern_, the app may have tables of its own in the file.
 */
#include "store/guard.h"

#include <string.h>

#include "store/fault.h"
#include "store/words.h"

static const char *const pragmas[] = {
    "table_info",      "table_xinfo",      "table_list",     "index_list",      "index_info",
    "index_xinfo",     "foreign_key_list", "database_list",  "collation_list",  "function_list",
    "module_list",     "pragma_list",      "quick_check",    "integrity_check", "foreign_key_check",
    "compile_options", "data_version",     "freelist_count", "page_count",      "user_version",
    "application_id",  "schema_version",   "page_size",      "journal_mode",    "encoding",
    "synchronous",     "foreign_keys",     "optimize",
};

/* Those of the list above that change something when given a value. */
static const char *const settings[] = {"user_version",
                                       "application_id",
                                       "schema_version",
                                       "page_size",
                                       "journal_mode",
                                       "encoding",
                                       "synchronous",
                                       "foreign_keys"};

static bool is_listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (sqlite3_stricmp(list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* What the app must not read: entries of records that were open once, and pages that are not laid
 * yet. */
static const struct cell {
    const char *table;
    const char *column;
} hidden[] = {{"tern_body", "body"},
              {"tern_stage", "lines"},
              {"tern_outbox", "undo"},
              {"tern_outbox", "body"}};

static bool is_own(const char *name)
{
    return name != NULL && sqlite3_strnicmp(name, "tern_", 5) == 0;
}

static const struct trn_table *synced(const struct trn_guard *guard, const char *name)
{
    const struct trn_schema *schema = *guard->schema;

    for (size_t i = 0; schema != NULL && name != NULL && i < schema->table_count; i++) {
        if (sqlite3_stricmp(schema->tables[i].name, name) == 0) {
            return &schema->tables[i];
        }
    }
    return NULL;
}

static int deny(const struct trn_guard *guard, tern_status status, const char *reason)
{
    if (guard->notes->denied == TERN_OK) {
        guard->notes->denied = status;
        guard->notes->reason = reason;
    }
    return SQLITE_DENY;
}

static int check_pragma(const struct trn_guard *guard, const char *name, const char *value)
{
    if (!is_listed(pragmas, sizeof(pragmas) / sizeof(pragmas[0]), name) ||
        (value != NULL && is_listed(settings, sizeof(settings) / sizeof(settings[0]), name))) {
        return deny(guard, TERN_ERR_SQL, "this PRAGMA is the library's to set");
    }
    return SQLITE_OK;
}

static void
note_update(struct trn_guard_notes *notes, const struct trn_table *table, const char *column)
{
    struct trn_statement_names *names = &notes->names[table->index];
    uint16_t index = trn_table_column(table, column);

    if (index != TRN_NO_COLUMN) {
        names->columns |= UINT64_C(1) << index;
    } else if (strcmp(column, "deleted_at") == 0) {
        names->deleted_at = true;
    } else {
        names->hidden = true;
    }
}

static int
check_write(const struct trn_guard *guard, int action, const char *name, const char *column)
{
    struct trn_guard_notes *notes = guard->notes;
    const struct trn_table *table = synced(guard, name);

    if (is_own(name) && action == SQLITE_DELETE && sqlite3_stricmp(name, "tern_noted") == 0) {
        return SQLITE_OK; /* notes are the app's to work off */
    }
    if (is_own(name)) {
        return deny(guard, TERN_ERR_SQL, "the library's own tables are read-only");
    }
    if (table == NULL) {
        return SQLITE_OK;
    }
    if ((size_t)table->index + 1 == (*guard->schema)->table_count) {
        return deny(guard, TERN_ERR_FORBIDDEN, "the audit is the server's to write");
    }
    notes->writes_synced = true;
    notes->deletes_synced = notes->deletes_synced || action == SQLITE_DELETE;
    if (action == SQLITE_UPDATE) {
        note_update(notes, table, column);
    }
    return SQLITE_OK;
}

static bool is_taken(const void *context, struct trn_slice name)
{
    const struct trn_schema *schema = context;
    const char *text = (const char *)name.data;

    if (name.size >= 5 && sqlite3_strnicmp(text, "tern_", 5) == 0) {
        return true;
    }
    for (size_t i = 0; schema != NULL && i < schema->table_count; i++) {
        if (strlen(schema->tables[i].name) == name.size &&
            sqlite3_strnicmp(schema->tables[i].name, text, (int)name.size) == 0) {
            return true;
        }
    }
    return false;
}

bool trn_guard_ties(const struct trn_guard *guard, struct trn_slice sql)
{
    return trn_words_name(sql, is_taken, *guard->schema);
}

static int check_shape(const struct trn_guard *guard, const char *name)
{
    if (is_own(name) || synced(guard, name) != NULL) {
        return deny(guard,
                    TERN_ERR_SQL,
                    "synced tables take their shape from the schema document alone");
    }
    return SQLITE_OK;
}

static int
check_trigger(const struct trn_guard *guard, int action, const char *name, const char *table)
{
    if (action == SQLITE_CREATE_TRIGGER || action == SQLITE_DROP_TRIGGER) {
        return deny(guard, TERN_ERR_SQL, "triggers must be TEMP ones");
    }
    if (is_own(name) || is_own(table)) {
        return deny(guard, TERN_ERR_SQL, "names that begin with tern_ are the library's");
    }
    guard->notes->makes_trigger = action == SQLITE_CREATE_TEMP_TRIGGER;
    return SQLITE_OK;
}

static int check_read(const struct trn_guard *guard, const char *name, const char *column)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (sqlite3_stricmp(hidden[i].table, name) == 0 &&
            sqlite3_stricmp(hidden[i].column, column) == 0) {
            return deny(guard,
                        TERN_ERR_FORBIDDEN,
                        "what entries and pages hold is read by the calls of the outbox alone");
        }
    }
    return SQLITE_OK;
}

static int note_function(const struct trn_guard *guard, const char *name)
{
    guard->notes->makes_zeroblob =
        guard->notes->makes_zeroblob || sqlite3_stricmp(name, "zeroblob") == 0;
    return SQLITE_OK;
}

static int
check_reader(const struct trn_guard *guard, int action, const char *first, const char *second)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return note_function(guard, second);
    case SQLITE_READ:
        return check_read(guard, first, second);
    case SQLITE_PRAGMA:
        return check_pragma(guard, first, second);
    case SQLITE_UPDATE:
        /* SQLite asks this of itself as it makes json_each known; of anybody else it refuses it. */
        if (strcmp(first, "sqlite_master") == 0) {
            return SQLITE_OK;
        }
        return deny(guard, TERN_ERR_SQL, "a reader only reads");
    default:
        return deny(guard, TERN_ERR_SQL, "a reader only reads");
    }
}

static int authorize(void *context,
                     int action,
                     const char *first,
                     const char *second,
                     const char *database,
                     const char *trigger)
{
    const struct trn_guard *guard = context;

    (void)database;
    (void)trigger;
    if (guard->notes == NULL) {
        return SQLITE_OK;
    }
    if (guard->read_only) {
        return check_reader(guard, action, first, second);
    }
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return deny(guard, TERN_ERR_SQL, "transactions are begun and ended by calls, not by SQL");
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        return deny(guard, TERN_ERR_SQL, "no other file can be attached, nor this one vacuumed");
    case SQLITE_PRAGMA:
        return check_pragma(guard, first, second);
    case SQLITE_READ:
        return check_read(guard, first, second);
    case SQLITE_FUNCTION:
        return note_function(guard, second);
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return check_write(guard, action, first, second);
    case SQLITE_ALTER_TABLE: /* database, table */
        guard->notes->makes_table = true;
        return check_shape(guard, second);
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX: /* index, table */
        return check_shape(guard, second);
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TEMP_TABLE:
        guard->notes->makes_table = true;
        return check_shape(guard, first);
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VTABLE:
        return check_shape(guard, first);
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_TRIGGER:
        return check_trigger(guard, action, first, second);
    default:
        return SQLITE_OK;
    }
}

tern_status trn_guard_install(sqlite3 *db, struct trn_guard *guard, tern_error *error)
{
    int rc = sqlite3_set_authorizer(db, authorize, guard);

    return rc == SQLITE_OK ? TERN_OK : trn_store_fail(db, rc, "guard", error);
}

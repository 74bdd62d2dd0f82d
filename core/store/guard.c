/*
 * What the app's statements may do, decided when they are compiled.
 *
 * The authorizer sees what a statement does, its triggers included; what it cannot see, the
 * conflict clauses, is looked for in the text. Beside the synced tables and those of the library,
 * which are named tern_, the app may have tables of its own in the file.
 */
#include "store/internal.h"

#include <string.h>

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
    if (guard->statement->denied == TERN_OK) {
        guard->statement->denied = status;
        guard->statement->reason = reason;
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
note_update(struct trn_statement *statement, const struct trn_table *table, const char *column)
{
    struct trn_statement_names *names = &statement->names[table->index];
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
    struct trn_statement *statement = guard->statement;
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
    statement->writes_synced = true;
    statement->deletes_synced = statement->deletes_synced || action == SQLITE_DELETE;
    if (action == SQLITE_UPDATE) {
        note_update(statement, table, column);
    }
    return SQLITE_OK;
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
    guard->statement->makes_trigger = action == SQLITE_CREATE_TEMP_TRIGGER;
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

static int
check_reader(const struct trn_guard *guard, int action, const char *first, const char *second)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
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
    if (guard->statement == NULL) {
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
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return check_write(guard, action, first, second);
    case SQLITE_ALTER_TABLE: /* database, table */
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX: /* index, table */
        return check_shape(guard, second);
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TEMP_TABLE:
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

/* ---- The text ---- */

struct scan {
    const char *at;
    const char *end;
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

static bool begins(const struct scan *scan, const char *text)
{
    size_t size = strlen(text);

    return (size_t)(scan->end - scan->at) >= size && memcmp(scan->at, text, size) == 0;
}

/* Moves behind the next `text`, or to the end. */
static void skip_behind(struct scan *scan, const char *text)
{
    while (scan->at < scan->end && !begins(scan, text)) {
        scan->at++;
    }
    scan->at += scan->at < scan->end ? strlen(text) : 0;
}

static void skip_blank(struct scan *scan)
{
    for (;;) {
        if (scan->at < scan->end && strchr(" \t\n\f\r", *scan->at) != NULL && *scan->at != '\0') {
            scan->at++;
        } else if (begins(scan, "--")) {
            skip_behind(scan, "\n");
        } else if (begins(scan, "/*")) {
            scan->at += 2;
            skip_behind(scan, "*/");
        } else {
            return;
        }
    }
}

/* The next word, or one other token, which gives the empty slice. False at the end. */
static bool next_token(struct scan *scan, struct trn_slice *ret_word)
{
    const char *start;

    skip_blank(scan);
    start = scan->at;
    *ret_word = trn_slice_make(NULL, 0);
    if (scan->at >= scan->end) {
        return false;
    }
    if (*start == '\'' || *start == '"' || *start == '`' || *start == '[') {
        const char quote[2] = {(char)(*start == '[' ? ']' : *start), '\0'};

        scan->at++;
        skip_behind(scan, quote); /* a doubled quote begins the next token, a string again */
        return true;
    }
    while (scan->at < scan->end && is_word(*scan->at)) {
        scan->at++;
    }
    if (scan->at == start) {
        scan->at++;
    } else {
        *ret_word = trn_slice_make(start, (size_t)(scan->at - start));
    }
    return true;
}

static bool is(struct trn_slice word, const char *text)
{
    return word.size == strlen(text) &&
           sqlite3_strnicmp((const char *)word.data, text, (int)word.size) == 0;
}

bool trn_guard_conflict_clause(struct trn_slice sql)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct trn_slice before[2] = {{NULL, 0}, {NULL, 0}};
    struct trn_slice word;

    while (next_token(&scan, &word)) {
        if (is(word, "INTO") && is(before[1], "REPLACE")) {
            return true;
        }
        if (is(before[1], "OR") && (is(before[0], "INSERT") || is(before[0], "UPDATE")) &&
            (is(word, "REPLACE") || is(word, "FAIL") || is(word, "ROLLBACK"))) {
            return true;
        }
        before[0] = before[1];
        before[1] = word;
    }
    return false;
}

static bool equal_words(struct trn_slice a, struct trn_slice b)
{
    return a.size == b.size &&
           sqlite3_strnicmp((const char *)a.data, (const char *)b.data, (int)a.size) == 0;
}

static bool contains(const char *from, const char *to, struct trn_slice part)
{
    for (; (size_t)(to - from) >= part.size; from++) {
        if (sqlite3_strnicmp(from, (const char *)part.data, (int)part.size) == 0) {
            return true;
        }
    }
    return false;
}

/* A literal in this place of the text: a string, or a number. */
static bool is_literal(const char *start, struct trn_slice word)
{
    return word.data == NULL ? strchr("'\"`[", *start) != NULL : *start >= '0' && *start <= '9';
}

bool trn_guard_may_tell(struct trn_slice sql, struct trn_slice word)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct trn_slice token;
    bool tells = false;

    for (;;) {
        const char *start;

        skip_blank(&scan);
        start = scan.at;
        if (!next_token(&scan, &token)) {
            return tells;
        }
        if (is_literal(start, token)) {
            tells = tells || contains(start, scan.at, word);
        } else if (equal_words(token, word)) {
            return false;
        }
    }
}

bool trn_guard_is_word(char c)
{
    return is_word(c);
}

bool trn_guard_is_blank(struct trn_slice sql)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};

    for (;;) {
        skip_blank(&scan);
        if (scan.at >= scan.end) {
            return true;
        }
        if (*scan.at != ';') {
            return false;
        }
        scan.at++;
    }
}

/* Moves behind the next word that is `text`, outside of parentheses. */
static bool find_word(struct scan *scan, const char *text, struct trn_slice *ret_word)
{
    int depth = 0;

    while (next_token(scan, ret_word)) {
        if (depth == 0 && is(*ret_word, text)) {
            return true;
        }
        if (ret_word->data == NULL) {
            depth += (scan->at[-1] == '(') - (scan->at[-1] == ')');
        }
    }
    return false;
}

static tern_status append_part(struct trn_bytes *sql, const char *from, const char *to)
{
    return trn_bytes_append(sql, from, (size_t)(to - from));
}

/* WHEN, empty without one, and BEGIN of a CREATE TRIGGER. */
static bool
find_condition(struct trn_slice sql, struct trn_slice *ret_when, struct trn_slice *ret_begin)
{
    struct scan scan = {(const char *)sql.data, (const char *)sql.data + sql.size};
    struct scan behind;
    struct trn_slice word;

    if (!find_word(&scan, "TRIGGER", &word) || !find_word(&scan, "ON", &word) ||
        !next_token(&scan, &word)) {
        return false;
    }
    behind = scan;
    if (!find_word(&scan, "BEGIN", ret_begin)) {
        return false;
    }
    behind.end = (const char *)ret_begin->data;
    if (!find_word(&behind, "WHEN", ret_when)) {
        *ret_when = trn_slice_make(NULL, 0);
    }
    return true;
}

tern_status trn_guard_limit_trigger(struct trn_slice sql, struct trn_bytes *limited)
{
    const char *start = (const char *)sql.data;
    const char *end = start + sql.size;
    struct trn_slice when;
    struct trn_slice begin;
    const char *body;
    const char *condition;
    tern_status status;

    if (!find_condition(sql, &when, &begin)) {
        return trn_bytes_append_slice(limited, sql);
    }
    body = (const char *)begin.data;
    condition = when.data != NULL ? (const char *)when.data : body;
    status = append_part(limited, start, condition);
    if (status == TERN_OK) {
        status = trn_bytes_append_text(limited, "WHEN tern_capturing() ");
    }
    if (status == TERN_OK && when.data != NULL) {
        status = trn_bytes_append_text(limited, "AND (");
        if (status == TERN_OK) {
            status = append_part(limited, condition + when.size, body);
        }
        if (status == TERN_OK) {
            status = trn_bytes_append_text(limited, ") ");
        }
    }
    return status == TERN_OK ? append_part(limited, body, end) : status;
}

/* SQLite's messages of broken constraints, read back into codes and sentences. The message is
 * SQLite's own text over names of our DDL, so it is cut at known words and looked up, never
 * repeated. */
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/error.h"
#include "model/limit.h"

static const char failed_check[] = "CHECK constraint failed: ";
static const char failed_null[] = "NOT NULL constraint failed: ";
static const char failed_unique[] = "UNIQUE constraint failed: ";
static const char failed_reference[] = "FOREIGN KEY constraint failed";
static const char guarded[] = "write through the Tern library";

/* What stands behind `words` in the message, or NULL. */
static const char *after(const char *message, const char *words)
{
    const char *found = strstr(message, words);

    return found == NULL ? NULL : found + strlen(words);
}

/* The part up to the next of `ends`; moves `text` behind that character. */
static struct trn_slice take(const char **text, const char *ends)
{
    size_t size = strcspn(*text, ends);
    struct trn_slice part = trn_slice_make(*text, size);

    *text += size + ((*text)[size] != '\0');
    return part;
}

static const struct trn_table *find_table(const struct trn_schema *schema, struct trn_slice name)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        if (trn_slice_equal_text(name, schema->tables[i].name)) {
            return &schema->tables[i];
        }
    }
    for (size_t i = 0; i < schema->server_table_count; i++) {
        if (trn_slice_equal_text(name, schema->server_tables[i].name)) {
            return &schema->server_tables[i];
        }
    }
    return NULL;
}

static const struct trn_column *find_column(const struct trn_table *table, struct trn_slice name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (trn_slice_equal_text(name, table->columns[i].name)) {
            return &table->columns[i];
        }
    }
    for (size_t i = 0; i < table->server_column_count; i++) {
        if (trn_slice_equal_text(name, table->server_columns[i].name)) {
            return &table->server_columns[i];
        }
    }
    return NULL;
}

static const struct trn_check *find_check(const struct trn_table *table, struct trn_slice name)
{
    for (size_t i = 0; i < table->check_count; i++) {
        if (trn_slice_equal_text(name, table->checks[i].name)) {
            return &table->checks[i];
        }
    }
    return NULL;
}

static tern_status fail_unknown(tern_error *error)
{
    return trn_fail(error, TERN_ERR_CHECK, "a constraint that the schema does not name was broken");
}

static tern_status fail_limit(const struct trn_table *table,
                              struct trn_slice column_name,
                              struct trn_slice limit_name,
                              tern_error *error)
{
    const struct trn_column *column = find_column(table, column_name);

    for (int limit = 0; column != NULL && limit < TRN_LIMIT_COUNT; limit++) {
        if (trn_slice_equal_text(limit_name, trn_limit_name((enum trn_limit)limit))) {
            return trn_limit_fail(table, column, (enum trn_limit)limit, error);
        }
    }
    return fail_unknown(error);
}

/* "table.column.limit", "table.name.check", "table.id.type". */
static tern_status
explain_check(const struct trn_schema *schema, const char *name, tern_error *error)
{
    const struct trn_table *table = find_table(schema, take(&name, "."));
    struct trn_slice middle = take(&name, ".");
    struct trn_slice last = take(&name, ".");
    const struct trn_check *check;

    if (table == NULL) {
        return fail_unknown(error);
    }
    if (trn_slice_equal_text(middle, "id")) {
        return trn_fail(error, TERN_ERR_TYPE, "%s.id takes a uuid (16 bytes)", table->name);
    }
    if (trn_slice_equal_text(last, "check")) {
        check = find_check(table, middle);
        return check == NULL ? fail_unknown(error) : trn_limit_fail_check(table, check, error);
    }
    return fail_limit(table, middle, last, error);
}

static tern_status
explain_null(const struct trn_schema *schema, const char *name, tern_error *error)
{
    const struct trn_table *table = find_table(schema, take(&name, "."));
    const struct trn_column *column;

    if (table == NULL) {
        return fail_unknown(error);
    }
    column = find_column(table, trn_slice_text(name));
    if (column != NULL) {
        return trn_limit_fail(table, column, TRN_LIMIT_NOT_NULL, error);
    }
    return trn_fail(error,
                    TERN_ERR_NOT_NULL,
                    "%s.%s must not be null",
                    table->name,
                    strcmp(name, "id") == 0 ? "id" : "an implied column");
}

static tern_status
fail_unique(const struct trn_table *table, const struct trn_unique *unique, tern_error *error)
{
    char list[TERN_ERROR_MESSAGE_BYTES] = "";
    size_t size = 0;

    for (size_t i = 0; i < unique->column_count; i++) {
        const char *name = table->columns[unique->columns[i]].name;
        size_t room = sizeof(list) - size;
        size_t length = strlen(name) + (i != 0 ? 2 : 0);

        if (length >= room) {
            break;
        }
        memcpy(list + size, ", ", i != 0 ? 2 : 0);
        memcpy(list + size + (i != 0 ? 2 : 0), name, strlen(name) + 1);
        size += length;
    }
    return trn_fail(error, TERN_ERR_UNIQUE, "%s: another row has the same %s", table->name, list);
}

/* "index '<name>'" */
static tern_status
explain_index(const struct trn_schema *schema, const char *quoted, tern_error *error)
{
    struct trn_slice name = take(&quoted, "'");

    for (size_t t = 0; t < schema->table_count; t++) {
        const struct trn_table *table = &schema->tables[t];

        for (size_t i = 0; i < table->unique_count; i++) {
            if (trn_slice_equal_text(name, table->uniques[i].name)) {
                return fail_unique(table, &table->uniques[i], error);
            }
        }
    }
    return trn_fail(error, TERN_ERR_UNIQUE, "another row has the same unique key");
}

static bool starts_with_column(const struct trn_table *table,
                               const struct trn_unique *unique,
                               size_t at,
                               struct trn_slice name)
{
    return at < unique->column_count &&
           trn_slice_equal_text(name, table->columns[unique->columns[at]].name);
}

/* Whether "t.a, t.b" lists the columns of `unique`. */
static bool
lists_unique(const struct trn_table *table, const struct trn_unique *unique, const char *list)
{
    size_t count = 0;

    while (*list != '\0') {
        (void)take(&list, ".");
        if (!starts_with_column(table, unique, count, take(&list, ","))) {
            return false;
        }
        list += *list == ' ';
        count++;
    }
    return count == unique->column_count;
}

/* "t.a, t.b" */
static tern_status
explain_unique(const struct trn_schema *schema, const char *list, tern_error *error)
{
    const char *whole = list;
    const struct trn_table *table;
    const char *index = after(list, "index '");
    struct trn_slice column;

    if (index != NULL) {
        return explain_index(schema, index, error);
    }
    table = find_table(schema, take(&list, "."));
    column = take(&list, ",");
    if (table == NULL) {
        return fail_unknown(error);
    }
    if (trn_slice_equal_text(column, "id") || trn_slice_equal_text(column, "rowid")) {
        return trn_fail(error,
                        TERN_ERR_EXISTS,
                        "%s: a row of this id exists; undelete it if it was deleted",
                        table->name);
    }
    for (size_t i = 0; i < table->unique_count; i++) {
        if (lists_unique(table, &table->uniques[i], whole)) {
            return fail_unique(table, &table->uniques[i], error);
        }
    }
    return trn_fail(error, TERN_ERR_UNIQUE, "%s: another row has the same key", table->name);
}

tern_status
trn_schema_explain(const struct trn_schema *schema, const char *sqlite_message, tern_error *error)
{
    const char *rest;

    TRN_ASSERT(schema != NULL && sqlite_message != NULL);

    if ((rest = after(sqlite_message, failed_check)) != NULL) {
        return explain_check(schema, rest, error);
    }
    if ((rest = after(sqlite_message, failed_null)) != NULL) {
        return explain_null(schema, rest, error);
    }
    if ((rest = after(sqlite_message, failed_unique)) != NULL) {
        return explain_unique(schema, rest, error);
    }
    if (strstr(sqlite_message, failed_reference) != NULL) {
        return trn_fail(error,
                        TERN_ERR_FOREIGN_KEY,
                        "a row references one that is not there, or one that is referenced went");
    }
    if (strstr(sqlite_message, guarded) != NULL) {
        return trn_fail(error, TERN_ERR_SQL, "write through the Tern library");
    }
    return fail_unknown(error);
}

/* Documents and databases that the schema's tests share. */
#include "tests/unit/schema/documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *documents_read(const char *path)
{
    char name[512];
    char *text;
    FILE *file;
    long size;

    (void)snprintf(name, sizeof(name), "%s/%s", TERN_SOURCE_DIR, path);
    file = fopen(name, "rb");
    CHECK(file != NULL);
    CHECK(fseek(file, 0, SEEK_END) == 0);
    size = ftell(file);
    CHECK(size >= 0 && fseek(file, 0, SEEK_SET) == 0);
    text = malloc((size_t)size + 1);
    CHECK(text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size);
    text[size] = '\0';
    (void)fclose(file);
    return text;
}

struct trn_schema *documents_load(const char *json)
{
    struct trn_schema *schema = NULL;
    tern_error error = {.status = TERN_OK};

    if (trn_schema_load(json, strlen(json), &schema, &error) != TERN_OK) {
        CHECK_TEXT(error.message, "no error");
    }
    return schema;
}

struct trn_schema *documents_dastern(void)
{
    char *text = documents_read("schemas/dastern.json");
    struct trn_schema *schema = documents_load(text);

    free(text);
    return schema;
}

char *documents_notes_text(const char *columns, const char *extra)
{
    static const char form[] =
        "{'tern':1,'name':'notes','version':1,'users':{'table':'users','role':'role'},"
        "'enums':[{'name':'Role','values':['READER','WRITER']}],"
        "'tables':[{'name':'users','scopes':['id'],'columns':["
        "{'name':'role','type':'enum','enum':'Role','default':'READER'}]},"
        "{'name':'notes','scopes':['owner_id'],'columns':["
        "{'name':'owner_id','type':'uuid','references':{'table':'users','may_leave_scope':true}},"
        "{'name':'body','type':'text','nullable':true}%s]%s}]}";
    size_t size = sizeof(form) + strlen(columns) + strlen(extra);
    char *text = malloc(size);

    CHECK(text != NULL);
    (void)snprintf(text, size, form, columns, extra);
    for (char *c = text; *c != '\0'; c++) {
        *c = (char)(*c == '\'' ? '"' : *c);
    }
    return text;
}

struct trn_schema *documents_notes(const char *columns, const char *extra)
{
    char *text = documents_notes_text(columns, extra);
    struct trn_schema *schema = documents_load(text);

    free(text);
    return schema;
}

static void stamp_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)values;
    sqlite3_result_int64(context, 1763600000000000 + count);
}

sqlite3 *documents_database(void)
{
    return documents_database_at(":memory:");
}

sqlite3 *documents_database_at(const char *path)
{
    sqlite3 *db = NULL;

    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(
        sqlite3_create_function(db, "tern_now", 0, SQLITE_UTF8, NULL, stamp_function, NULL, NULL) ==
        SQLITE_OK);
    CHECK(sqlite3_create_function(db,
                                  "tern_stamp",
                                  0,
                                  SQLITE_UTF8,
                                  NULL,
                                  stamp_function,
                                  NULL,
                                  NULL) == SQLITE_OK);
    CHECK(sqlite3_create_function(db,
                                  "tern_version",
                                  1,
                                  SQLITE_UTF8,
                                  NULL,
                                  stamp_function,
                                  NULL,
                                  NULL) == SQLITE_OK);
    documents_run(db, "PRAGMA foreign_keys = ON");
    return db;
}

void documents_run(sqlite3 *db, const char *sql)
{
    char *message = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        (void)fprintf(stderr, "%s\n", sql);
        CHECK_TEXT(message, "no message");
    }
}

sqlite3 *documents_replica(const struct trn_schema *schema)
{
    sqlite3 *db = documents_database();
    struct trn_bytes ddl = {0};

    CHECK(trn_schema_ddl(schema, TRN_DIALECT_REPLICA, &ddl, NULL) == TERN_OK);
    documents_run(db, "BEGIN");
    documents_run(db, trn_bytes_text(&ddl));
    documents_run(db, "COMMIT");
    CHECK(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) == SQLITE_OK);
    trn_bytes_free(&ddl);
    return db;
}

int64_t documents_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t number;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        CHECK_TEXT(sqlite3_errmsg(db), "no message");
    }
    CHECK(sqlite3_step(stmt) == SQLITE_ROW);
    number = sqlite3_column_int64(stmt, 0);
    CHECK(sqlite3_finalize(stmt) == SQLITE_OK);
    return number;
}

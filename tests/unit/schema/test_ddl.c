/* The databases made of a document: what they refuse, what they keep out, and how they find rows.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/schema/documents.h"

static tern_status
run(sqlite3 *db, const struct trn_schema *schema, const char *sql, tern_error *error)
{
    *error = (tern_error){.status = TERN_OK};
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK) {
        return TERN_OK;
    }
    return trn_schema_explain(schema, sqlite3_errmsg(db), error);
}

TEST(a_write_from_outside_the_library_fails_loudly)
{
    struct trn_schema *schema = documents_notes("", "");
    sqlite3 *db = documents_replica(schema);
    tern_error error;

    documents_run(db, "INSERT INTO users (id) VALUES (randomblob(16))");
    CHECK(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL) == SQLITE_OK);
    CHECK_INT(run(db, schema, "INSERT INTO users (id) VALUES (randomblob(16))", &error),
              TERN_ERR_SQL);
    CHECK_TEXT(error.message, "write through the Tern library");
    CHECK_INT(run(db, schema, "UPDATE users SET role = 'WRITER'", &error), TERN_ERR_SQL);
    CHECK_INT(run(db, schema, "DELETE FROM users", &error), TERN_ERR_SQL);
    CHECK_INT(documents_number(db, "SELECT count(*) FROM users WHERE role = 'READER'"), 1);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(a_unique_key_holds_among_live_rows)
{
    struct trn_schema *schema = documents_notes(",{'name':'kind','type':'text'}",
                                                ",'unique':[{'columns':['body','kind']}]");
    sqlite3 *db = documents_replica(schema);
    tern_error error;

    documents_run(db,
                  "INSERT INTO notes (id, owner_id, body, kind, deleted_at) VALUES "
                  "(randomblob(16), randomblob(16), 'a', 'b', 5)");
    documents_run(db,
                  "INSERT INTO notes (id, owner_id, body, kind) VALUES (randomblob(16), "
                  "randomblob(16), 'a', 'b')");
    CHECK_INT(run(db,
                  schema,
                  "INSERT INTO notes (id, owner_id, body, kind) VALUES (randomblob(16), "
                  "randomblob(16), 'a', 'b')",
                  &error),
              TERN_ERR_UNIQUE);
    CHECK_TEXT(error.message, "notes: another row has the same body, kind");
    CHECK_INT(run(db, schema, "UPDATE notes SET deleted_at = NULL", &error), TERN_ERR_UNIQUE);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(an_id_that_is_taken_has_a_code_of_its_own)
{
    struct trn_schema *schema = documents_notes("", "");
    sqlite3 *db = documents_replica(schema);
    tern_error error;

    documents_run(db, "INSERT INTO users (id) VALUES (x'000102030405060708090a0b0c0d0e0f')");
    CHECK_INT(run(db,
                  schema,
                  "INSERT INTO users (id) VALUES (x'000102030405060708090a0b0c0d0e0f')",
                  &error),
              TERN_ERR_EXISTS);
    CHECK_TEXT(error.message, "users: a row of this id exists; undelete it if it was deleted");
    CHECK_INT(run(db, schema, "INSERT INTO users (id) VALUES ('text')", &error), TERN_ERR_TYPE);
    CHECK_TEXT(error.message, "users.id takes a uuid (16 bytes)");
    CHECK_INT(run(db, schema, "INSERT INTO users (id) VALUES (NULL)", &error), TERN_ERR_NOT_NULL);
    CHECK_TEXT(error.message, "users.id must not be null");
    CHECK_INT(
        run(db, schema, "INSERT INTO users (id, updated_at) VALUES (randomblob(16), NULL)", &error),
        TERN_ERR_NOT_NULL);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

static struct trn_schema *with_parts(void)
{
    return documents_notes(
        "",
        "},{'name':'parts','scopes':['note_id.owner_id'],'columns':["
        "{'name':'note_id','type':'uuid','references':{'table':'notes','on_delete':'cascade'}}]");
}

TEST(a_reference_within_the_scope_is_enforced_at_commit)
{
    struct trn_schema *schema = with_parts();
    sqlite3 *db = documents_replica(schema);
    tern_error error;

    documents_run(db, "BEGIN");
    documents_run(db, "INSERT INTO parts (id, note_id) VALUES (randomblob(16), zeroblob(16))");
    CHECK_INT(run(db, schema, "COMMIT", &error), TERN_ERR_FOREIGN_KEY);
    documents_run(db, "INSERT INTO notes (id, owner_id) VALUES (zeroblob(16), randomblob(16))");
    documents_run(db, "COMMIT");
    CHECK_INT(run(db, schema, "DELETE FROM notes", &error), TERN_ERR_FOREIGN_KEY);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(the_server_enforces_every_reference_and_acts_when_a_row_is_erased)
{
    struct trn_schema *schema = with_parts();
    sqlite3 *db = documents_database();
    struct trn_bytes ddl = {0};
    tern_error error;

    CHECK(trn_schema_ddl(schema, TRN_DIALECT_SERVER_SQLITE, &ddl, NULL) == TERN_OK);
    documents_run(db, trn_bytes_text(&ddl));
    trn_bytes_free(&ddl);
    CHECK_INT(run(db,
                  schema,
                  "INSERT INTO notes (id, owner_id, created_at, updated_at, tern_v) VALUES "
                  "(zeroblob(16), zeroblob(16), 1, 1, 0)",
                  &error),
              TERN_ERR_FOREIGN_KEY);
    documents_run(db,
                  "INSERT INTO users (id, created_at, updated_at, tern_v) VALUES (zeroblob(16), 1, "
                  "1, 0)");
    documents_run(db,
                  "INSERT INTO notes (id, owner_id, created_at, updated_at, tern_v) VALUES "
                  "(zeroblob(16), zeroblob(16), 1, 1, 0)");
    documents_run(db,
                  "INSERT INTO parts (id, note_id, created_at, updated_at, tern_v) VALUES "
                  "(zeroblob(16), zeroblob(16), 1, 1, 0)");
    documents_run(db, "DELETE FROM notes");
    CHECK_INT(documents_number(db, "SELECT count(*) FROM parts"), 0);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(names_that_are_words_of_sql_are_quoted)
{
    struct trn_schema *schema =
        documents_notes(",{'name':'select','type':'text','length':3,'default':'it'}"
                        ",{'name':'order','type':'date','nullable':true}",
                        ",'unique':[{'columns':['select']}],'indexes':[{'columns':['order']}],"
                        "'checks':[{'name':'where','compare':['order','<>','order']}]"
                        "},{'name':'group','scopes':['table.owner_id'],'columns':["
                        "{'name':'table','type':'uuid','references':{'table':'notes'}}]");
    sqlite3 *db = documents_replica(schema);
    tern_error error;

    CHECK_INT(documents_number(db, "SELECT count(*) FROM \"group\""), 0);
    CHECK_INT(run(db,
                  schema,
                  "INSERT INTO notes (id, owner_id, \"select\") VALUES (randomblob(16), "
                  "randomblob(16), 'from')",
                  &error),
              TERN_ERR_LENGTH);
    CHECK_TEXT(error.message, "notes.select takes at most 3 characters");
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(rows_get_the_document_s_defaults)
{
    struct trn_schema *schema =
        documents_notes(",{'name':'said','type':'text','default':'it\\u0027s'}"
                        ",{'name':'many','type':'bigint','default':-9223372036854775807}"
                        ",{'name':'much','type':'real','default':-0.5}"
                        ",{'name':'paid','type':'decimal','precision':4,'scale':1,'default':'0.5'}"
                        ",{'name':'is','type':'bool','default':true}"
                        ",{'name':'day','type':'date','default':'2026-11-20'}"
                        ",{'name':'box','type':'json','default':{'a':[1,null]}}"
                        ",{'name':'raw','type':'bytes','default':'AP8'}",
                        "");
    sqlite3 *db = documents_replica(schema);

    documents_run(db, "INSERT INTO notes (id, owner_id) VALUES (randomblob(16), randomblob(16))");
    CHECK_INT(documents_number(db,
                               "SELECT said = 'it''s' AND many = -9223372036854775807 AND much = "
                               "-0.5 AND paid = '0.5' AND \"is\" = 1 AND day = '2026-11-20' AND "
                               "box = '{\"a\":[1,null]}' AND raw = x'00ff' AND created_at > 0 AND "
                               "updated_at > 0 AND deleted_at IS NULL AND tern_v > 0 FROM notes"),
              1);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(a_partial_index_is_partial)
{
    struct trn_schema *schema = documents_notes(
        ",{'name':'done','type':'bool','default':false}",
        ",'indexes':[{'columns':['body'],'live':true,'where':{'column':'done','is':false}},"
        "{'columns':['done'],'name':'bodiless','where':{'column':'body','is':null}}]");
    sqlite3 *db = documents_replica(schema);

    CHECK_INT(
        documents_number(db,
                         "SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%WHERE "
                         "\"deleted_at\" IS NULL AND \"done\" = 0' OR sql LIKE '%\"bodiless\" "
                         "%WHERE \"body\" IS NULL'"),
        2);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

/* Fails the test unless every step of the plan searches, or walks, an index. */
static void check_plan(sqlite3 *db, const char *query)
{
    char sql[1000];
    sqlite3_stmt *stmt = NULL;
    unsigned steps = 0;

    (void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", query);
    CHECK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(stmt, 3);

        if (strstr(step, " USING INDEX ") == NULL) {
            (void)fprintf(stderr, "%s\n", query);
            CHECK_TEXT(step, "a step that uses an index");
        }
        steps++;
    }
    CHECK(steps == 1);
    CHECK(sqlite3_finalize(stmt) == SQLITE_OK);
}

TEST(every_declared_query_uses_an_index)
{
    struct trn_schema *schema = documents_dastern();
    sqlite3 *db = documents_replica(schema);
    size_t queries = 0;

    for (size_t t = 0; t < schema->table_count; t++) {
        for (size_t q = 0; q < schema->tables[t].query_count; q++) {
            struct trn_bytes sql = {0};

            CHECK(trn_schema_query_sql(&schema->tables[t],
                                       &schema->tables[t].queries[q],
                                       &sql,
                                       NULL) == TERN_OK);
            check_plan(db, trn_bytes_text(&sql));
            trn_bytes_free(&sql);
            queries++;
        }
    }
    CHECK(queries >= 30);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(the_statements_are_whole_or_absent)
{
    struct trn_schema *schema = documents_notes("", ",'indexes':[{'columns':['body']}]");

    for (int dialect = TRN_DIALECT_REPLICA; dialect <= TRN_DIALECT_SERVER_POSTGRES; dialect++) {
        unsigned failures = 0;

        FOR_EACH_ALLOC_FAILURE (nth) {
            struct trn_bytes ddl = {0};
            tern_status status = trn_schema_ddl(schema, (enum trn_dialect)dialect, &ddl, NULL);

            CHECK(status == TERN_OK ? ddl.size > 1000 : status == TERN_ERR_NOMEM && ddl.size == 0);
            failures += status != TERN_OK;
            trn_bytes_free(&ddl);
        }
        CHECK(failures > 0);
    }
    trn_schema_free(schema);
}

TEST(a_message_that_names_nothing_of_the_schema_is_not_repeated)
{
    static const char *const messages[] = {
        "CHECK constraint failed: secret",
        "CHECK constraint failed: notes.secret.length",
        "CHECK constraint failed: notes.body.secret",
        "CHECK constraint failed: notes.secret.check",
        "CHECK constraint failed: ",
        "NOT NULL constraint failed: secret.a",
        "NOT NULL constraint failed: notes.secret",
        "UNIQUE constraint failed: secret.a",
        "UNIQUE constraint failed: notes.secret",
        "UNIQUE constraint failed: index 'secret'",
        "UNIQUE constraint failed: index 'secret",
        "UNIQUE constraint failed: ",
        "secret",
        "",
    };
    struct trn_schema *schema = documents_notes("", "");

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        tern_error error = {.status = TERN_OK};

        CHECK(trn_schema_explain(schema, messages[i], &error) != TERN_OK);
        CHECK(error.message[0] != '\0' && strstr(error.message, "secret") == NULL);
    }
    trn_schema_free(schema);
}

TEST(a_unique_key_is_explained_by_its_index_too)
{
    struct trn_schema *schema = documents_notes("", ",'unique':[{'columns':['body']}]");
    tern_error error = {.status = TERN_OK};

    CHECK_INT(
        trn_schema_explain(schema, "UNIQUE constraint failed: index 'notes_body_key'", &error),
        TERN_ERR_UNIQUE);
    CHECK_TEXT(error.message, "notes: another row has the same body");
    trn_schema_free(schema);
}

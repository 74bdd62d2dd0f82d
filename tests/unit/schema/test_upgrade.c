/* Upgrades: what is added is there afterwards, what was there stays as it was, and all else is
 * refused with the place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"
#include "tests/unit/schema/documents.h"

/* Two versions of one schema: the text of the first, and replacements that make the second. */
struct edit {
    const char *from;
    const char *to;
};

static const char first[] =
    "{'tern':1,'name':'notes','version':1,'users':{'table':'users','role':'role'},"
    "'enums':[{'name':'Role','values':['READER','WRITER']}],"
    "'tables':[{'name':'users','scopes':['id'],'columns':["
    "{'name':'role','type':'enum','enum':'Role','default':'READER'}],"
    "'server_columns':[{'name':'secret','type':'enum','enum':'Role','nullable':true}]},"
    "{'name':'notes','scopes':['owner_id'],'natural_key':['day'],'columns':["
    "{'name':'owner_id','type':'uuid','references':{'table':'users','on_delete':'cascade'}},"
    "{'name':'day','type':'date'},"
    "{'name':'body','type':'text','length':20,'nullable':true,'default':'x'},"
    "{'name':'kind','type':'enum','enum':'Role','nullable':true}],"
    "'units':[{'name':'one','columns':['body','kind'],'rank':'inferred'}],"
    "'unique':[{'columns':['body']}],"
    "'checks':[{'name':'apart','compare':['body','<=','body']}],"
    "'indexes':[{'columns':['day']}]}],"
    "'server_tables':[{'name':'keys','columns':[{'name':'hash','type':'text'}]}]}";

/* An edit that is allowed, as whole as can be. */
static const struct edit additions[] = {
    {"'version':1", "'version':2"},
    {"['READER','WRITER']", "['READER','WRITER',{'value':'ADMIN','since':2,'fallback':'WRITER'}]"},
    {"'nullable':true}],'units'",
     "'nullable':true},"
     "{'name':'colour','type':'text','length':7,'default':'it\\u0027s','since':2},"
     "{'name':'twin_id','type':'uuid','nullable':true,'since':2,"
     "'references':{'table':'notes','on_delete':'set_null'}},"
     "{'name':'task_id','type':'uuid','nullable':true,'since':2,"
     "'references':{'table':'tasks'}}],'units'"},
    {"'rank':'inferred'}",
     "'rank':'inferred'},{'name':'two','columns':['colour','twin_id','task_id']}"},
    {"'indexes':[{'columns':['day']}]}",
     "'indexes':[{'columns':['day']},{'columns':['colour']}]},"
     "{'name':'tasks','scopes':['owner_id'],'since':2,'columns':["
     "{'name':'owner_id','type':'uuid','references':{'table':'users'}},"
     "{'name':'by','type':'enum','enum':'Role','default':'WRITER'}]}"},
    {"{'columns':['body']}", "{'columns':['body']},{'columns':['body','twin_id']}"},
    {"'nullable':true}]},", "'nullable':true},{'name':'pin','type':'text','nullable':true}]},"},
    {"'type':'text'}]}]}",
     "'type':'text'},{'name':'salt','type':'bytes','nullable':true}]},"
     "{'name':'tokens','columns':[{'name':'user_id','type':'uuid','references':{'table':'users'}}]}"
     "]}"},
};

static char *replace(const char *text, const struct edit *edit)
{
    const char *at = strstr(text, edit->from);
    char *result = malloc(strlen(text) + strlen(edit->to) + 1);

    if (at == NULL) {
        CHECK_TEXT(edit->from, "in the text");
    }
    CHECK(result != NULL);
    memcpy(result, text, (size_t)(at - text));
    (void)sprintf(result + (at - text), "%s%s", edit->to, at + strlen(edit->from));
    return result;
}

static struct trn_schema *load_edited(const struct edit *edits, size_t count)
{
    char *text = malloc(sizeof(first));
    struct trn_schema *schema;

    CHECK(text != NULL);
    memcpy(text, first, sizeof(first));
    for (size_t i = 0; i < count; i++) {
        char *next = replace(text, &edits[i]);

        free(text);
        text = next;
    }
    for (char *c = text; *c != '\0'; c++) {
        *c = (char)(*c == '\'' ? '"' : *c);
    }
    schema = documents_load(text);
    free(text);
    return schema;
}

static struct trn_schema *load_second(void)
{
    return load_edited(additions, sizeof(additions) / sizeof(additions[0]));
}

static void upgrade(sqlite3 *db,
                    const struct trn_schema *from,
                    const struct trn_schema *to,
                    enum trn_dialect dialect)
{
    struct trn_bytes ddl = {0};
    tern_error error = {.status = TERN_OK};

    if (trn_schema_upgrade_ddl(from, to, dialect, &ddl, &error) != TERN_OK) {
        CHECK_TEXT(error.message, "no error");
    }
    documents_run(db, "BEGIN IMMEDIATE");
    documents_run(db, trn_bytes_text(&ddl));
    documents_run(db, "COMMIT");
    trn_bytes_free(&ddl);
}

#define A_NOTE                                                                                     \
    "INSERT INTO notes (rowid, id, owner_id, day, body, kind, tern_v) VALUES (77, zeroblob(16), "  \
    "zeroblob(16), '2026-11-20', 'kept', 'WRITER', x'0102')"

static void add_rows(sqlite3 *db)
{
    documents_run(db, "INSERT INTO users (id) VALUES (zeroblob(16))");
    documents_run(db, A_NOTE);
}

TEST(an_upgrade_adds_and_keeps_every_row_rowid_and_version)
{
    struct trn_schema *from = load_edited(NULL, 0);
    struct trn_schema *to = load_second();
    sqlite3 *db = documents_replica(from);

    add_rows(db);
    CHECK(sqlite3_exec(db, "UPDATE notes SET kind = 'ADMIN'", NULL, NULL, NULL) != SQLITE_OK);
    upgrade(db, from, to, TRN_DIALECT_REPLICA);
    CHECK_INT(documents_number(db,
                               "SELECT count(*) FROM notes WHERE rowid = 77 AND body = 'kept' AND "
                               "tern_v = x'0102' AND colour = 'it''s' AND twin_id IS NULL"),
              1);
    documents_run(db, "UPDATE notes SET kind = 'ADMIN'");
    CHECK(sqlite3_exec(db, "UPDATE notes SET kind = 'KING'", NULL, NULL, NULL) != SQLITE_OK);
    CHECK(sqlite3_exec(db, "UPDATE notes SET colour = 'too long a colour'", NULL, NULL, NULL) !=
          SQLITE_OK);
    documents_run(db, "INSERT INTO tasks (id, owner_id) VALUES (zeroblob(16), zeroblob(16))");
    documents_run(db, "UPDATE notes SET twin_id = zeroblob(16), task_id = zeroblob(16)");
    CHECK(sqlite3_exec(db, "UPDATE notes SET task_id = x'ff'", NULL, NULL, NULL) != SQLITE_OK);
    CHECK_INT(documents_number(db,
                               "SELECT count(*) FROM sqlite_schema WHERE name IN "
                               "('notes_colour_idx', 'notes_body_twin_id_key', 'tasks', "
                               "'tern_guard_tasks_insert')"),
              4);
    CHECK_INT(documents_number(db,
                               "SELECT count(*) FROM sqlite_schema WHERE name IN ('tern_upgrade', "
                               "'keys', 'tokens')"),
              0);
    CHECK_INT(documents_number(db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(from);
    trn_schema_free(to);
}

static void columns_of(sqlite3 *db, struct trn_bytes *list)
{
    sqlite3_stmt *stmt = NULL;

    CHECK(
        sqlite3_prepare_v2(db,
                           "SELECT s.name || '.' || c.name || ' ' || c.type || ' ' || "
                           "c.\"notnull\" || ' ' || coalesce(c.dflt_value, '') FROM sqlite_schema "
                           "s, pragma_table_info(s.name) c WHERE s.type = 'table' UNION ALL "
                           "SELECT 'index ' || sql FROM sqlite_schema WHERE type = 'index' AND sql "
                           "IS NOT NULL UNION ALL SELECT 'trigger ' || sql FROM sqlite_schema "
                           "WHERE type = 'trigger' ORDER BY 1",
                           -1,
                           &stmt,
                           NULL) == SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        CHECK(trn_bytes_append_format(list, "%s\n", (const char *)sqlite3_column_text(stmt, 0)) ==
              TERN_OK);
    }
    CHECK(sqlite3_finalize(stmt) == SQLITE_OK);
}

static sqlite3 *database_of(const struct trn_schema *schema, enum trn_dialect dialect)
{
    sqlite3 *db = documents_database();
    struct trn_bytes ddl = {0};

    CHECK(trn_schema_ddl(schema, dialect, &ddl, NULL) == TERN_OK);
    documents_run(db, trn_bytes_text(&ddl));
    trn_bytes_free(&ddl);
    return db;
}

static void compare_upgraded(enum trn_dialect dialect)
{
    struct trn_schema *from = load_edited(NULL, 0);
    struct trn_schema *to = load_second();
    sqlite3 *upgraded = database_of(from, dialect);
    sqlite3 *fresh = database_of(to, dialect);
    struct trn_bytes left = {0};
    struct trn_bytes right = {0};

    upgrade(upgraded, from, to, dialect);
    columns_of(upgraded, &left);
    columns_of(fresh, &right);
    CHECK(left.size > 500);
    CHECK_TEXT(trn_bytes_text(&left), trn_bytes_text(&right));
    trn_bytes_free(&left);
    trn_bytes_free(&right);
    CHECK(sqlite3_close(upgraded) == SQLITE_OK);
    CHECK(sqlite3_close(fresh) == SQLITE_OK);
    trn_schema_free(from);
    trn_schema_free(to);
}

TEST(an_upgraded_database_is_the_one_that_a_new_one_would_be)
{
    compare_upgraded(TRN_DIALECT_REPLICA);
    compare_upgraded(TRN_DIALECT_SERVER_SQLITE);
}

/* Another connection to the file reads the new constraints without being opened again. */
TEST(other_connections_see_a_grown_enum)
{
    struct trn_schema *from = load_edited(NULL, 0);
    struct trn_schema *to = load_second();
    const char *path = trn_test_path(trn_test_folder(), "notes.db");
    sqlite3 *other = NULL;
    sqlite3 *db = documents_replica(from);
    char sql[600];

    add_rows(db);
    (void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", path);
    documents_run(db, sql);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    db = documents_database_at(path);
    CHECK(sqlite3_open(path, &other) == SQLITE_OK);
    CHECK(sqlite3_db_config(other, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) == SQLITE_OK);
    CHECK(sqlite3_exec(other, "UPDATE notes SET kind = 'ADMIN'", NULL, NULL, NULL) != SQLITE_OK);
    upgrade(db, from, to, TRN_DIALECT_REPLICA);
    documents_run(other, "UPDATE notes SET kind = 'ADMIN'");
    CHECK(sqlite3_close(other) == SQLITE_OK);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(from);
    trn_schema_free(to);
}

/* A check that is not in the file as it should be is not left as it is in silence. */
TEST(a_grown_enum_whose_check_is_not_found_fails_the_upgrade)
{
    struct trn_schema *from = load_edited(NULL, 0);
    struct trn_schema *to = load_second();
    struct trn_schema *stranger = documents_notes("", "");
    sqlite3 *db = documents_replica(stranger);
    struct trn_bytes ddl = {0};

    CHECK(trn_schema_upgrade_ddl(from, to, TRN_DIALECT_REPLICA, &ddl, NULL) == TERN_OK);
    documents_run(db, "BEGIN");
    CHECK(sqlite3_exec(db, trn_bytes_text(&ddl), NULL, NULL, NULL) != SQLITE_OK);
    CHECK(strstr(sqlite3_errmsg(db), "tern_upgrade_found") != NULL);
    documents_run(db, "ROLLBACK");
    trn_bytes_free(&ddl);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(from);
    trn_schema_free(to);
    trn_schema_free(stranger);
}

TEST(who_writes_rows_of_several_records_may_change)
{
    static const struct edit edits[] = {
        {"'version':1", "'version':2"},
        {"'scopes':['owner_id']", "'scopes':['owner_id'],'write_scopes':'any'"},
    };
    struct trn_schema *from = load_edited(NULL, 0);
    struct trn_schema *to = load_edited(edits, 2);
    struct trn_bytes ddl = {0};

    CHECK(trn_schema_table(to, "notes")->any_scope_writes);
    CHECK_INT(trn_schema_upgrade_ddl(from, to, TRN_DIALECT_SERVER_SQLITE, &ddl, NULL), TERN_OK);
    CHECK_INT(ddl.size, 0);
    trn_bytes_free(&ddl);
    trn_schema_free(from);
    trn_schema_free(to);
}

TEST(the_same_version_needs_nothing)
{
    struct trn_schema *from = load_edited(NULL, 0);
    struct trn_schema *to = load_edited(NULL, 0);
    struct trn_bytes ddl = {0};

    CHECK_INT(trn_schema_upgrade_ddl(from, to, TRN_DIALECT_REPLICA, &ddl, NULL), TERN_OK);
    CHECK_INT(ddl.size, 0);
    trn_bytes_free(&ddl);
    trn_schema_free(from);
    trn_schema_free(to);
}

static void refuse(const struct edit *edits, size_t count, tern_status status, const char *message)
{
    struct trn_schema *from = load_edited(NULL, 0);
    struct trn_schema *to = load_edited(edits, count);
    struct trn_bytes ddl = {0};
    tern_error error = {.status = TERN_OK};

    CHECK_INT(trn_schema_upgrade_ddl(from, to, TRN_DIALECT_SERVER_SQLITE, &ddl, &error), status);
    CHECK(ddl.size == 0 && ddl.data == NULL);
    CHECK_TEXT(error.message, message);
    trn_schema_free(from);
    trn_schema_free(to);
}

TEST(an_older_document_is_refused)
{
    struct trn_schema *from = load_second();
    struct trn_schema *to = load_edited(NULL, 0);
    tern_error error = {.status = TERN_OK};
    struct trn_bytes ddl = {0};

    CHECK_INT(trn_schema_upgrade_ddl(from, to, TRN_DIALECT_REPLICA, &ddl, &error),
              TERN_ERR_SCHEMA_OLDER);
    CHECK_TEXT(error.message, "the document is version 1, the database already 2");
    trn_schema_free(from);
    trn_schema_free(to);
}

TEST(whatever_is_no_addition_is_refused_with_its_place)
{
    static const struct {
        struct edit edit;
        const char *message;
    } changes[] = {
        {{"'name':'notes','version'", "'name':'other','version'"},
         "the document is of other, the database of notes"},
        {{"['READER','WRITER']", "['WRITER','READER']"},
         "Role: values are only added behind those there are"},
        {{"['READER','WRITER']", "['READER','WRITER','ADMIN']"},
         "Role.ADMIN: a new value says since which version, and what older ones read"},
        {{"'length':20", "'length':21"}, "notes.body: a limit changed"},
        {{"'length':20,'nullable':true", "'length':20"}, "notes.body: nullable changed"},
        {{"'default':'x'", "'default':'y'"}, "notes.body: the default changed"},
        {{"'type':'text','length':20", "'type':'json'"}, "notes.body: the type changed"},
        {{"'on_delete':'cascade'", "'on_delete':'restrict'"},
         "notes.owner_id: the reference changed"},
        {{"'name':'body','type'", "'name':'body','server_name':'text','type'"},
         "notes.body: the server's name changed"},
        {{"'natural_key':['day']", "'natural_key':['day','owner_id']"},
         "notes: the natural key changed"},
        {{"'scopes':['owner_id']",
          "'append_only':true,'write':'insert_only','scopes':['owner_id']"},
         "notes: who may write changed"},
        {{"'rank':'inferred'", "'rank':'recorded'"}, "notes.one: the rule of the unit changed"},
        {{"'unique':[{'columns':['body']}],", ""}, "notes.notes_body_key: the unique key changed"},
        {{"{'columns':['body']}", "{'columns':['body']},{'columns':['kind']}"},
         "notes.notes_kind_key: a new unique key may not hold for the rows that are there"},
        {{"'indexes':[{'columns':['day']}]", "'indexes':[{'columns':['kind']}]"},
         "notes.notes_day_idx: the index changed; new ones stand behind those there are"},
        {{"'<='", "'<>'"}, "notes.apart: the check changed"},
        {{"'compare':['body','<=','body']}",
          "'compare':['body','<=','body']},{'name':'more','compare':['body','<=','body']}"},
         "notes.more: a new check may not hold for the rows that are there"},
        {{"'name':'users','scopes'", "'name':'users','server_name':'people','scopes'"},
         "users: the server's name or since changed"},
        {{"'server_tables':[{'name':'keys'", "'server_tables':[{'name':'other'"},
         "keys: the table is gone"},
        {{"'name':'hash','type':'text'", "'name':'hash','type':'json'"},
         "keys.hash: the type changed"},
        {{"'name':'secret',", "'name':'hidden',"}, "users.secret: the column is gone or has moved"},
        {{"'nullable':true}],'units':[{'name':'one','columns':['body','kind']",
          "'nullable':true},{'name':'new','type':'text','nullable':true}],'units':[{'name':'one',"
          "'columns':['body','kind','new']"},
         "notes.new: a new column says since which version"},
        {{"'indexes':[{'columns':['day']}]}",
          "'indexes':[{'columns':['day']}]},{'name':'more','scopes':['user_id'],'columns':["
          "{'name':'user_id','type':'uuid','references':{'table':'users'}}]}"},
         "more: a new table says since which version"},
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const struct edit edits[] = {changes[i].edit, {"'version':1", "'version':2"}};

        refuse(edits, 2, TERN_ERR_SCHEMA_INCOMPATIBLE, changes[i].message);
    }
}

TEST(a_default_that_the_same_version_adds_to_its_enum_is_refused)
{
    static const struct edit edits[] = {
        {"'version':1", "'version':2"},
        {"['READER','WRITER']",
         "['READER','WRITER',{'value':'ADMIN','since':2,'fallback':'WRITER'}]"},
        {"'indexes':[{'columns':['day']}]}",
         "'indexes':[{'columns':['day']}]},{'name':'tasks','scopes':['owner_id'],'since':2,"
         "'columns':[{'name':'owner_id','type':'uuid','references':{'table':'users'}},"
         "{'name':'by','type':'enum','enum':'Role','default':'ADMIN'}]}"},
    };

    refuse(edits,
           3,
           TERN_ERR_SCHEMA_INCOMPATIBLE,
           "tasks.by: the default is a value that the same version adds to its enum");
}

TEST(an_addition_under_the_same_version_is_refused)
{
    static const struct edit edit = {"'indexes':[{'columns':['day']}]",
                                     "'indexes':[{'columns':['day']},{'columns':['kind']}]"};

    refuse(&edit,
           1,
           TERN_ERR_SCHEMA_INCOMPATIBLE,
           "the document adds to version 1 and is still called so");
}

TEST(a_later_column_that_an_older_writer_would_wipe_is_refused_when_loaded)
{
    static const char text[] =
        "{\"tern\":1,\"name\":\"n\",\"version\":2,\"users\":{\"table\":\"u\"},\"tables\":[{"
        "\"name\":"
        "\"u\",\"scopes\":[\"id\"],\"columns\":[{\"name\":\"a\",\"type\":\"text\"},{\"name\":\"b\","
        "\"type\":\"text\",\"nullable\":true,\"since\":2}]}]}";
    struct trn_schema *schema = NULL;
    tern_error error = {.status = TERN_OK};

    CHECK_INT(trn_schema_load(text, strlen(text), &schema, &error), TERN_ERR_SCHEMA);
    CHECK_TEXT(
        error.message,
        "/tables/0/columns/1: a later column is in a unit of its own version: an older writer "
        "would wipe it");
}

TEST(an_upgrade_is_whole_or_absent)
{
    struct trn_schema *from = load_edited(NULL, 0);
    struct trn_schema *to = load_second();

    for (int dialect = TRN_DIALECT_REPLICA; dialect <= TRN_DIALECT_SERVER_POSTGRES; dialect++) {
        unsigned failures = 0;

        FOR_EACH_ALLOC_FAILURE (nth) {
            struct trn_bytes ddl = {0};
            tern_status status =
                trn_schema_upgrade_ddl(from, to, (enum trn_dialect)dialect, &ddl, NULL);

            CHECK(status == TERN_OK ? ddl.size > 100 : status == TERN_ERR_NOMEM && ddl.size == 0);
            failures += status != TERN_OK;
            trn_bytes_free(&ddl);
        }
        CHECK(failures > 0);
    }
    trn_schema_free(from);
    trn_schema_free(to);
}

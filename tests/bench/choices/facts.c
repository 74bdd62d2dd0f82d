/*
 * What SQLite tells a preupdate hook, and what triggers do: one line a fact, "as noted" or what
 * came instead.
 *
 * The notes are of 3.40.1. A hook call is logged as `I new`, `U old->new` or `D old`: the rowid,
 * "d" and the depth if not 0, "b" for a blob write, and each column as type letter (i r t b n) and
 * text.
 */
#include <stdio.h>
#include <string.h>

#include "tests/bench/choices/bench.h"
#include "tests/bench/choices/buffer.h"

struct fact {
    const char *name;
    const char *setup; /* with triggers on, not logged */
    const char
        *sql; /* with main-schema triggers off, logged; the last error is logged as "E message" */
    const char *noted;
};

#define T "CREATE TABLE t(id BLOB NOT NULL PRIMARY KEY, a TEXT, r REAL, deleted_at INTEGER);"
#define ROWS T "INSERT INTO t VALUES(x'31', 'a', 1.5, NULL), (x'32', 'b', 2, NULL);"
#define SOFT                                                                                       \
    "CREATE TEMP TRIGGER soft BEFORE DELETE ON main.t BEGIN UPDATE t SET deleted_at = 9 WHERE "    \
    "rowid = old.rowid AND"                                                                        \
    " deleted_at IS NULL; SELECT RAISE(IGNORE); END;"
#define STAMPED                                                                                    \
    "CREATE TABLE g(id INTEGER PRIMARY KEY, a TEXT, b TEXT, u INTEGER NOT NULL GENERATED ALWAYS "  \
    "AS (tern_stamp())"                                                                            \
    " STORED); INSERT INTO g VALUES(1, 'x', 'y');"
#define NEXT "SELECT tern_next();"

static const struct fact FACTS[] = {
    {"guard triggers do not run on a connection whose triggers are off",
     T "CREATE TRIGGER guard BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'guard'); END;",
     "INSERT INTO t VALUES(x'31', 'a', 1.5, NULL);",
     "I 1 b1 ta r1.5 n;"},
    {"TEMP triggers still run there (since 3.35.0)",
     ROWS SOFT,
     "DELETE FROM t WHERE id = x'32';",
     "U 2->2 d1 b2->b2 tb->tb r2.0->r2.0 n->i9;"},
    {"a soft delete counts no change",
     ROWS SOFT,
     "DELETE FROM t WHERE id = x'32'; SELECT tern_log(changes());",
     "U 2->2 d1 b2->b2 tb->tb r2.0->r2.0 n->i9;=0;"},
    {"a soft delete returns no row",
     ROWS SOFT,
     "DELETE FROM t RETURNING tern_log(id);",
     "U 1->1 d1 b1->b1 ta->ta r1.5->r1.5 n->i9;U 2->2 d1 b2->b2 tb->tb r2.0->r2.0 n->i9;"},
    {"REPLACE deletes without DELETE triggers",
     ROWS SOFT,
     "REPLACE INTO t VALUES(x'32', 'c', 3.5, NULL);",
     "D 2 b2 tb r2.0 n;I 3 b2 tc r3.5 n;"},
    {"REPLACE over a soft delete fails with recursive_triggers on",
     ROWS SOFT "PRAGMA recursive_triggers = ON;",
     "REPLACE INTO t VALUES(x'32', 'c', 3.5, NULL);",
     "U 2->2 d1 b2->b2 tb->tb r2.0->r2.0 n->i9;E UNIQUE constraint failed: t.id;"},
    {"UPSERT is one update",
     ROWS,
     "INSERT INTO t VALUES(x'32', 'c', 3, NULL) ON CONFLICT(id) DO UPDATE SET a = 'c';",
     "U 2->2 b2->b2 tb->tc r2.0->r2.0 n->n;"},
    {"OR IGNORE says nothing of a row it skips",
     ROWS,
     "INSERT OR IGNORE INTO t VALUES(x'32', 'c', 3, NULL), (x'33', 'd', 4.5, NULL);",
     "I 3 b3 td r4.5 n;"},
    {"a new rowid is one update",
     ROWS,
     "UPDATE t SET rowid = 7 WHERE id = x'32';",
     "U 2->7 b2->b2 tb->tb r2.0->r2.0 n->n;"},
    {"an update to the same values is told",
     ROWS,
     "UPDATE t SET a = a WHERE id = x'32';",
     "U 2->2 b2->b2 tb->tb r2.0->r2.0 n->n;"},
    {"an inserted integral REAL is told as an integer (not so in 3.54.1)",
     T,
     "INSERT INTO t VALUES(x'31', 'a', 4, NULL);",
     "I 1 b1 ta i4 n;"},
    {"an updated integral REAL is told as a real",
     ROWS,
     "UPDATE t SET r = 4 WHERE id = x'32';",
     "U 2->2 b2->b2 tb->tb r2.0->r4.0 n->n;"},
    {"a column added later is NULL in the old values of a short record (its default in 3.50.4)",
     ROWS "ALTER TABLE t ADD COLUMN e TEXT DEFAULT 'dd';",
     "UPDATE t SET a = 'c' WHERE id = x'32';",
     "U 2->2 b2->b2 tb->tc r2.0->r2.0 n->n n->tdd;"},
    {"calls of a statement that fails are not taken back",
     ROWS,
     "INSERT INTO t VALUES(x'33', 'c', 3.5, NULL), (x'32', 'd', 4.5, NULL);",
     "I 3 b3 tc r3.5 n;E UNIQUE constraint failed: t.id;"},
    {"OR FAIL keeps the rows before the failure",
     ROWS,
     "INSERT OR FAIL INTO t VALUES(x'33', 'c', 3.5, NULL), (x'32', 'd', 4.5, NULL);",
     "I 3 b3 tc r3.5 n;E UNIQUE constraint failed: t.id;"},
    {"DELETE of all rows is told row by row",
     ROWS,
     "DELETE FROM t;",
     "D 1 b1 ta r1.5 n;D 2 b2 tb r2.0 n;"},
    {"WITHOUT ROWID: rowids are 0",
     "CREATE TABLE w(id BLOB PRIMARY KEY, a TEXT) WITHOUT ROWID;",
     "INSERT INTO w VALUES(x'31', 'a'); UPDATE w SET a = 'b';",
     "I 0 b1 ta;U 0->0 b1->b1 ta->tb;"},
    {"foreign-key actions run with triggers off, one level down",
     "PRAGMA foreign_keys = ON; CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER "
     "PRIMARY KEY, p"
     " REFERENCES p ON DELETE SET NULL); INSERT INTO p VALUES(1); INSERT INTO c VALUES(1, 1);",
     "DELETE FROM p;",
     "D 1 i1;U 1->1 d1 i1->i1 i1->n;"},
    {"a blob write is told as a delete",
     ROWS,
     "SELECT tern_blob_write('t', 'a', 2);",
     "D 2 wb b2 tb r2.0 n;"},
    {"a generated stamp is new in every statement",
     STAMPED,
     "UPDATE g SET a = 'z';" NEXT "UPDATE g SET b = 'w';",
     "U 1->1 i1->i1 tx->tz ty->ty i1->i1;U 1->1 i1->i1 tz->tz ty->tw i1->i2;"},
    {"a generated stamp is new in UPSERT, UPDATE FROM and a trigger's UPDATE",
     STAMPED "CREATE TEMP TRIGGER more AFTER UPDATE OF b ON main.g BEGIN UPDATE g SET a = 'm' "
             "WHERE id = new.id; END;",
     NEXT "INSERT INTO g VALUES(1, 'p', 'q') ON CONFLICT(id) DO UPDATE SET a = 'up';" NEXT
          "UPDATE g SET a = v.column1 FROM (VALUES('f')) AS v WHERE g.id = 1;" NEXT
          "UPDATE g SET b = 't';",
     "U 1->1 i1->i1 tx->tup ty->ty i1->i2;U 1->1 i1->i1 tup->tf ty->ty i2->i3;"
     "U 1->1 i1->i1 tf->tf ty->tt i3->i4;U 1->1 d1 i1->i1 tf->tm tt->tt i4->i4;"},
    {"a generated stamp cannot be assigned",
     STAMPED,
     "UPDATE g SET u = 5;",
     "E cannot UPDATE generated column \"u\";"},
    {"a generated stamp goes into an index only with a column that the statement names: never "
     "index it",
     STAMPED "CREATE INDEX gu ON g(u);",
     NEXT "UPDATE g SET a = 'z'; SELECT tern_log(count(*)) FROM g WHERE u = 2;",
     "U 1->1 i1->i1 tx->tz ty->ty i1->i2;=0;"},
    {"a STORED column cannot be added to a table with rows",
     ROWS,
     "ALTER TABLE t ADD COLUMN u INTEGER GENERATED ALWAYS AS (tern_stamp()) STORED;",
     "E cannot add a STORED column;"},
};

struct recorder {
    sqlite3 *db;
    struct buffer log;
    int64_t stamp;
    int armed;
};

static void put_text(struct buffer *log, const char *text)
{
    buffer_put(log, text, strlen(text));
}

static void put_value(struct recorder *recorder, const char *before, sqlite3_value *value)
{
    static const char letters[] = "?irtbn";
    int type = sqlite3_value_type(value);

    put_text(&recorder->log, before);
    buffer_put(&recorder->log, &letters[type], 1);
    buffer_put(&recorder->log, sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value));
}

static void put_values(struct recorder *recorder, int operation)
{
    sqlite3_value *value = NULL;
    int i;

    for (i = 0; i < sqlite3_preupdate_count(recorder->db); i++) {
        if (operation != SQLITE_INSERT) {
            sqlite3_preupdate_old(recorder->db, i, &value);
            put_value(recorder, " ", value);
        }
        if (operation != SQLITE_DELETE) {
            sqlite3_preupdate_new(recorder->db, i, &value);
            put_value(recorder, operation == SQLITE_INSERT ? " " : "->", value);
        }
    }
    put_text(&recorder->log, ";");
}

static void hook(void *context,
                 sqlite3 *db,
                 int operation,
                 const char *schema,
                 const char *table,
                 sqlite3_int64 before,
                 sqlite3_int64 after)
{
    struct recorder *recorder = context;
    char head[80];

    (void)schema;
    (void)table;
    if (!recorder->armed) {
        return;
    }
    if (operation == SQLITE_UPDATE) {
        snprintf(head, sizeof(head), "U %lld->%lld", before, after);
    } else {
        snprintf(head, sizeof(head), "%c %lld", operation == SQLITE_INSERT ? 'I' : 'D', after);
    }
    put_text(&recorder->log, head);
    if (sqlite3_preupdate_depth(db) > 0) {
        snprintf(head, sizeof(head), " d%d", sqlite3_preupdate_depth(db));
        put_text(&recorder->log, head);
    }
    put_text(&recorder->log, sqlite3_preupdate_blobwrite(db) >= 0 ? " wb" : "");
    put_values(recorder, operation);
}

static void sql_stamp(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct recorder *recorder = sqlite3_user_data(context);

    (void)count;
    (void)values;
    sqlite3_result_int64(context, recorder->stamp);
}

static void sql_next(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct recorder *recorder = sqlite3_user_data(context);

    (void)count;
    (void)values;
    sqlite3_result_int64(context, ++recorder->stamp);
}

static void sql_log(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct recorder *recorder = sqlite3_user_data(context);

    (void)count;
    put_text(&recorder->log, "=");
    buffer_put(&recorder->log,
               sqlite3_value_text(values[0]),
               (size_t)sqlite3_value_bytes(values[0]));
    put_text(&recorder->log, ";");
    sqlite3_result_null(context);
}

static void sql_blob_write(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct recorder *recorder = sqlite3_user_data(context);
    sqlite3_blob *blob = NULL;

    (void)count;
    sqlite3_blob_open(recorder->db,
                      "main",
                      (const char *)sqlite3_value_text(values[0]),
                      (const char *)sqlite3_value_text(values[1]),
                      sqlite3_value_int64(values[2]),
                      1,
                      &blob);
    sqlite3_blob_write(blob, "9", 1, 0);
    sqlite3_blob_close(blob);
    sqlite3_result_null(context);
}

static void check_fact(const struct fact *fact)
{
    const int fixed = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
    struct recorder recorder = {.stamp = 1};
    char *message = NULL;

    bench_check(sqlite3_open(":memory:", &recorder.db) == SQLITE_OK, "open", recorder.db);
    sqlite3_create_function(recorder.db, "tern_stamp", 0, fixed, &recorder, sql_stamp, NULL, NULL);
    sqlite3_create_function(recorder.db,
                            "tern_next",
                            0,
                            SQLITE_UTF8,
                            &recorder,
                            sql_next,
                            NULL,
                            NULL);
    sqlite3_create_function(recorder.db,
                            "tern_log",
                            1,
                            SQLITE_UTF8,
                            &recorder,
                            sql_log,
                            NULL,
                            NULL);
    sqlite3_create_function(recorder.db,
                            "tern_blob_write",
                            3,
                            SQLITE_UTF8,
                            &recorder,
                            sql_blob_write,
                            NULL,
                            NULL);
    db_exec(recorder.db, fact->setup);
    sqlite3_db_config(recorder.db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_preupdate_hook(recorder.db, hook, &recorder);
    recorder.armed = 1;
    if (sqlite3_exec(recorder.db, fact->sql, NULL, NULL, &message) != SQLITE_OK) {
        put_text(&recorder.log, "E ");
        put_text(&recorder.log, message);
        put_text(&recorder.log, ";");
    }
    buffer_put(&recorder.log, "", 1);
    if (strcmp((const char *)recorder.log.data, fact->noted) == 0) {
        printf("as noted   %s\n", fact->name);
    } else {
        printf("DIFFERENT  %s\n    noted %s\n    now   %s\n",
               fact->name,
               fact->noted,
               (char *)recorder.log.data);
    }
    sqlite3_free(message);
    sqlite3_close(recorder.db);
    buffer_free(&recorder.log);
}

int main(void)
{
    size_t i;

    printf("SQLite %s, %s lookaside, secure_delete %s by default\n",
           sqlite3_libversion(),
           sqlite3_compileoption_used("OMIT_LOOKASIDE") ? "no" : "with",
           sqlite3_compileoption_used("SECURE_DELETE") ? "on" : "off");
    for (i = 0; i < sizeof(FACTS) / sizeof(FACTS[0]); i++) {
        check_fact(&FACTS[i]);
    }
    return 0;
}

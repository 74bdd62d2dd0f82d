/* Plain SQLite with the tables of a replica. */
#include "tests/bench/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int rc, sqlite3 *db, const char *what)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        fprintf(stderr, "bench: failed: %s: %s\n", what, sqlite3_errmsg(db));
        exit(1);
    }
}

void bench_plain_run(sqlite3 *db, const char *sql)
{
    check(sqlite3_exec(db, sql, NULL, NULL, NULL), db, sql);
}

sqlite3_stmt *bench_plain_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    check(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), db, sql);
    return statement;
}

void bench_plain_step(sqlite3_stmt *statement)
{
    int rc;

    do {
        rc = sqlite3_step(statement);
    } while (rc == SQLITE_ROW);
    check(rc, sqlite3_db_handle(statement), sqlite3_sql(statement));
    sqlite3_reset(statement);
}

int64_t bench_plain_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = bench_plain_prepare(db, sql);
    int64_t number;

    check(sqlite3_step(statement), db, sql);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

void bench_plain_bind(sqlite3_stmt *statement, const tern_value *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int at = (int)i + 1;

        switch (cells[i].kind) {
        case TERN_NULL:
            sqlite3_bind_null(statement, at);
            break;
        case TERN_INTEGER:
            sqlite3_bind_int64(statement, at, cells[i].integer);
            break;
        case TERN_REAL:
            sqlite3_bind_double(statement, at, cells[i].real);
            break;
        case TERN_TEXT:
            sqlite3_bind_text(statement, at, cells[i].data, (int)cells[i].size, SQLITE_STATIC);
            break;
        case TERN_BLOB:
            sqlite3_bind_blob(statement, at, cells[i].data, (int)cells[i].size, SQLITE_STATIC);
            break;
        }
    }
}

static sqlite3 *open_with(const char *path, int flags)
{
    sqlite3 *db = NULL;

    check(sqlite3_open_v2(path, &db, flags, NULL), db, path);
    bench_plain_run(
        db,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    return db;
}

sqlite3 *bench_plain_open(const char *path)
{
    return open_with(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX);
}

sqlite3 *bench_plain_open_reader(const char *path)
{
    return open_with(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX);
}

void bench_plain_close(sqlite3 *db)
{
    sqlite3_stmt *statement;

    while (db != NULL && (statement = sqlite3_next_stmt(db, NULL)) != NULL) {
        sqlite3_finalize(statement);
    }
    check(sqlite3_close(db), db, "close");
}

/* Where the column definition that starts at `at` ends: at its comma or the table's parenthesis. */
static char *definition_end(char *at)
{
    int depth = 0;
    bool quoted = false;

    for (; *at != 0; at++) {
        if (*at == '\'') {
            quoted = !quoted;
        } else if (!quoted && *at == '(') {
            depth++;
        } else if (!quoted && *at == ')' && depth-- == 0) {
            return at;
        } else if (!quoted && *at == ',' && depth == 0) {
            return at;
        }
    }
    bench_check(false, "a table's DDL has no end");
    return at;
}

/* Takes the definition of the hidden column out. */
static void remove_hidden(char *ddl)
{
    char *name = strstr(ddl, "tern_v");
    char *end;

    if (name == NULL) {
        return;
    }
    end = definition_end(name);
    while (name > ddl && *name != ',') {
        name--;
    }
    bench_check(*name == ',', "the hidden column comes first");
    memmove(name, end, strlen(end) + 1);
}

/* Defaults that call the library become constants: `DEFAULT (tern_x(...))` is `DEFAULT 0`. */
static void replace_defaults(char *ddl)
{
    char *call;

    while ((call = strstr(ddl, "DEFAULT (tern_")) != NULL) {
        char *end = strchr(call + strlen("DEFAULT (tern_"), '(');

        bench_check(end != NULL, "a default's DDL has no end");
        end = definition_end(definition_end(end + 1) + 1) + 1;
        memcpy(call, "DEFAULT 0", 9);
        memmove(call + 9, end, strlen(end) + 1);
    }
}

sqlite3 *bench_plain_create(const char *path, const char *replica_path)
{
    sqlite3 *replica = NULL;
    sqlite3 *db;
    sqlite3_stmt *statement;

    bench_remove(path);
    db = bench_plain_open(path);
    check(sqlite3_open_v2(replica_path, &replica, SQLITE_OPEN_READONLY, NULL),
          replica,
          replica_path);
    statement =
        bench_plain_prepare(replica,
                            "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'index')"
                            " AND tbl_name NOT LIKE 'tern\\_%' ESCAPE '\\'"
                            " AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
                            " ORDER BY rowid");
    while (sqlite3_step(statement) == SQLITE_ROW) {
        char *ddl = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));

        bench_check(ddl != NULL, "memory");
        remove_hidden(ddl);
        replace_defaults(ddl);
        bench_plain_run(db, ddl);
        sqlite3_free(ddl);
    }
    bench_plain_close(replica);
    return db;
}

void bench_plain_copy(sqlite3 *db, const char *from, const char *table)
{
    char *list =
        sqlite3_mprintf("SELECT group_concat('\"' || name || '\"') FROM pragma_table_info(%Q)",
                        table);
    sqlite3_stmt *names = bench_plain_prepare(db, list);
    char *copy;

    check(sqlite3_step(names), db, list);
    copy = sqlite3_mprintf("INSERT INTO main.%s(%s) SELECT %s FROM %s.%s ORDER BY rowid",
                           table,
                           sqlite3_column_text(names, 0),
                           sqlite3_column_text(names, 0),
                           from,
                           table);
    bench_check(copy != NULL, "memory");
    sqlite3_finalize(names);
    bench_plain_run(db, copy);
    sqlite3_free(copy);
    sqlite3_free(list);
}

void bench_plain_parents(sqlite3 *db, const struct bench_record *record)
{
    sqlite3_stmt *prescription = bench_plain_prepare(db, BENCH_PRESCRIPTION_INSERT);
    sqlite3_stmt *medication = bench_plain_prepare(db, BENCH_MEDICATION_INSERT);
    tern_value cells[PARENT_CELLS];

    bench_prescription_cells(record, cells);
    bench_plain_bind(prescription, cells, PARENT_CELLS);
    bench_plain_step(prescription);
    for (size_t i = 0; i < DOSE_MEDICATIONS; i++) {
        bench_medication_cells(record, i, cells);
        bench_plain_bind(medication, cells, PARENT_CELLS);
        bench_plain_step(medication);
    }
    sqlite3_finalize(prescription);
    sqlite3_finalize(medication);
}

void bench_plain_doses(sqlite3_stmt *statement, const struct bench_dose *doses, size_t count)
{
    tern_value cells[DOSE_CELLS];

    for (size_t i = 0; i < count; i++) {
        bench_dose_cells(&doses[i], cells);
        bench_plain_bind(statement, cells, DOSE_CELLS);
        bench_plain_step(statement);
    }
}

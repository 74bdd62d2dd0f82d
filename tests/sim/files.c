/* Files read by a connection of the test's own. */
#include "tests/sim/files.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWERS = 8, ANSWER_BYTES = 16384 };

static void append(struct trn_bytes *text, const char *part)
{
    CHECK(trn_bytes_append_text(text, part) == TERN_OK);
}

static void append_hex(struct trn_bytes *text, const uint8_t *data, int size)
{
    for (int i = 0; i < size; i++) {
        CHECK(trn_bytes_append_format(text, "%02x", data[i]) == TERN_OK);
    }
}

static void append_cell(struct trn_bytes *text, sqlite3_stmt *stmt, int column)
{
    int size = sqlite3_column_bytes(stmt, column);

    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL:
        append(text, "null");
        break;
    case SQLITE_BLOB:
        append_hex(text, sqlite3_column_blob(stmt, column), size);
        break;
    default:
        append(text, (const char *)sqlite3_column_text(stmt, column));
        break;
    }
}

static sqlite3 *open_file(const char *path)
{
    sqlite3 *db = NULL;

    CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 1000);
    /* Closing must not tidy the log away beneath those who work with it. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return db;
}

static void append_rows(sqlite3 *db, const char *sql, struct trn_bytes *text)
{
    sqlite3_stmt *stmt = NULL;
    int rc;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (text->size > 0) {
            append(text, ";");
        }
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            append(text, i > 0 ? "," : "");
            append_cell(text, stmt, i);
        }
    }
    CHECK_INT(rc, SQLITE_DONE);
    (void)sqlite3_finalize(stmt);
}

/* `@` with a letter stands for a user's id as a blob. */
static void append_with_users(struct trn_bytes *text, const char *sql)
{
    for (; *sql != '\0'; sql++) {
        if (sql[0] == '@') {
            tern_id id = world_user(sql[1]);

            append(text, "x'");
            append_hex(text, id.bytes, (int)sizeof id.bytes);
            append(text, "'");
            sql++;
        } else {
            CHECK(trn_bytes_append(text, sql, 1) == TERN_OK);
        }
    }
}

char *file_rows(const char *path, const char *sql)
{
    struct trn_bytes text = {0};
    struct trn_bytes query = {0};
    sqlite3 *db = open_file(path);
    char *copy;

    append_with_users(&query, sql);
    append_rows(db, trn_bytes_text(&query), &text);
    copy = strdup(trn_bytes_text(&text));
    CHECK(copy != NULL);
    trn_bytes_free(&text);
    trn_bytes_free(&query);
    (void)sqlite3_close(db);
    return copy;
}

const char *file_ask(const char *path, const char *sql)
{
    static char answers[ANSWERS][ANSWER_BYTES];
    static size_t turn;
    char *answer = answers[turn++ % ANSWERS];
    char *rows = file_rows(path, sql);

    CHECK(strlen(rows) < ANSWER_BYTES);
    (void)snprintf(answer, ANSWER_BYTES, "%s", rows);
    free(rows);
    return answer;
}

char *file_dump(const char *path, bool own)
{
    sqlite3 *db = open_file(path);
    sqlite3_stmt *stmt = NULL;
    struct trn_bytes text = {0};
    char *copy;

    CHECK(sqlite3_prepare_v2(db,
                             "SELECT name, (SELECT group_concat('\"' || c.name || '\"') FROM "
                             "pragma_table_xinfo(t.name) c WHERE c.hidden = 0) "
                             "FROM sqlite_schema t WHERE type = 'table' AND name NOT LIKE "
                             "'sqlite_%' AND (?1 OR name NOT LIKE 'tern\\_%' ESCAPE '\\') "
                             "ORDER BY name",
                             -1,
                             &stmt,
                             NULL) == SQLITE_OK);
    CHECK(sqlite3_bind_int(stmt, 1, own) == SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        char sql[2048];

        (void)snprintf(sql,
                       sizeof sql,
                       "SELECT '%s', %s FROM \"%s\" ORDER BY 2",
                       (const char *)sqlite3_column_text(stmt, 0),
                       (const char *)sqlite3_column_text(stmt, 1),
                       (const char *)sqlite3_column_text(stmt, 0));
        append_rows(db, sql, &text);
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    copy = strdup(trn_bytes_text(&text));
    CHECK(copy != NULL);
    trn_bytes_free(&text);
    return copy;
}

const char *server_file(const struct world *world)
{
    static char path[600];

    (void)snprintf(path, sizeof path, "%s/server.db", world->folder);
    return path;
}

const char *server_ask(const struct world *world, const char *sql)
{
    return file_ask(server_file(world), sql);
}

char *server_dump(const struct world *world, bool own)
{
    return file_dump(server_file(world), own);
}

static const char *wal_of(const char *path)
{
    static char wal[700];

    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    return wal;
}

/* Appends what the file holds; nothing where there is none. */
static void read_file(const char *path, struct trn_bytes *bytes)
{
    static char buffer[65536];
    FILE *file = fopen(path, "rb");
    size_t size;

    while (file != NULL && (size = fread(buffer, 1, sizeof buffer, file)) > 0) {
        CHECK(trn_bytes_append(bytes, buffer, size) == TERN_OK);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static bool holds(const struct trn_bytes *bytes, const char *text)
{
    size_t size = strlen(text);

    for (size_t i = 0; i + size <= bytes->size; i++) {
        if (memcmp(bytes->data + i, text, size) == 0) {
            return true;
        }
    }
    return false;
}

bool file_holds(const char *path, const char *text)
{
    struct trn_bytes bytes = {0};
    bool held;

    read_file(path, &bytes);
    CHECK(bytes.size > 0);
    read_file(wal_of(path), &bytes);
    held = holds(&bytes, text);
    trn_bytes_free(&bytes);
    return held;
}

long file_size(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = 0;

    if (file != NULL) {
        CHECK(fseek(file, 0, SEEK_END) == 0);
        size = ftell(file);
        (void)fclose(file);
    }
    return size;
}

long file_wal_size(const char *path)
{
    return file_size(wal_of(path));
}

static void copy_one(const char *from, const char *to)
{
    struct trn_bytes bytes = {0};
    FILE *file;

    read_file(from, &bytes);
    if (bytes.size == 0) {
        (void)unlink(to);
        return;
    }
    file = fopen(to, "wb");
    CHECK(file != NULL && fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    CHECK(fclose(file) == 0);
    trn_bytes_free(&bytes);
}

void file_copy(const char *from, const char *to)
{
    char log[700];

    (void)snprintf(log, sizeof log, "%s", wal_of(from));
    copy_one(from, to);
    copy_one(log, wal_of(to));
}

/* Shows the rows of `left` that `right` does not have. */
static void show_missing(const char *what, const char *left, const char *right)
{
    for (const char *at = left; *at != '\0';) {
        size_t size = strcspn(at, ";");
        char *row = strndup(at, size);

        CHECK(row != NULL);
        if (strstr(right, row) == NULL) {
            (void)fprintf(stderr, "%s: %s\n", what, row);
        }
        free(row);
        at += size + (at[size] == ';');
    }
}

void check_same_rows(char *actual, char *expected)
{
    bool same = strcmp(actual, expected) == 0;

    if (!same) {
        show_missing("is and should not be", actual, expected);
        show_missing("should be and is not", expected, actual);
    }
    free(actual);
    free(expected);
    CHECK(same);
}

/* Choices for keys: id kind and storage against insert rate and file size, each table with the
 * indexes of dose_events.
 *
 * Rows go in by transactions of 1,000. The argument is how many rows (default 100,000). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/choices/bench.h"
#include "tests/bench/choices/dose.h"

enum { BATCH = 1000, TAIL = 100000 };

struct form {
    const char *name;
    enum key_kind kind;
    enum { BLOB16, TEXT36, BASE22 } storage;
    int without_rowid;
    int cache_kib;    /* 0: SQLite's default, 2,000 KiB */
    size_t sort_rows; /* how many rows are sorted by id before they go in; 0: none */
};

static const struct form FORMS[] = {
    {"v7 BLOB, rowid table", KEY_V7, BLOB16, 0, 0, 0},
    {"v7 monotone in a burst, BLOB, rowid table", KEY_V7_BURST, BLOB16, 0, 0, 0},
    {"v4 BLOB, rowid table", KEY_V4, BLOB16, 0, 0, 0},
    {"derived (v5) BLOB, rowid table", KEY_DERIVED, BLOB16, 0, 0, 0},
    {"v7 BLOB, WITHOUT ROWID", KEY_V7, BLOB16, 1, 0, 0},
    {"derived BLOB, WITHOUT ROWID", KEY_DERIVED, BLOB16, 1, 0, 0},
    {"v7 TEXT of 36, rowid table", KEY_V7, TEXT36, 0, 0, 0},
    {"derived TEXT of 36, rowid table", KEY_DERIVED, TEXT36, 0, 0, 0},
    {"v7 TEXT of 22 (base64), rowid table", KEY_V7, BASE22, 0, 0, 0},
    {"derived BLOB, page cache of 8 MiB", KEY_DERIVED, BLOB16, 0, 8192, 0},
    {"derived BLOB, page cache of 32 MiB", KEY_DERIVED, BLOB16, 0, 32768, 0},
    {"derived BLOB, sorted by 1,000", KEY_DERIVED, BLOB16, 0, 0, 1000},
    {"derived BLOB, sorted by 10,000", KEY_DERIVED, BLOB16, 0, 0, 10000},
    {"derived BLOB, 8 MiB, sorted by 10,000", KEY_DERIVED, BLOB16, 0, 8192, 10000},
};
enum { FORMS_COUNT = sizeof(FORMS) / sizeof(FORMS[0]) };

struct work {
    size_t rows;
    double file_mb[FORMS_COUNT];
    double tail_s[FORMS_COUNT];
};

static void create(sqlite3 *db, const struct form *form)
{
    char *sql = sqlite3_mprintf(
        "CREATE TABLE dose_events(id %s NOT NULL PRIMARY KEY CHECK(length(id) = %d),"
        " prescription_id %s NOT NULL, medication_id %s NOT NULL, patient_id %s NOT NULL,"
        " scheduled_time INTEGER NOT NULL, local_date TEXT NOT NULL CHECK(length(local_date) = 10),"
        " slot TEXT NOT NULL CHECK(length(slot) <= 16),"
        " time_period TEXT NOT NULL CHECK(time_period IN('DAYTIME','NIGHT')),"
        " reminder_time TEXT CHECK(length(reminder_time) <= 10), grace_minutes INTEGER NOT NULL,"
        " status TEXT NOT NULL DEFAULT 'DUE'"
        " CHECK(status IN('DUE','TAKEN_ON_TIME','TAKEN_LATE','MISSED','SKIPPED')),"
        " taken_at INTEGER, skip_reason TEXT, was_offline INTEGER NOT NULL DEFAULT 0 "
        "CHECK(was_offline IN(0,1)),"
        " flags TEXT CHECK(length(flags) <= 100), created_at INTEGER NOT NULL,"
        " updated_at INTEGER NOT NULL DEFAULT 0, tern_v INTEGER NOT NULL DEFAULT 0, deleted_at "
        "INTEGER)%s",
        form->storage == BLOB16 ? "BLOB" : "TEXT",
        form->storage == BLOB16   ? 16
        : form->storage == TEXT36 ? 36
                                  : 22,
        form->storage == BLOB16 ? "BLOB" : "TEXT",
        form->storage == BLOB16 ? "BLOB" : "TEXT",
        form->storage == BLOB16 ? "BLOB" : "TEXT",
        form->without_rowid ? " WITHOUT ROWID" : "");

    bench_check(sql != NULL, "memory", NULL);
    db_exec(db, sql);
    sqlite3_free(sql);
    db_exec(db, DOSE_INDEXES);
}

static void bind_id(sqlite3_stmt *stmt,
                    int index,
                    const unsigned char *id,
                    const struct form *form,
                    char text[48])
{
    static const char hex[] = "0123456789abcdef";
    struct buffer base = {0};
    size_t at = 0;
    size_t i;

    if (form->storage == BLOB16) {
        return;
    }
    if (form->storage == BASE22) {
        buffer_put_base64(&base, id, DOSE_ID_BYTES);
        sqlite3_bind_text(stmt, index, (const char *)base.data + 1, 22, SQLITE_TRANSIENT);
        buffer_free(&base);
        return;
    }
    for (i = 0; i < DOSE_ID_BYTES; i++) {
        if (form->storage == TEXT36 && (i == 4 || i == 6 || i == 8 || i == 10)) {
            text[at++] = '-';
        }
        text[at++] = hex[id[i] >> 4];
        text[at++] = hex[id[i] & 15];
    }
    sqlite3_bind_text(stmt, index, text, (int)at, SQLITE_TRANSIENT);
}

static void insert(sqlite3_stmt *stmt, const struct dose *dose, const struct form *form)
{
    char text[48];

    dose_bind(stmt, dose);
    bind_id(stmt, 1, dose->id, form, text);
    bind_id(stmt, 2, dose->prescription_id, form, text);
    bind_id(stmt, 3, dose->medication_id, form, text);
    bind_id(stmt, 4, dose->patient_id, form, text);
    db_run(stmt);
}

static double file_mb(sqlite3 *db)
{
    sqlite3_stmt *stmt =
        db_prepare(db,
                   "SELECT page_count * page_size / 1e6 FROM pragma_page_count, pragma_page_size");
    double size;

    sqlite3_step(stmt);
    size = sqlite3_column_double(stmt, 0);
    sqlite3_finalize(stmt);
    return size;
}

static int compare_ids(const void *left, const void *right)
{
    const struct dose *a = left;
    const struct dose *b = right;

    return memcmp(a->id, b->id, DOSE_ID_BYTES);
}

static void sort_ids(struct dose *doses, size_t rows, size_t sort_rows)
{
    size_t i;

    for (i = 0; sort_rows > 0 && i < rows; i += sort_rows) {
        qsort(doses + i, rows - i < sort_rows ? rows - i : sort_rows, sizeof(*doses), compare_ids);
    }
}

static void set_cache(sqlite3 *db, int cache_kib)
{
    char sql[64];

    if (cache_kib > 0) {
        snprintf(sql, sizeof(sql), "PRAGMA cache_size = -%d", cache_kib);
        db_exec(db, sql);
    }
}

static struct bench_time run(size_t variant, void *context)
{
    struct work *work = context;
    const struct form *form = &FORMS[variant];
    const char *path = db_path("keys");
    struct dose *doses = doses_make(work->rows, form->kind, 1);
    struct bench_time start;
    struct bench_time tail = {0};
    sqlite3_stmt *stmt;
    sqlite3 *db;
    size_t i;

    db_remove(path);
    db = db_open(path);
    set_cache(db, form->cache_kib);
    create(db, form);
    sort_ids(doses, work->rows, form->sort_rows);
    stmt = db_prepare(db, DOSE_INSERT);
    start = bench_start();
    for (i = 0; i < work->rows; i++) {
        if (i % BATCH == 0) {
            db_exec(db, "BEGIN IMMEDIATE");
        }
        if (i + TAIL == work->rows) {
            tail = bench_start();
        }
        insert(stmt, &doses[i], form);
        if ((i + 1) % BATCH == 0) {
            db_exec(db, "COMMIT");
        }
    }
    work->tail_s[variant] = bench_stop(tail).wall_s;
    start = bench_stop(start);
    work->file_mb[variant] = file_mb(db);
    db_close(db, path);
    free(doses);
    return start;
}

static void compare(size_t rows, const char *title)
{
    static struct bench_table table;
    static struct work work;
    size_t i;

    work.rows = rows;
    table.variants = FORMS_COUNT;
    for (i = 0; i < FORMS_COUNT; i++) {
        table.names[i] = FORMS[i].name;
    }
    bench_compare(&table, run, &work);
    bench_print(&table, title, (double)rows);
    for (i = 0; i < FORMS_COUNT; i++) {
        if (work.file_mb[i] <= 0) {
            continue;
        }
        printf("  %-44s file %7.1f MB, last 100k of the last round %7.0f rows/s\n",
               FORMS[i].name,
               work.file_mb[i],
               TAIL / work.tail_s[i]);
    }
    fflush(stdout);
}

int main(int count, char **arguments)
{
    size_t rows = count > 1 ? strtoul(arguments[1], NULL, 10) : 100000;

    compare(rows < TAIL ? TAIL : rows, "inserts, transactions of 1,000 rows");
    return 0;
}

/* What reading costs: a scan of all doses, and the time from opening a file to its first row. */
#include "tests/bench/plain.h"
#include "tests/bench/tern.h"

#include <stdlib.h>
#include <string.h>

struct library {
    struct bench_record record;
    size_t count;
    tern_replica *replica;
    tern_reader *reader;
    tern_statement *tern;
    sqlite3 *plain;
    sqlite3_stmt *scan;
};

/* Both files with the same rows, put in by transactions of 1,000. */
static void fill(struct library *library)
{
    enum { BATCH = 1000 };
    struct bench_dose *doses = bench_alloc(BATCH, sizeof(*doses));
    tern_statement *tern = bench_tern_prepare(library->replica, BENCH_DOSE_INSERT);
    sqlite3_stmt *plain = bench_plain_prepare(library->plain, BENCH_DOSE_INSERT);

    for (size_t first = 0; first < library->count; first += BATCH) {
        size_t count = library->count - first < BATCH ? library->count - first : BATCH;
        tern_tx *tx;

        bench_doses_make(&library->record, first, doses, count);
        bench_tern_derive(library->replica, doses, count);
        tx = bench_tern_begin(library->replica);
        bench_tern_doses(tern, doses, count);
        bench_tern_commit(tx);
        bench_plain_run(library->plain, "BEGIN IMMEDIATE");
        bench_plain_doses(plain, doses, count);
        bench_plain_run(library->plain, "COMMIT");
    }
    tern_statement_free(tern);
    sqlite3_finalize(plain);
    free(doses);
}

static void open_library(struct library *library, size_t count)
{
    const char *path = bench_path("tern.db");

    memset(library, 0, sizeof(*library));
    library->count = count;
    bench_record_make(1, &library->record);
    library->replica = bench_tern_create(path, BENCH_DERIVED, &library->record.patient);
    library->plain = bench_plain_create(bench_path("plain.db"), path);
    bench_tern_parents(library->replica, &library->record);
    bench_plain_parents(library->plain, &library->record);
    fill(library);
}

static void close_files(struct library *library)
{
    tern_replica_close(library->replica);
    bench_plain_close(library->plain);
    library->replica = NULL;
    library->plain = NULL;
}

static void remove_files(void)
{
    bench_remove(bench_path("tern.db"));
    bench_remove(bench_path("plain.db"));
}

/* ---- Scanning ---- */

/* Something of every cell, so that each is really read. */
static uint64_t taste(const void *data, size_t size)
{
    return size == 0 ? 0 : (uint64_t)((const uint8_t *)data)[size - 1] + size;
}

static uint64_t tern_scan(struct library *library)
{
    const int columns = tern_statement_columns(library->tern);
    tern_error error = {0};
    uint64_t sum = 0;
    bool row = false;

    for (;;) {
        bench_ok(tern_statement_step(library->tern, &row, &error), &error, "scan");
        if (!row) {
            return sum;
        }
        for (int i = 0; i < columns; i++) {
            const tern_value value = tern_statement_value(library->tern, i);

            sum += value.kind == TERN_INTEGER ? (uint64_t)value.integer
                   : value.kind == TERN_NULL  ? 1
                                              : taste(value.data, value.size);
        }
    }
}

static uint64_t plain_cell(sqlite3_stmt *statement, int column)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return (uint64_t)sqlite3_column_int64(statement, column);
    case SQLITE_TEXT:
        return taste(sqlite3_column_text(statement, column),
                     (size_t)sqlite3_column_bytes(statement, column));
    case SQLITE_BLOB:
        return taste(sqlite3_column_blob(statement, column),
                     (size_t)sqlite3_column_bytes(statement, column));
    default:
        return 1;
    }
}

static uint64_t plain_scan(struct library *library)
{
    const int columns = sqlite3_column_count(library->scan);
    uint64_t sum = 0;

    while (sqlite3_step(library->scan) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++) {
            sum += plain_cell(library->scan, i);
        }
    }
    sqlite3_reset(library->scan);
    return sum;
}

static double scan_side(void *context, bool is_tern)
{
    struct library *library = context;
    const double begin = bench_seconds();
    const uint64_t sum = is_tern ? tern_scan(library) : plain_scan(library);

    bench_check(sum != 0, "a scan found nothing");
    return bench_seconds() - begin;
}

void bench_scan(void)
{
    struct library library;
    tern_error error = {0};

    open_library(&library, bench_size(100000, 1000));
    bench_ok(tern_reader_open(library.replica, &library.reader, &error), &error, "open reader");
    bench_ok(tern_reader_prepare(library.reader,
                                 BENCH_DOSE_SCAN,
                                 strlen(BENCH_DOSE_SCAN),
                                 &library.tern,
                                 &error),
             &error,
             "prepare scan");
    bench_plain_close(library.plain);
    library.plain = bench_plain_open_reader(bench_path("plain.db"));
    library.scan = bench_plain_prepare(library.plain, BENCH_DOSE_SCAN);
    scan_side(&library, true);
    scan_side(&library, false);
    bench_figure("scan_x", bench_paired(bench_settings.rounds, scan_side, &library), "x");
    tern_statement_free(library.tern);
    tern_reader_close(library.reader);
    close_files(&library);
    remove_files();
}

/* ---- Opening ---- */

static const char *const first_row = "SELECT id, status FROM dose_events LIMIT 1";

static void tern_open_once(struct library *library)
{
    tern_statement *statement;
    tern_error error = {0};
    bool row = false;

    library->replica =
        bench_tern_open(bench_path("tern.db"), BENCH_DERIVED, &library->record.patient);
    statement = bench_tern_prepare(library->replica, first_row);
    bench_ok(tern_statement_step(statement, &row, &error), &error, "first row");
    bench_check(row, "no first row");
    tern_statement_free(statement);
}

static void plain_open_once(struct library *library)
{
    sqlite3_stmt *statement;

    library->plain = bench_plain_open(bench_path("plain.db"));
    statement = bench_plain_prepare(library->plain, first_row);
    bench_check(sqlite3_step(statement) == SQLITE_ROW, "no first row");
    sqlite3_finalize(statement);
}

static double open_side(void *context, bool is_tern)
{
    struct library *library = context;
    const double begin = bench_seconds();
    double took;

    if (is_tern) {
        tern_open_once(library);
    } else {
        plain_open_once(library);
    }
    took = bench_seconds() - begin;
    close_files(library);
    return took;
}

void bench_open(void)
{
    const size_t rounds = bench_settings.rounds < 3 ? bench_settings.rounds : 51;
    struct library library;

    open_library(&library, bench_size(100000, 1000));
    close_files(&library);
    bench_figure("open_ms_x", bench_paired(rounds, open_side, &library), "x");
    remove_files();
}

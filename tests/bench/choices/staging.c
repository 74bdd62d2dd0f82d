/*
 * Choices for staging a download.
 *
 * Ten pages of 1,000 rows are staged, each in a transaction of its own, and then applied in one;
 * compared with a prepared upsert of values that lie in memory, in one transaction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/choices/bench.h"
#include "tests/bench/choices/dose.h"
#include "tests/bench/choices/reader.h"

enum { ROWS = 10000, PAGE_ROWS = 1000, PAGES = ROWS / PAGE_ROWS };

enum variant {
    MEMORY,
    UNSTAGED,
    STAGED_PACKED,
    STAGED_PLAIN,
    STAGED_REPACKED,
    STAGED_ROWS,
    STAGED_PACKED_FAST,
    VARIANTS
};
static const char *const NAMES[VARIANTS] = {
    "D0 memory -> upsert, no staging",
    "D1 gzipped pages -> tokens -> upsert",
    "D2 stage gzipped bytes, decode at apply",
    "D3 stage plain NDJSON, decode at apply",
    "D4 gunzip, stage at level 1, decode at apply",
    "D5 decode, stage rows, INSERT SELECT",
    "D6 D2 with secure_delete FAST",
};

struct download {
    const struct dose *doses;
    struct buffer packed[PAGES];
    struct buffer plain[PAGES];
    double wal_mb[VARIANTS];
};

struct replica {
    sqlite3 *db;
    sqlite3_stmt *upsert, *stage, *read, *stage_row;
};

static struct replica replica_open(const char *path, enum variant variant)
{
    struct replica replica = {0};
    char *ddl = dose_ddl("DEFAULT 0", "DEFAULT 0");
    char *sql = sqlite3_mprintf(
        "%s ON CONFLICT(id) DO UPDATE SET status=excluded.status, taken_at=excluded.taken_at,"
        " skip_reason=excluded.skip_reason, was_offline=excluded.was_offline,"
        " flags=excluded.flags",
        DOSE_INSERT);

    db_remove(path);
    replica.db = db_open(path);
    if (variant == STAGED_PACKED_FAST) {
        db_exec(replica.db, "PRAGMA secure_delete=FAST");
    }
    db_exec(replica.db, ddl);
    db_exec(replica.db, DOSE_INDEXES);
    db_exec(replica.db,
            "CREATE TABLE tern_staging(page INTEGER PRIMARY KEY, body BLOB);"
            "CREATE TABLE tern_staged_doses(id, prescription_id, medication_id, patient_id,"
            " scheduled_time, local_date, slot, time_period, reminder_time, grace_minutes, status, "
            "taken_at,"
            " skip_reason, was_offline, flags, created_at);");
    replica.upsert = db_prepare(replica.db, sql);
    replica.stage = db_prepare(replica.db, "INSERT INTO tern_staging VALUES(?, ?)");
    replica.read = db_prepare(replica.db, "SELECT body FROM tern_staging ORDER BY page");
    replica.stage_row =
        db_prepare(replica.db,
                   "INSERT INTO tern_staged_doses VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    sqlite3_free(sql);
    sqlite3_free(ddl);
    return replica;
}

static void bind_value(sqlite3_stmt *stmt, int index, const struct token *token)
{
    if (token->kind == TOKEN_INT) {
        sqlite3_bind_int64(stmt, index, token->integer);
    } else if (token->kind == TOKEN_STRING) {
        sqlite3_bind_text(stmt, index, (const char *)token->text, (int)token->size, SQLITE_STATIC);
    } else {
        sqlite3_bind_null(stmt, index);
    }
}

static void write_line(sqlite3_stmt *stmt, unsigned char *line, size_t size)
{
    struct reader reader = {line, line + size};
    unsigned char ids[4][16];
    int i;

    for (i = 0; i < DOSE_COLUMNS; i++) {
        struct token token = reader_next(&reader);

        if (i < 4) {
            bench_check(decode_base64(token.text, token.size, ids[i]), "id", NULL);
            sqlite3_bind_blob(stmt, i + 1, ids[i], 16, SQLITE_STATIC);
        } else {
            bind_value(stmt, i + 1, &token);
        }
    }
    db_run(stmt);
}

static void write_lines(sqlite3_stmt *stmt, unsigned char *text, size_t size)
{
    while (size > 0) {
        unsigned char *stop = memchr(text, '\n', size);
        size_t line = (size_t)(stop - text);

        write_line(stmt, text, line);
        text += line + 1;
        size -= line + 1;
    }
}

static void
write_packed(sqlite3_stmt *stmt, const void *packed, size_t size, struct buffer *scratch)
{
    scratch->size = 0;
    buffer_gunzip(packed, size, scratch);
    write_lines(stmt, scratch->data, scratch->size);
}

static void stage_blob(struct replica *replica, size_t page, const void *body, size_t size)
{
    sqlite3_bind_int64(replica->stage, 1, (int64_t)page + 1);
    sqlite3_bind_blob64(replica->stage, 2, body, size, SQLITE_STATIC);
    db_run(replica->stage);
}

static void stage_page(struct replica *replica,
                       const struct buffer *packed,
                       size_t page,
                       enum variant variant,
                       struct buffer *scratch)
{
    struct buffer again = {0};

    scratch->size = 0;
    db_exec(replica->db, "BEGIN IMMEDIATE");
    switch (variant) {
    case STAGED_PLAIN:
        buffer_gunzip(packed->data, packed->size, scratch);
        stage_blob(replica, page, scratch->data, scratch->size);
        break;
    case STAGED_REPACKED:
        buffer_gunzip(packed->data, packed->size, scratch);
        buffer_gzip(scratch->data, scratch->size, 1, &again);
        stage_blob(replica, page, again.data, again.size);
        break;
    case STAGED_ROWS:
        write_packed(replica->stage_row, packed->data, packed->size, scratch);
        break;
    default:
        stage_blob(replica, page, packed->data, packed->size);
        break;
    }
    db_exec(replica->db, "COMMIT");
    buffer_free(&again);
}

static void apply_blobs(struct replica *replica, enum variant variant, struct buffer *scratch)
{
    while (sqlite3_step(replica->read) == SQLITE_ROW) {
        const void *body = sqlite3_column_blob(replica->read, 0);
        size_t size = (size_t)sqlite3_column_bytes(replica->read, 0);

        if (variant == STAGED_PLAIN) {
            scratch->size = 0;
            buffer_put(scratch, body, size);
            write_lines(replica->upsert, scratch->data, scratch->size);
        } else {
            write_packed(replica->upsert, body, size, scratch);
        }
    }
    sqlite3_reset(replica->read);
    db_exec(replica->db, "DELETE FROM tern_staging");
}

static void apply_rows(struct replica *replica)
{
    db_exec(replica->db,
            "INSERT INTO dose_events(id, prescription_id, medication_id, patient_id, "
            "scheduled_time, local_date, slot,"
            " time_period, reminder_time, grace_minutes, status, taken_at, skip_reason, "
            "was_offline, flags, created_at)"
            " SELECT * FROM tern_staged_doses WHERE true ON CONFLICT(id) DO UPDATE SET "
            "status=excluded.status,"
            " taken_at=excluded.taken_at, skip_reason=excluded.skip_reason, "
            "was_offline=excluded.was_offline,"
            " flags=excluded.flags;"
            "DELETE FROM tern_staged_doses;");
}

static void apply(struct replica *replica,
                  const struct download *download,
                  enum variant variant,
                  struct buffer *scratch)
{
    size_t i;

    db_exec(replica->db, "BEGIN IMMEDIATE");
    if (variant == MEMORY) {
        for (i = 0; i < ROWS; i++) {
            dose_bind(replica->upsert, &download->doses[i]);
            db_run(replica->upsert);
        }
    } else if (variant == UNSTAGED) {
        for (i = 0; i < PAGES; i++) {
            write_packed(replica->upsert,
                         download->packed[i].data,
                         download->packed[i].size,
                         scratch);
        }
    } else if (variant == STAGED_ROWS) {
        apply_rows(replica);
    } else {
        apply_blobs(replica, variant, scratch);
    }
    db_exec(replica->db, "COMMIT");
}

static int wal_frames(void *context, sqlite3 *db, const char *schema, int pages)
{
    double *most = context;

    (void)schema;
    if (pages * 4120 / 1e6 > *most) {
        *most = pages * 4120 / 1e6;
    }
    return pages >= 1000
               ? sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL)
               : SQLITE_OK;
}

static struct bench_time run(size_t variant, void *context)
{
    struct download *download = context;
    const char *path = db_path("staging");
    struct replica replica = replica_open(path, (enum variant)variant);
    struct buffer scratch = {0};
    struct bench_time time;
    size_t i;

    download->wal_mb[variant] = 0;
    sqlite3_wal_hook(replica.db, wal_frames, &download->wal_mb[variant]);
    time = bench_start();
    if (variant != MEMORY && variant != UNSTAGED) {
        for (i = 0; i < PAGES; i++) {
            stage_page(&replica, &download->packed[i], i, (enum variant)variant, &scratch);
        }
    }
    apply(&replica, download, (enum variant)variant, &scratch);
    time = bench_stop(time);
    db_close(replica.db, path);
    buffer_free(&scratch);
    return time;
}

static void compare_staging(void)
{
    static struct bench_table table;
    static struct download download;
    struct dose *doses = doses_make(ROWS, KEY_V7, 1);
    size_t i;

    download.doses = doses;
    for (i = 0; i < ROWS; i++) {
        dose_encode(&download.plain[i / PAGE_ROWS], &doses[i]);
    }
    for (i = 0; i < PAGES; i++) {
        buffer_gzip(download.plain[i].data, download.plain[i].size, 6, &download.packed[i]);
    }
    table.variants = VARIANTS;
    memcpy(table.names, NAMES, sizeof(NAMES));
    bench_compare(&table, run, &download);
    bench_print(&table, "10k rows, 10 pages staged then applied", ROWS);
    for (i = 0; i < VARIANTS; i++) {
        printf("  %-44s WAL peak %6.2f MB\n", NAMES[i], download.wal_mb[i]);
    }
    free(doses);
}

int main(void)
{
    compare_staging();
    return 0;
}

/* How many bytes uploads take, and how large the file stays once all is acknowledged. */
#include "tests/bench/plain.h"
#include "tests/bench/seed.h"
#include "tests/bench/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TX_ROWS = 100 };

struct uploader {
    struct bench_ternd server;
    enum bench_document document;
    struct bench_record record;
    tern_replica *replica;
    struct bench_link *link;
    char name[32]; /* of the server's file */
};

/* One patient known to the server, with prescription and medications uploaded from an own replica.
 */
static void open_uploader(struct uploader *uploader, enum bench_document document, const char *name)
{
    size_t size;
    const char *text = bench_document(document, &size);
    struct bench_seeder *seeder;

    memset(uploader, 0, sizeof(*uploader));
    uploader->document = document;
    snprintf(uploader->name, sizeof(uploader->name), "%s", name);
    bench_record_make(4, &uploader->record);
    bench_ternd_start(&uploader->server, name, text, size, NULL);
    seeder = bench_seeder_open(&uploader->server, document);
    bench_seed_user(seeder, &uploader->record.patient, "PATIENT");
    bench_seeder_close(seeder);
    uploader->replica =
        bench_tern_create(bench_path("tern.db"), document, &uploader->record.patient);
    uploader->link = bench_link_open(&uploader->server, &uploader->record.patient);
    bench_tern_parents(uploader->replica, &uploader->record);
}

static void close_uploader(struct uploader *uploader)
{
    tern_replica_close(uploader->replica);
    bench_link_close(uploader->link);
    bench_ternd_stop(&uploader->server);
    bench_remove(bench_path(uploader->name));
}

/* An app leaves created_at to the library. */
static const char *insert_sql(enum bench_document document)
{
#define COLUMNS                                                                                    \
    "prescription_id, medication_id, patient_id, scheduled_time, local_date, slot, time_period, "  \
    "reminder_time, grace_minutes, status"
#define MARKS "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12"
    return document == BENCH_MINTED
               ? "INSERT INTO dose_events(id, " COLUMNS ") VALUES(tern_id(), " MARKS ")"
               : "INSERT INTO dose_events(id, " COLUMNS ") VALUES(?1, " MARKS ")";
}

/* Writes doses as an app that makes a schedule would, by transactions of 100. */
static void write_doses(struct uploader *uploader, size_t total)
{
    tern_statement *insert = bench_tern_prepare(uploader->replica, insert_sql(uploader->document));
    struct bench_dose doses[TX_ROWS];
    tern_value cells[DOSE_CELLS];

    for (size_t first = 0; first < total; first += TX_ROWS) {
        const size_t count = total - first < TX_ROWS ? total - first : TX_ROWS;
        tern_tx *tx = bench_tern_begin(uploader->replica);

        bench_doses_make(&uploader->record, first, doses, count);
        if (uploader->document == BENCH_DERIVED) {
            bench_tern_derive(uploader->replica, doses, count);
        }
        for (size_t i = 0; i < count; i++) {
            bench_dose_cells(&doses[i], cells);
            bench_tern_bind(insert, cells, 12);
            bench_tern_step(insert);
        }
        bench_tern_commit(tx);
    }
    tern_statement_free(insert);
}

/* The ids of all doses, in the order in which they were made. */
static tern_id *read_ids(tern_replica *replica, size_t total)
{
    tern_statement *select =
        bench_tern_prepare(replica, "SELECT id FROM dose_events ORDER BY rowid");
    tern_id *ids = bench_alloc(total, sizeof(*ids));
    tern_error error = {0};
    bool row = true;

    for (size_t i = 0; i < total; i++) {
        bench_ok(tern_statement_step(select, &row, &error), &error, "read ids");
        bench_check(row, "fewer doses than were written");
        memcpy(ids[i].bytes, tern_statement_value(select, 0).data, sizeof(ids[i].bytes));
    }
    tern_statement_free(select);
    return ids;
}

static void update_doses(struct uploader *uploader, const tern_id *ids, size_t total)
{
    tern_statement *update = bench_tern_prepare(uploader->replica, BENCH_DOSE_UPDATE);

    for (size_t first = 0; first < total; first += TX_ROWS) {
        tern_tx *tx = bench_tern_begin(uploader->replica);

        for (size_t i = first; i < total && i < first + TX_ROWS; i++) {
            const tern_value cells[] = {tern_value_text("TAKEN_ON_TIME"), tern_value_id(&ids[i])};

            bench_tern_bind(update, cells, 2);
            bench_tern_step(update);
        }
        bench_tern_commit(tx);
    }
    tern_statement_free(update);
}

/* Request bytes of a sync that leaves nothing pending. */
static uint64_t upload(struct uploader *uploader)
{
    const uint64_t before = uploader->link->request_bytes;

    bench_sync(uploader->link, uploader->replica, 0);
    bench_check(bench_tern_pending(uploader->replica) == 0, "a sync left entries pending");
    return uploader->link->request_bytes - before;
}

static void push_bulk(enum bench_document document, const char *inserts, const char *updates)
{
    const size_t total = bench_size(10000, 200);
    struct uploader uploader;
    tern_id *ids;

    open_uploader(&uploader, document, "push-server.db");
    upload(&uploader);
    write_doses(&uploader, total);
    bench_figure(inserts, (double)upload(&uploader) / (double)total, "bytes");
    ids = read_ids(uploader.replica, total);
    update_doses(&uploader, ids, total);
    bench_figure(updates, (double)upload(&uploader) / (double)total, "bytes");
    free(ids);
    close_uploader(&uploader);
}

/* ---- One dose taken ---- */

static void take_dose(struct uploader *uploader, const tern_id *dose)
{
    tern_statement *update = bench_tern_prepare(
        uploader->replica,
        "UPDATE dose_events SET status = 'TAKEN_ON_TIME', taken_at = tern_now() WHERE id = ?1");
    tern_statement *insert = bench_tern_prepare(
        uploader->replica,
        "INSERT INTO audit_logs(id, actor_id, actor_role, action_type, resource_type, resource_id)"
        " VALUES(tern_id(), ?1, 'PATIENT', 'DOSE_TAKEN', 'dose_events', ?2)");
    const tern_value cells[] = {tern_value_id(&uploader->record.patient), tern_value_id(dose)};
    tern_tx *tx = bench_tern_begin(uploader->replica);

    bench_tern_bind(update, &cells[1], 1);
    bench_tern_step(update);
    bench_tern_bind(insert, cells, 2);
    bench_tern_step(insert);
    bench_tern_commit(tx);
    tern_statement_free(update);
    tern_statement_free(insert);
}

/* The median of several doses: gzip makes some a few bytes longer than others. */
static void push_one(void)
{
    enum { DOSES = 21 };
    double bytes[DOSES];
    double exchanges[DOSES];
    struct uploader uploader;
    tern_id *ids;

    open_uploader(&uploader, BENCH_DERIVED, "push-server.db");
    write_doses(&uploader, 100);
    upload(&uploader);
    ids = read_ids(uploader.replica, DOSES);
    for (size_t i = 0; i < DOSES; i++) {
        const struct bench_link before = *uploader.link;

        take_dose(&uploader, &ids[i]);
        upload(&uploader);
        bytes[i] = (double)(uploader.link->request_bytes - before.request_bytes +
                            uploader.link->answer_bytes - before.answer_bytes);
        exchanges[i] = (double)(uploader.link->exchanges - before.exchanges);
    }
    bench_note("one dose taken: %.0f round trip(s)", bench_median(exchanges, DOSES));
    bench_figure("push_one_bytes", bench_median(bytes, DOSES), "bytes");
    free(ids);
    close_uploader(&uploader);
}

void bench_push(void)
{
    push_bulk(BENCH_MINTED, "push_bytes_per_row", "push_update_bytes_per_row");
    push_bulk(BENCH_DERIVED, "push_derived_bytes_per_row", "push_derived_update_bytes_per_row");
    push_one();
    bench_remove(bench_path("tern.db"));
}

/* ---- The file ---- */

/* Bytes of the file's pages that hold something. */
static double used_bytes(const char *path)
{
    sqlite3 *db = NULL;
    double pages;

    bench_check(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK, path);
    pages = (double)(bench_plain_number(db, "PRAGMA page_count") -
                     bench_plain_number(db, "PRAGMA freelist_count"));
    pages *= (double)bench_plain_number(db, "PRAGMA page_size");
    bench_plain_close(db);
    return pages;
}

static void copy_doses(const char *plain_path, const char *replica_path)
{
    sqlite3 *plain = bench_plain_create(plain_path, replica_path);
    char *sql = sqlite3_mprintf("ATTACH %Q AS replica", replica_path);
    static const char *const tables[] = {"prescriptions", "medications", "dose_events"};

    bench_check(sql != NULL, "memory");
    bench_plain_run(plain, sql);
    sqlite3_free(sql);
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        bench_plain_copy(plain, "replica", tables[i]);
    }
    bench_plain_close(plain);
}

static uint64_t kept_entries(tern_replica *replica)
{
    tern_replica_status status = {.size = sizeof(status)};
    tern_error error = {0};

    bench_ok(tern_replica_read_status(replica, &status, &error), &error, "status");
    return status.acked;
}

/* Entries go a month after their acknowledgement: it is made a month older in the file. */
/* From outside, with the guards of the file off. */
static void age_entries(const char *path)
{
    sqlite3 *db = bench_plain_open(path);

    bench_check(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) == SQLITE_OK,
                "the guards cannot be passed by");
    bench_plain_run(db, "UPDATE tern_outbox SET acked = acked - 31 * 86400000000 WHERE acked > 0");
    bench_plain_close(db);
}

static void compare_files(const char *name, size_t rows, bool trimmed)
{
    char tern[1024];
    char plain[1024];
    struct uploader uploader;
    uint64_t kept;

    snprintf(tern, sizeof(tern), "%s", bench_path("tern.db"));
    snprintf(plain, sizeof(plain), "%s", bench_path("plain.db"));
    open_uploader(&uploader, BENCH_DERIVED, "file-server.db");
    write_doses(&uploader, rows);
    upload(&uploader);
    if (trimmed) {
        age_entries(tern);
        upload(&uploader);
    }
    kept = kept_entries(uploader.replica);
    bench_check(trimmed == (kept == 0), "the wrong number of acknowledged entries is kept");
    close_uploader(&uploader);
    copy_doses(plain, tern);
    bench_figure(name,
                 (trimmed ? used_bytes(tern) : (double)bench_file_bytes(tern)) /
                     (double)bench_file_bytes(plain),
                 "x");
    bench_remove(tern);
    bench_remove(plain);
}

void bench_file(void)
{
    const size_t rows = bench_size(100000, 500);

    compare_files("file_x", rows, false);
    compare_files("file_trimmed_x", rows, true);
}

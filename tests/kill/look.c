/* Plain SQL on the files, and the books beside it. */
#include "tests/kill/look.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "tern/platform.h"
#include "tern/replica.h"

/* The same for the app's rows on both sides. */
#define LIVE_ROWS(where)                                                                           \
    "SELECT id, owner_id, author, tx, part, value, body, updated_at FROM " where                   \
    ".parts WHERE deleted_at IS NULL"

static sqlite3 *open_plain(const char *file)
{
    sqlite3 *db = NULL;

    kill_need(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, file);
    (void)sqlite3_busy_timeout(db, 10000);
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "tern-kill: %s\n", sqlite3_errmsg(db));
        kill_need(false, sql);
    }
    return stmt;
}

static void execute(sqlite3 *db, const char *sql)
{
    kill_need(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static void attach(sqlite3 *db, const char *server)
{
    sqlite3_stmt *stmt = prepare(db, "ATTACH ? AS server");

    (void)sqlite3_bind_text(stmt, 1, server, -1, SQLITE_STATIC);
    kill_need(sqlite3_step(stmt) == SQLITE_DONE, "attach");
    (void)sqlite3_finalize(stmt);
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = prepare(db, sql);
    int64_t value;

    kill_need(sqlite3_step(stmt) == SQLITE_ROW, sql);
    value = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return value;
}

static void check_sound(struct kill_run *run, sqlite3 *db, const char *file)
{
    static const char *const checks[] = {"PRAGMA integrity_check", "PRAGMA foreign_key_check"};

    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        sqlite3_stmt *stmt = prepare(db, checks[i]);
        int rc = sqlite3_step(stmt);
        const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : "ok";

        if (rc != SQLITE_DONE && (rc != SQLITE_ROW || strcmp(text, "ok") != 0)) {
            kill_broken(run, "%s: %s: %s", file, checks[i], text);
        }
        (void)sqlite3_finalize(stmt);
    }
}

/* ---- Rows against a book ---- */

static bool row_is(sqlite3_stmt *stmt, const struct book *book, uint32_t group, uint32_t part)
{
    const struct book_group *wanted = &book->groups[group];
    const char *body = (const char *)sqlite3_column_text(stmt, 3);
    char text[BOOK_TEXT_BYTES];

    book_text(book, group, part, wanted->value, text);
    return sqlite3_column_int64(stmt, 0) == group && sqlite3_column_int64(stmt, 1) == part &&
           sqlite3_column_int64(stmt, 2) == wanted->value && body != NULL &&
           strcmp(body, text) == 0 && (sqlite3_column_int(stmt, 4) != 0) == wanted->deleted;
}

/* A row too few is lost, one too many doubled. A server keeps deleted rows; a device may not have
 * those that others deleted, but its own it has until they are forgotten. */
static void check_rows(struct kill_run *run, sqlite3 *db, const struct book *book, const char *file)
{
    sqlite3_stmt *stmt = prepare(db,
                                 "SELECT tx, part, value, body, deleted_at IS NOT NULL FROM parts "
                                 "WHERE author = ? ORDER BY tx, part");
    bool row;

    (void)sqlite3_bind_int64(stmt, 1, book->author);
    row = sqlite3_step(stmt) == SQLITE_ROW;
    for (uint32_t group = 1; group <= book->count && !run->broken; group++) {
        for (uint32_t part = 0; part < book->groups[group].parts && !run->broken; part++) {
            if (!row || !row_is(stmt, book, group, part)) {
                run->totals.lost++;
                kill_broken(run,
                            "%s: part %u of transaction %u of device %u is not as it was written",
                            file,
                            (unsigned)part,
                            (unsigned)group,
                            (unsigned)book->author);
            }
            row = row && sqlite3_step(stmt) == SQLITE_ROW;
        }
    }
    if (row && !run->broken) {
        run->totals.doubled++;
        kill_broken(run,
                    "%s: a part of transaction %lld of device %u that nobody wrote, or twice",
                    file,
                    (long long)sqlite3_column_int64(stmt, 0),
                    (unsigned)book->author);
    }
    (void)sqlite3_finalize(stmt);
}

/* ---- A device ---- */

/* The app's own way to its rows: what a crash left is recovered here. */
static bool recover(struct kill_run *run, const struct worker *worker)
{
    tern_replica_options options = {.size = sizeof options,
                                    .schema = worker->settings->document,
                                    .schema_size = worker->settings->document_size,
                                    .user = worker->user};
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_ports ports;
    tern_status status;

    tern_platform_ports(&ports);
    options.ports = &ports;
    status = tern_replica_open(worker->file, &options, &replica, &error);
    if (status != TERN_OK) {
        kill_broken(run, "%s: %s: %s", worker->file, tern_status_code(status), error.message);
    }
    tern_replica_close(replica);
    return status == TERN_OK;
}

static void check_outbox(struct kill_run *run, sqlite3 *db, const struct look_device *device)
{
    const char *file = device->worker->file;
    int64_t last = number(db,
                          "SELECT max(last_ordinal, (SELECT coalesce(max(place), 0) FROM "
                          "tern_outbox)) FROM tern_meta");
    int64_t owed = (int64_t)device->written + device->worker->setup;

    if (last < owed) {
        run->totals.lost += (uint64_t)(owed - last);
        kill_broken(run,
                    "%s: %lld of %lld transactions whose commit returned",
                    file,
                    (long long)last,
                    (long long)owed);
    }
    if (last > owed + 1) {
        kill_broken(run, "%s: transactions that nobody wrote", file);
    }
    if (number(db, "SELECT count(*) FROM tern_outbox WHERE state IN (0, 1)") != last ||
        number(db, "SELECT coalesce(max(ordinal), 0) FROM tern_outbox") != last ||
        number(db,
               "SELECT count(*) FROM tern_outbox o WHERE body IS NOT NULL OR EXISTS (SELECT 1 "
               "FROM tern_body b WHERE b.ordinal = o.ordinal)") != last) {
        run->totals.lost++;
        kill_broken(run, "%s: the outbox lacks a transaction, or has parked one", file);
    }
    if (!run->broken) {
        book_turn(device->book,
                  (uint32_t)(last < device->worker->setup ? 0 : last - device->worker->setup));
    }
}

/* What the device holds for acknowledged stands on the server, under the same number. */
static void check_acks(struct kill_run *run, sqlite3 *db, const struct look_device *device)
{
    int64_t missing;
    int64_t acked;

    attach(db, device->server);
    missing = number(db,
                     "SELECT count(*) FROM tern_outbox o WHERE state = 1 AND NOT EXISTS (SELECT 1 "
                     "FROM server.tern_entry e WHERE e.tx = o.tx AND e.number = o.number AND "
                     "e.ordinal = o.ordinal AND e.verdict = 0)");
    acked = number(db, "SELECT count(*) FROM main.tern_outbox WHERE state = 1");
    if (missing != 0) {
        run->totals.lost += (uint64_t)missing;
        kill_broken(run,
                    "%s: %lld transactions that it holds for acknowledged are not on the server",
                    device->worker->file,
                    (long long)missing);
    }
    if (device->synced > 0 && acked < (int64_t)device->synced + device->worker->setup) {
        run->totals.lost++;
        kill_broken(run, "%s: it forgot what a sync had acknowledged", device->worker->file);
    }
}

void look_at_device(struct kill_run *run, const struct look_device *device)
{
    sqlite3 *db;

    if (!recover(run, device->worker)) {
        return;
    }
    run->totals.checks++;
    db = open_plain(device->worker->file);
    check_sound(run, db, device->worker->file);
    check_outbox(run, db, device);
    if (!run->broken) {
        check_rows(run, db, device->book, device->worker->file);
    }
    if (!run->broken && device->server != NULL) {
        check_acks(run, db, device);
    }
    (void)sqlite3_close(db);
}

/* ---- The server ---- */

/* How many entries of the device it has: the first ones without a hole, each once, and all that
 * were acknowledged. */
static uint32_t check_entries(struct kill_run *run, sqlite3 *db, const struct look_device *device)
{
    sqlite3_stmt *stmt = prepare(db,
                                 "SELECT count(*), count(DISTINCT ordinal), coalesce(max(ordinal), "
                                 "0) FROM tern_entry WHERE device = ? AND verdict = 0");
    int64_t owed = (int64_t)device->synced + (device->synced > 0 ? device->worker->setup : 0);
    int64_t count;
    int64_t distinct;
    int64_t last;

    (void)sqlite3_bind_blob(stmt, 1, device->id.bytes, sizeof device->id.bytes, SQLITE_STATIC);
    kill_need(sqlite3_step(stmt) == SQLITE_ROW, "entries of a device");
    count = sqlite3_column_int64(stmt, 0);
    distinct = sqlite3_column_int64(stmt, 1);
    last = sqlite3_column_int64(stmt, 2);
    (void)sqlite3_finalize(stmt);
    if (count != distinct) {
        run->totals.doubled += (uint64_t)(count - distinct);
        kill_broken(run, "the server has a transaction of device %u twice", device->worker->author);
    }
    if (last < owed || distinct != last) {
        run->totals.lost += (uint64_t)(last < owed ? owed - last : last - distinct);
        kill_broken(run,
                    "the server has %lld transactions of device %u, the last being the %lldth, "
                    "and acknowledged %lld",
                    (long long)distinct,
                    device->worker->author,
                    (long long)last,
                    (long long)owed);
    }
    return (uint32_t)last;
}

static void check_own_rows(struct kill_run *run, sqlite3 *db, const struct look_device *device)
{
    uint32_t last = check_entries(run, db, device);
    uint32_t setup = device->worker->setup;

    if (run->broken) {
        return;
    }
    last -= last < setup ? last : setup;
    if (last < device->server_book->count) {
        run->totals.lost++;
        kill_broken(run, "the server forgot what it had of device %u", device->worker->author);
        return;
    }
    book_turn(device->server_book, last);
    check_rows(run, db, device->server_book, "the server");
}

static void check_receipts(struct kill_run *run, sqlite3 *db)
{
    int64_t without = number(db,
                             "SELECT count(DISTINCT number) FROM tern_log WHERE number NOT IN "
                             "(SELECT number FROM tern_entry)");

    if (without != 0) {
        run->totals.doubled += (uint64_t)without;
        kill_broken(run, "the server applied a transaction without its receipt");
    }
    if (number(db, "SELECT count(*) FROM tern_entry WHERE verdict <> 0") != 0) {
        run->totals.lost++;
        kill_broken(run, "the server rejected a transaction");
    }
    if (number(db,
               "SELECT count(*) FROM sync_audit a JOIN parts p ON p.id = a.row_id WHERE p.author "
               "<> 99") != 0) {
        kill_broken(run, "the server saw a conflict where only one device writes");
    }
}

void look_at_server(struct kill_run *run,
                    const char *server,
                    const struct look_device *devices,
                    size_t count,
                    bool whole)
{
    sqlite3 *db = open_plain(server);

    run->totals.checks++;
    execute(db, "BEGIN");
    check_receipts(run, db);
    for (size_t i = 0; i < count && !run->broken; i++) {
        check_own_rows(run, db, &devices[i]);
    }
    if (whole && !run->broken) {
        check_sound(run, db, "the server");
    }
    execute(db, "COMMIT");
    (void)sqlite3_close(db);
}

void look_at_convergence(struct kill_run *run, const char *file, const char *server)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM (" LIVE_ROWS("main") " EXCEPT " LIVE_ROWS(
            "server") ")) + (SELECT count(*) FROM (" LIVE_ROWS("server") " EXCEPT " LIVE_ROWS("mai"
                                                                                              "n") "))";
    sqlite3 *db = open_plain(file);

    attach(db, server);
    if (number(db, sql) != 0) {
        run->totals.lost++;
        kill_broken(run, "%s: its rows are not those of the server", file);
    }
    (void)sqlite3_close(db);
}

tern_id look_up_device(const char *file)
{
    sqlite3 *db = open_plain(file);
    sqlite3_stmt *stmt = prepare(db, "SELECT device FROM tern_meta");
    tern_id id;

    kill_need(sqlite3_step(stmt) == SQLITE_ROW &&
                  sqlite3_column_bytes(stmt, 0) == (int)sizeof id.bytes,
              "a device's id");
    memcpy(id.bytes, sqlite3_column_blob(stmt, 0), sizeof id.bytes);
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return id;
}

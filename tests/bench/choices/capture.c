/*
 * The kinds of capture.
 *
 * Every kind has the same table, indexes, checks and statements of the application. `updated_at`
 * holds the transaction's stamp and `tern_v` names the transaction that wrote each unit: an integer
 * where one wrote all, else 24 bytes (three units), which the kinds that stamp keep up.
 */
#include "tests/bench/choices/capture.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include "tests/bench/choices/bench.h"
#include "tests/bench/choices/touched.h"

enum { COLUMN_DELETED_AT = 16, COLUMN_UPDATED_AT = 17, COLUMN_VERSION = 18 };
enum { UNITS = 3, OUTCOME = 2, VERSION_BYTES = UNITS * 8, PACK_ABOVE_BYTES = 4096 };

const char *const CAPTURE_NAMES[CAPTURE_KINDS] = {
    "plain",
    "plain, guard triggers in the file and off",
    "AFTER trigger, an outbox row each",
    "hook, encoded, no stamp",
    "hook, all columns compared, no stamp",
    "hook + UPDATE a row at commit",
    "hook + UPDATE a row, tern_v changes size",
    "hook + UPDATE by ranges of rowids at commit",
    "hook + sqlite3_blob_write a row at commit",
    "hook + rewritten SQL",
    "hook + TEMP AFTER UPDATE trigger",
    "session extension, no stamp",
    "hook + STORED generated stamp",
    "hook + STORED generated stamp and versions",
    "the former, outbox packed at level 1 > 4 KiB",
    "the former, and SHA-256 of the body",
    "generated, SAVEPOINT/RELEASE a statement",
};

struct capture {
    enum capture_kind kind;
    sqlite3 *db;
    sqlite3_session *session;
    sqlite3_stmt *insert, *update, *erase, *begin, *commit, *outbox, *stamp, *savepoint, *release;
    sqlite3_stmt *version;
    sqlite3_blob *blob;
    struct buffer body, undo, packed;
    struct touched touched;
    int64_t stamp_us, tx;
    int armed, inserting;
};

static int is_generated(enum capture_kind kind)
{
    return kind >= GENERATED && kind <= GENERATED_SAVEPOINT;
}

static int is_nested(enum capture_kind kind)
{
    return kind >= GENERATED_NESTED && kind <= GENERATED_DIGEST;
}

static int is_hook(enum capture_kind kind)
{
    return kind >= HOOK && kind != SESSION;
}

static sqlite3_value *old_value(sqlite3 *db, int column)
{
    sqlite3_value *value = NULL;

    bench_check(sqlite3_preupdate_old(db, column, &value) == SQLITE_OK, "old", db);
    return value;
}

static sqlite3_value *new_value(sqlite3 *db, int column)
{
    sqlite3_value *value = NULL;

    bench_check(sqlite3_preupdate_new(db, column, &value) == SQLITE_OK, "new", db);
    return value;
}

static int same_value(sqlite3_value *a, sqlite3_value *b)
{
    int type = sqlite3_value_type(a);

    if (type != sqlite3_value_type(b)) {
        return 0;
    }
    if (type == SQLITE_INTEGER) {
        return sqlite3_value_int64(a) == sqlite3_value_int64(b);
    }
    if (type == SQLITE_NULL) {
        return 1;
    }
    return sqlite3_value_bytes(a) == sqlite3_value_bytes(b) &&
           memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b), (size_t)sqlite3_value_bytes(a)) ==
               0;
}

static int is_changed(sqlite3 *db, int first, int count)
{
    int changed = 0;
    int i;

    for (i = first; i < first + count; i++) {
        changed |= !same_value(old_value(db, i), new_value(db, i));
    }
    return changed;
}

static void hook_delete(struct capture *capture, sqlite3 *db)
{
    buffer_put(&capture->body, "[", 1);
    buffer_put_value(&capture->body, old_value(db, 0));
    buffer_put(&capture->body, "]\n", 2);
    buffer_put(&capture->undo, "[null]\n", 7);
}

static void hook_insert(struct capture *capture, sqlite3 *db)
{
    int i;

    for (i = 0; i < DOSE_COLUMNS; i++) {
        buffer_put(&capture->body, i == 0 ? "[" : ",", 1);
        buffer_put_value(&capture->body, new_value(db, i));
    }
    buffer_put(&capture->body, "]\n", 2);
}

/* A second touch of a row writes a later line; its undo image stays the first one's. */
static void hook_update(struct capture *capture, sqlite3 *db, int is_first)
{
    int i;

    buffer_put(&capture->body, "[", 1);
    buffer_put_value(&capture->body, old_value(db, 0));
    for (i = DOSE_OUTCOME_FIRST; i < DOSE_OUTCOME_FIRST + DOSE_OUTCOME_COUNT; i++) {
        buffer_put(&capture->body, ",", 1);
        buffer_put_value(&capture->body, new_value(db, i));
        if (is_first) {
            buffer_put(&capture->undo, i == DOSE_OUTCOME_FIRST ? "[" : ",", 1);
            buffer_put_value(&capture->undo, old_value(db, i));
        }
    }
    buffer_put(&capture->body, "]\n", 2);
    buffer_put(&capture->undo, "]\n", 2);
}

/* A rewritten statement is trusted only as far as this sees: a row it left unstamped would be
 * stamped at commit like any other. */
static void check_stamp(const struct capture *capture, sqlite3 *db)
{
    if (capture->kind == REWRITE) {
        sqlite3_value *version = new_value(db, COLUMN_VERSION);

        bench_check(sqlite3_value_int64(new_value(db, COLUMN_UPDATED_AT)) == capture->stamp_us &&
                        sqlite3_value_bytes(version) == VERSION_BYTES,
                    "stamp",
                    NULL);
    }
}

static void hook(void *context,
                 sqlite3 *db,
                 int operation,
                 const char *schema,
                 const char *table,
                 sqlite3_int64 old_rowid,
                 sqlite3_int64 new_rowid)
{
    struct capture *capture = context;

    (void)schema;
    (void)old_rowid;
    if (!capture->armed || strcmp(table, "dose_events") != 0) {
        return;
    }
    if (operation == SQLITE_INSERT) {
        touched_add(&capture->touched, new_rowid);
        hook_insert(capture, db);
        return;
    }
    if (is_changed(db, COLUMN_DELETED_AT, 1)) {
        touched_add(&capture->touched, new_rowid);
        hook_delete(capture, db);
        return;
    }
    if (capture->kind == TEMP_TRIGGER && sqlite3_preupdate_depth(db) > 0) {
        return;
    }
    if (capture->kind == HOOK_COMPARE ? is_changed(db, 0, DOSE_COLUMNS)
                                      : is_changed(db, DOSE_OUTCOME_FIRST, DOSE_OUTCOME_COUNT)) {
        hook_update(capture, db, touched_add(&capture->touched, new_rowid));
        check_stamp(capture, db);
    }
}

static void sql_stamp(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct capture *capture = sqlite3_user_data(context);

    (void)count;
    (void)values;
    sqlite3_result_int64(context, capture->stamp_us);
}

static void version_bytes(const struct capture *capture, unsigned char out[VERSION_BYTES])
{
    memcpy(out + (size_t)OUTCOME * 8, &capture->tx, 8);
}

/* tern_next_version(tern_v): a row's old versions with the outcome's replaced. */
static void sql_next_version(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct capture *capture = sqlite3_user_data(context);
    unsigned char versions[VERSION_BYTES] = {0};

    (void)count;
    if (sqlite3_value_bytes(values[0]) == VERSION_BYTES) {
        memcpy(versions, sqlite3_value_blob(values[0]), VERSION_BYTES);
    }
    version_bytes(capture, versions);
    sqlite3_result_blob(context, versions, VERSION_BYTES, SQLITE_TRANSIENT);
}

/* tern_version([id]): of an insert, the transaction; of an update, the row's old versions with the
 * outcome's replaced. */
static void sql_version(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct capture *capture = sqlite3_user_data(context);
    unsigned char versions[VERSION_BYTES] = {0};

    if (count == 0 || capture->inserting) {
        sqlite3_result_int64(context, capture->tx);
        return;
    }
    sqlite3_bind_value(capture->version, 1, values[0]);
    if (sqlite3_step(capture->version) == SQLITE_ROW &&
        sqlite3_column_bytes(capture->version, 0) == VERSION_BYTES) {
        memcpy(versions, sqlite3_column_blob(capture->version, 0), VERSION_BYTES);
    }
    sqlite3_reset(capture->version);
    version_bytes(capture, versions);
    sqlite3_result_blob(context, versions, VERSION_BYTES, SQLITE_TRANSIENT);
}

static void define_functions(struct capture *capture)
{
    const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;

    sqlite3_create_function(capture->db, "tern_stamp", 0, flags, capture, sql_stamp, NULL, NULL);
    sqlite3_create_function(capture->db,
                            "tern_version",
                            0,
                            flags,
                            capture,
                            sql_version,
                            NULL,
                            NULL);
    sqlite3_create_function(capture->db,
                            "tern_version",
                            1,
                            flags,
                            capture,
                            sql_version,
                            NULL,
                            NULL);
    sqlite3_create_function(capture->db,
                            "tern_next_version",
                            1,
                            flags,
                            capture,
                            sql_next_version,
                            NULL,
                            NULL);
}

static void create_table(struct capture *capture)
{
    const char *stamp = "DEFAULT 0";
    const char *version = "DEFAULT 0";
    char *ddl;

    if (is_generated(capture->kind)) {
        stamp = "GENERATED ALWAYS AS (tern_stamp()) STORED";
        version = is_nested(capture->kind) ? "GENERATED ALWAYS AS (tern_version(id)) STORED"
                                           : "GENERATED ALWAYS AS (tern_version()) STORED";
    } else if (capture->kind == SECOND_BLOB) {
        stamp = "GENERATED ALWAYS AS (tern_stamp()) STORED";
        version = "DEFAULT x'000000000000000000000000000000000000000000000000'";
    } else if (is_hook(capture->kind)) {
        stamp = "DEFAULT (tern_stamp())";
        version = capture->kind == SECOND ? "DEFAULT x'00000000000000000000000000000000"
                                            "0000000000000000'"
                                          : "DEFAULT (tern_version())";
    }
    ddl = dose_ddl(stamp, version);
    db_exec(capture->db, ddl);
    sqlite3_free(ddl);
    db_exec(capture->db, DOSE_INDEXES);
    db_exec(
        capture->db,
        "CREATE TABLE tern_outbox(ordinal INTEGER PRIMARY KEY, digest BLOB, body BLOB, undo BLOB)");
}

static void create_triggers(struct capture *capture)
{
    if (capture->kind == TRIGGER_OUTBOX) {
        db_exec(capture->db,
                "CREATE TRIGGER capture_insert AFTER INSERT ON dose_events BEGIN INSERT INTO"
                " tern_outbox(body) VALUES(json_array(hex(new.id), hex(new.prescription_id),"
                " hex(new.medication_id), hex(new.patient_id), new.scheduled_time, new.local_date,"
                " new.slot, new.time_period, new.reminder_time, new.grace_minutes, new.status,"
                " new.taken_at, new.skip_reason, new.was_offline, new.flags, new.created_at)); END;"
                "CREATE TRIGGER capture_update AFTER UPDATE ON dose_events BEGIN INSERT INTO"
                " tern_outbox(body, undo) VALUES(json_array(hex(new.id), new.status, new.taken_at,"
                " new.skip_reason, new.was_offline, new.flags), json_array(old.status,"
                " old.taken_at, old.skip_reason, old.was_offline, old.flags)); END;");
        return;
    }
    if (capture->kind != PLAIN && capture->kind != SESSION) {
        db_exec(capture->db,
                "CREATE TRIGGER guard_insert BEFORE INSERT ON dose_events"
                " BEGIN SELECT RAISE(ABORT, 'guard'); END;"
                "CREATE TRIGGER guard_update BEFORE UPDATE ON dose_events"
                " BEGIN SELECT RAISE(ABORT, 'guard'); END;"
                "CREATE TRIGGER guard_delete BEFORE DELETE ON dose_events"
                " BEGIN SELECT RAISE(ABORT, 'guard'); END;");
        sqlite3_db_config(capture->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    }
    if (capture->kind == TEMP_TRIGGER) {
        db_exec(
            capture->db,
            "CREATE TEMP TRIGGER stamp AFTER UPDATE ON main.dose_events BEGIN UPDATE dose_events"
            " SET updated_at = tern_stamp(), tern_v = tern_version() WHERE rowid = new.rowid; "
            "END;");
    }
    if (is_hook(capture->kind)) {
        db_exec(capture->db,
                "CREATE TEMP TRIGGER soft_delete BEFORE DELETE ON main.dose_events BEGIN UPDATE"
                " dose_events SET deleted_at = 1 WHERE rowid = old.rowid AND deleted_at IS NULL;"
                " SELECT RAISE(IGNORE); END;");
    }
}

static void prepare(struct capture *capture)
{
    sqlite3 *db = capture->db;

    capture->insert = db_prepare(db, DOSE_INSERT);
    capture->update = db_prepare(
        db,
        capture->kind == REWRITE ? "UPDATE dose_events SET updated_at = tern_stamp(),"
                                   " tern_v = tern_next_version(tern_v), status = ? WHERE id = ?"
                                 : DOSE_UPDATE);
    capture->erase =
        db_prepare(db,
                   is_hook(capture->kind) ? "DELETE FROM dose_events WHERE id = ?"
                                          : "UPDATE dose_events SET deleted_at = 1 WHERE id = ?");
    capture->begin = db_prepare(db, "BEGIN IMMEDIATE");
    capture->commit = db_prepare(db, "COMMIT");
    capture->savepoint = db_prepare(db, "SAVEPOINT s");
    capture->release = db_prepare(db, "RELEASE s");
    capture->outbox = db_prepare(db, "INSERT INTO tern_outbox(digest, body, undo) VALUES(?, ?, ?)");
    capture->version = db_prepare(db, "SELECT tern_v FROM dose_events WHERE id = ?");
    if (capture->kind == SECOND || capture->kind == SECOND_NEW_SIZE) {
        capture->stamp =
            db_prepare(db, "UPDATE dose_events SET updated_at = ?, tern_v = ? WHERE rowid = ?3");
    } else if (capture->kind == SECOND_RANGE) {
        capture->stamp = db_prepare(
            db,
            "UPDATE dose_events SET updated_at = ?, tern_v = ? WHERE rowid BETWEEN ? AND ?");
    }
}

struct capture *capture_open(enum capture_kind kind, const char *path)
{
    struct capture *capture = calloc(1, sizeof(*capture));

    bench_check(capture != NULL, "memory", NULL);
    db_remove(path);
    capture->kind = kind;
    capture->db = db_open(path);
    capture->stamp_us = 1767225600000000;
    define_functions(capture);
    create_table(capture);
    create_triggers(capture);
    if (is_hook(kind)) {
        sqlite3_preupdate_hook(capture->db, hook, capture);
    }
    prepare(capture);
    return capture;
}

void capture_close(struct capture *capture, const char *path)
{
    db_close(capture->db, path);
    buffer_free(&capture->body);
    buffer_free(&capture->undo);
    buffer_free(&capture->packed);
    touched_free(&capture->touched);
    free(capture);
}

sqlite3 *capture_db(struct capture *capture)
{
    return capture->db;
}

void capture_begin(struct capture *capture)
{
    db_run(capture->begin);
    capture->tx++;
    capture->stamp_us += 1000;
    capture->body.size = 0;
    capture->undo.size = 0;
    touched_clear(&capture->touched);
    capture->armed = is_hook(capture->kind);
    if (capture->kind == SESSION) {
        bench_check(sqlite3session_create(capture->db, "main", &capture->session) == SQLITE_OK,
                    "session",
                    capture->db);
        sqlite3session_attach(capture->session, "dose_events");
    }
}

static void stamp_row(struct capture *capture, int64_t first, int64_t last)
{
    unsigned char versions[VERSION_BYTES] = {0};

    version_bytes(capture, versions);
    sqlite3_bind_int64(capture->stamp, 1, capture->stamp_us);
    sqlite3_bind_blob(capture->stamp, 2, versions, VERSION_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(capture->stamp, 3, first);
    if (capture->kind == SECOND_RANGE) {
        sqlite3_bind_int64(capture->stamp, 4, last);
    }
    db_run(capture->stamp);
}

static void stamp_rows(struct capture *capture)
{
    const struct touched *touched = &capture->touched;
    size_t i;
    size_t end;

    if (capture->kind == SECOND_RANGE) {
        touched_sort(&capture->touched);
    }
    for (i = 0; i < touched->count; i = end) {
        end = i + 1;
        while (capture->kind == SECOND_RANGE && end < touched->count &&
               touched->rowids[end] == touched->rowids[end - 1] + 1) {
            end++;
        }
        stamp_row(capture, touched->rowids[i], touched->rowids[end - 1]);
    }
}

static void stamp_blobs(struct capture *capture)
{
    unsigned char versions[VERSION_BYTES] = {0};
    size_t i;

    version_bytes(capture, versions);
    for (i = 0; i < capture->touched.count; i++) {
        int64_t rowid = capture->touched.rowids[i];
        int rc = capture->blob == NULL ? sqlite3_blob_open(capture->db,
                                                           "main",
                                                           "dose_events",
                                                           "tern_v",
                                                           rowid,
                                                           1,
                                                           &capture->blob)
                                       : sqlite3_blob_reopen(capture->blob, rowid);

        bench_check(rc == SQLITE_OK, "blob", capture->db);
        rc = sqlite3_blob_write(capture->blob, versions, VERSION_BYTES, 0);
        bench_check(rc == SQLITE_OK, "blob write", capture->db);
    }
    sqlite3_blob_close(capture->blob);
    capture->blob = NULL;
}

static void make_digest(const struct buffer *body, unsigned char digest[32])
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    int rc = mbedtls_sha256(body->data, body->size, digest, 0);
#else
    int rc = mbedtls_sha256_ret(body->data, body->size, digest, 0);
#endif

    bench_check(rc == 0, "digest", NULL);
}

static void write_outbox(struct capture *capture)
{
    const struct buffer *body = &capture->body;
    unsigned char digest[32];

    if (capture->kind == GENERATED_DIGEST) {
        make_digest(body, digest);
        sqlite3_bind_blob(capture->outbox, 1, digest, sizeof(digest), SQLITE_STATIC);
    }
    if ((capture->kind == GENERATED_PACKED || capture->kind == GENERATED_DIGEST) &&
        body->size > PACK_ABOVE_BYTES) {
        capture->packed.size = 0;
        buffer_gzip(body->data, body->size, 1, &capture->packed);
        body = &capture->packed;
    }
    sqlite3_bind_blob64(capture->outbox, 2, body->data, body->size, SQLITE_STATIC);
    sqlite3_bind_blob64(capture->outbox, 3, capture->undo.data, capture->undo.size, SQLITE_STATIC);
    db_run(capture->outbox);
}

static void write_changeset(struct capture *capture)
{
    void *set = NULL;
    int size = 0;

    bench_check(sqlite3session_changeset(capture->session, &size, &set) == SQLITE_OK,
                "changeset",
                capture->db);
    sqlite3_bind_blob(capture->outbox, 2, set, size, SQLITE_STATIC);
    db_run(capture->outbox);
    sqlite3_clear_bindings(capture->outbox);
    sqlite3_free(set);
    sqlite3session_delete(capture->session);
    capture->session = NULL;
}

void capture_commit(struct capture *capture)
{
    capture->armed = 0;
    if (capture->undo.size > 0 && capture->stamp != NULL) {
        stamp_rows(capture);
    } else if (capture->undo.size > 0 && capture->kind == SECOND_BLOB) {
        stamp_blobs(capture);
    }
    if (capture->kind == SESSION) {
        write_changeset(capture);
    } else if (is_hook(capture->kind)) {
        write_outbox(capture);
    }
    db_run(capture->commit);
}

static void run_statement(struct capture *capture, sqlite3_stmt *stmt)
{
    if (capture->kind == GENERATED_SAVEPOINT) {
        db_run(capture->savepoint);
    }
    db_run(stmt);
    if (capture->kind == GENERATED_SAVEPOINT) {
        db_run(capture->release);
    }
}

void capture_insert(struct capture *capture, const struct dose *dose)
{
    capture->inserting = 1;
    dose_bind(capture->insert, dose);
    run_statement(capture, capture->insert);
}

void capture_update(struct capture *capture, const struct dose *dose, const char *status)
{
    capture->inserting = 0;
    sqlite3_bind_text(capture->update, 1, status, -1, SQLITE_STATIC);
    sqlite3_bind_blob(capture->update, 2, dose->id, DOSE_ID_BYTES, SQLITE_STATIC);
    run_statement(capture, capture->update);
}

void capture_delete(struct capture *capture, const struct dose *dose)
{
    capture->inserting = 0;
    sqlite3_bind_blob(capture->erase, 1, dose->id, DOSE_ID_BYTES, SQLITE_STATIC);
    run_statement(capture, capture->erase);
}

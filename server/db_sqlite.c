/*
 * The storage contract on SQLite: groups, savepoints, snapshots, and the file itself.
 *
 * One connection writes and checkpoints, the others only read, each in a snapshot of its own. WAL
 * and synchronous=FULL: what COMMIT returned for survives a power cut. A lock on a file beside the
 * database keeps a second server out.
 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "server/db_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/text.h"
#include "server/db_sqlite_entry.h"
#include "server/db_sqlite_erase.h"
#include "server/db_sqlite_log.h"
#include "server/db_sqlite_migrate.h"
#include "server/db_sqlite_row.h"
#include "server/db_sqlite_view.h"
#include "server/db_sqlite_waiting.h"

/* ---- Groups ---- */

static tern_status group_begin(struct trn_db *base, tern_error *error)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);
    sqlite3_stmt *way_back = NULL; /* compiled first: memory may be what the group fails for */
    int64_t last = 0;
    tern_status status = TRN_MUTANT(WAY_BACK_LATE)
                             ? TERN_OK
                             : trn_db_sqlite_statement(db->writer, SQL_ROLLBACK, &way_back, error);

    if (status != TERN_OK) {
        return status;
    }
    if (TRN_MUTANT(ANSWER_FIRST) && !sqlite3_get_autocommit(db->writer->sqlite)) {
        status = trn_db_sqlite_do(db->writer, SQL_COMMIT, error);
    }
    status = status == TERN_OK ? trn_db_sqlite_do(db->writer, SQL_BEGIN, error) : status;
    if (status != TERN_OK) {
        return status;
    }
    status = base->ops->last_number(db->writer, &last, error);
    if (status != TERN_OK) {
        base->ops->rollback(base);
        return status;
    }
    if (TRN_MUTANT(NUMBER_UNLOCKED) || TRN_MUTANT(NUMBER_SELDOM_UNLOCKED) ||
        TRN_MUTANT(RECEIPT_ALONE)) {
        if (db->next_number <= last) {
            db->next_number = (last + 2) & ~INT64_C(1);
        }
        return TERN_OK;
    }
    db->next_number = last + 1;
    return TERN_OK;
}

/* A row that is still borrowed keeps its reader's mark in the log, and with it the log itself. */
static void return_rows(struct trn_db_view *view)
{
    size_t count = view->owner->base.schema->table_count * TABLE_SQL_COUNT;

    for (size_t index = 0; index < count && !TRN_MUTANT(LOG_PINNED); index++) {
        sqlite3_reset(view->tables[index]);
    }
}

static void group_rollback(struct trn_db *base)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);

    return_rows(db->writer);
    if (!sqlite3_get_autocommit(db->writer->sqlite)) {
        (void)trn_db_sqlite_do(db->writer, SQL_ROLLBACK, NULL);
    }
}

static tern_status group_commit(struct trn_db *base, tern_error *error)
{
    struct trn_db_view *writer = trn_db_sqlite_of(base)->writer;
    tern_status status = TERN_OK;

    return_rows(writer);
    if (TRN_MUTANT(VISIT_NOTED)) {
        status = trn_db_sqlite_pragma(writer,
                                      "REPLACE INTO tern_meta VALUES('visit', randomblob(8))",
                                      error);
    }
    if (status == TERN_OK && !TRN_MUTANT(ANSWER_FIRST)) {
        status = trn_db_sqlite_do(writer, SQL_COMMIT, error);
    }
    if (status != TERN_OK) {
        group_rollback(base);
    }
    return status;
}

static tern_status group_savepoint(struct trn_db *base, tern_error *error)
{
    return trn_db_sqlite_do(trn_db_sqlite_of(base)->writer, SQL_SAVEPOINT, error);
}

static tern_status group_release(struct trn_db *base, tern_error *error)
{
    return trn_db_sqlite_do(trn_db_sqlite_of(base)->writer, SQL_RELEASE, error);
}

static tern_status group_restore(struct trn_db *base, tern_error *error)
{
    struct trn_db_view *writer = trn_db_sqlite_of(base)->writer;
    tern_status status = trn_db_sqlite_do(writer, SQL_RESTORE, error);

    return status == TERN_OK ? trn_db_sqlite_do(writer, SQL_RELEASE, error) : status;
}

static tern_status references_hold(struct trn_db *base, bool *ret_hold, tern_error *error)
{
    struct trn_db_view *writer = trn_db_sqlite_of(base)->writer;
    int broken = 0;
    int peak = 0;
    int rc = sqlite3_db_status(writer->sqlite, SQLITE_DBSTATUS_DEFERRED_FKS, &broken, &peak, 0);

    if (rc != SQLITE_OK) {
        return trn_db_sqlite_fail(writer, rc, "references", error);
    }
    *ret_hold = broken == 0;
    return TERN_OK;
}

static tern_status next_number(struct trn_db *base, int64_t *ret_number, tern_error *error)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);

    if (db->next_number >= TRN_KEY_MAX) {
        return trn_fail(error, TERN_ERR_INTERNAL, "the numbers are used up");
    }
    *ret_number = db->next_number++;
    if (TRN_MUTANT(NUMBER_UNLOCKED) ||
        (TRN_MUTANT(NUMBER_SELDOM_UNLOCKED) && (*ret_number & 62) == 62)) {
        *ret_number ^= 1;
    }
    return TERN_OK;
}

/* ---- Snapshots ---- */

static struct trn_db_view *writer_view(struct trn_db *base)
{
    return trn_db_sqlite_of(base)->writer;
}

static tern_status
snapshot_open(struct trn_db *base, struct trn_db_view **ret_view, tern_error *error)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);
    struct trn_db_view *view = db->idle;
    int64_t last = 0;
    tern_status status = TERN_OK;

    if (view != NULL) {
        db->idle = view->next_idle;
    } else {
        status = trn_db_sqlite_view_open(db, false, &view, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    status = trn_db_sqlite_do(view, SQL_BEGIN_SNAPSHOT, error);
    if (status == TERN_OK) {
        status = base->ops->last_number(view, &last, error); /* the first read fixes the state */
    }
    if (status != TERN_OK) {
        trn_db_sqlite_view_free(view);
        return status;
    }
    *ret_view = view;
    return TERN_OK;
}

static void snapshot_close(struct trn_db *base, struct trn_db_view *view)
{
    struct trn_db_sqlite *db = trn_db_sqlite_of(base);

    if (view == NULL) {
        return;
    }
    return_rows(view);
    if (trn_db_sqlite_do(view, SQL_ROLLBACK, NULL) != TERN_OK) {
        trn_db_sqlite_view_free(view);
        return;
    }
    view->next_idle = db->idle;
    db->idle = view;
}

static void database_close(struct trn_db *base)
{
    struct trn_db_sqlite *db;

    if (base == NULL) {
        return;
    }
    db = trn_db_sqlite_of(base);
    while (db->idle != NULL) {
        struct trn_db_view *view = db->idle;

        db->idle = view->next_idle;
        trn_db_sqlite_view_free(view);
    }
    if (db->writer != NULL) {
        group_rollback(base);
    }
    trn_db_sqlite_view_free(db->writer);
    if (db->lock >= 0) {
        (void)close(db->lock);
    }
    trn_free(db->path);
    trn_free(db->vfs);
    trn_free(db);
}

static const struct trn_db_ops group_ops = {
    .close = database_close,
    .begin = group_begin,
    .commit = group_commit,
    .rollback = group_rollback,
    .savepoint = group_savepoint,
    .release = group_release,
    .restore = group_restore,
    .references_hold = references_hold,
    .next_number = next_number,
    .writer = writer_view,
    .snapshot_open = snapshot_open,
    .snapshot_close = snapshot_close,
};

/* ---- Opening ---- */

void trn_db_sqlite_single_thread(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* The name that no link stands in; NULL where there is none. A file that is not there has no such
 * name yet, so it is made, where SQLite would make it: at a link's far end. */
static char *real_name(const char *path)
{
    char *real = realpath(path, NULL);
    int file =
        real == NULL && errno == ENOENT ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;

    if (file >= 0) {
        (void)close(file);
        real = realpath(path, NULL);
    }
    return real;
}

/* A lock of its own file: SQLite closes and thereby unlocks its own files as it likes. It stands
 * beside the file itself, as SQLite's do, so that a link to it leads to the same lock. */
static tern_status lock_file(struct trn_db_sqlite *db, tern_error *error)
{
    struct trn_bytes name = {0};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char *real = real_name(db->path);
    tern_status status;

    if (real == NULL) {
        return trn_fail(error, TERN_ERR_IO, "database: it cannot be made, or its folder read");
    }
    status = trn_bytes_append_format(&name, "%s-server", real);
    free(real);
    if (status != TERN_OK) {
        return trn_fail_nomem(error);
    }
    db->lock = open(trn_bytes_text(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    trn_bytes_free(&name);
    if (db->lock < 0) {
        return trn_fail(error, TERN_ERR_IO, "database: the lock file cannot be opened");
    }
    if (fcntl(db->lock, F_SETLK, &lock) != 0) {
        return trn_fail(error, TERN_ERR_BUSY, "database: another server has it open");
    }
    return TERN_OK;
}

/* A transaction that was recovered but not synced must not be served before it is. */
static tern_status checkpoint(struct trn_db_view *view, tern_error *error)
{
    int rc = sqlite3_wal_checkpoint_v2(view->sqlite, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);

    return rc == SQLITE_OK ? TERN_OK : trn_db_sqlite_fail(view, rc, "database: checkpoint", error);
}

tern_status trn_db_sqlite_open(const struct trn_db_sqlite_options *options,
                               const struct trn_schema *schema,
                               struct trn_db **ret_db,
                               tern_error *error)
{
    struct trn_db_sqlite *db = trn_calloc(1, sizeof(*db));
    tern_status status;

    TRN_ASSERT(options != NULL && schema != NULL && ret_db != NULL);

    if (db == NULL) {
        return trn_fail_nomem(error);
    }
    db->ops = group_ops;
    trn_db_sqlite_enter_entries(&db->ops);
    trn_db_sqlite_enter_rows(&db->ops);
    trn_db_sqlite_enter_log(&db->ops);
    trn_db_sqlite_enter_erasure(&db->ops);
    trn_db_sqlite_enter_waiting(&db->ops);
    db->base.ops = &db->ops;
    db->base.schema = schema;
    db->lock = -1;
    db->path = trn_text_copy(trn_slice_text(options->path));
    db->vfs = options->vfs != NULL ? trn_text_copy(trn_slice_text(options->vfs)) : NULL;
    if (db->path == NULL || (options->vfs != NULL && db->vfs == NULL)) {
        status = trn_fail_nomem(error);
        goto out;
    }
    status = db->vfs == NULL ? lock_file(db, error) : TERN_OK;
    if (status == TERN_OK) {
        status = trn_db_sqlite_view_open(db, options->unsafe_fast, &db->writer, error);
    }
    if (status == TERN_OK) {
        status = TRN_MUTANT(SERVER_LOG_TRUSTED) ? TERN_OK : checkpoint(db->writer, error);
    }
    if (status == TERN_OK) {
        status = trn_db_sqlite_migrate(db, options->seal_key, options->epoch, error);
    }
    /* What the constraints would check, db_sqlite_row.c has checked: a tenth of a bulk push. */
    if (status == TERN_OK) {
        status =
            trn_db_sqlite_pragma(db->writer,
                                 "PRAGMA ignore_check_constraints = ON; PRAGMA cache_size = -65536",
                                 error);
    }
    if (status != TERN_OK) {
        goto out;
    }
    *ret_db = &db->base;
    db = NULL;
out:
    if (db != NULL) {
        database_close(&db->base);
    }
    return status;
}

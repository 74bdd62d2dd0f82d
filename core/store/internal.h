/*
 * What the store's own files share; nobody else includes this.
 *
 * Statements of the list below are compiled once and kept. Whoever fetches one resets it before
 * returning: an open read cursor would hold the WAL back.
 */
#ifndef TRN_STORE_INTERNAL_H
#define TRN_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "store/capture.h"
#include "store/statement.h"
#include "store/store.h"

/* "tern" in ASCII: PRAGMA application_id of a replica, and the format of its tern_ tables. */
#define TRN_STORE_APPLICATION_ID 0x7465726e
#define TRN_STORE_FORMAT 2 /* where something is followed; else 1 */

enum trn_sql {
    TRN_SQL_BEGIN,
    TRN_SQL_COMMIT,
    TRN_SQL_ROLLBACK,
    TRN_SQL_BURY,
    TRN_SQL_SAVEPOINT,
    TRN_SQL_SAVEPOINT_RELEASE,
    TRN_SQL_SAVEPOINT_ROLLBACK,
    TRN_SQL_DOCUMENT,
    TRN_SQL_DOCUMENT_SET,
    TRN_SQL_META,
    TRN_SQL_META_SET,
    TRN_SQL_CURSOR,
    TRN_SQL_CURSOR_SET,
    TRN_SQL_TX_BY_NUMBER,
    TRN_SQL_TX_ADD,
    TRN_SQL_TX_GET,
    TRN_SQL_TX_SETTLE,
    TRN_SQL_TX_FORGET,
    TRN_SQL_TX_QUEUE,
    TRN_SQL_TX_UNQUEUE,
    TRN_SQL_OUTBOX_ADD,
    TRN_SQL_OUTBOX_ADD_BODY,
    TRN_SQL_OUTBOX_LAST,
    TRN_SQL_OUTBOX_KIND,
    TRN_SQL_OUTBOX_NEXT_OPEN,
    TRN_SQL_OUTBOX_NEXT_KEPT,
    TRN_SQL_OUTBOX_PREVIOUS_OPEN,
    TRN_SQL_OUTBOX_PREVIOUS_KEPT,
    TRN_SQL_OUTBOX_BODY,
    TRN_SQL_OUTBOX_UNDO,
    TRN_SQL_OUTBOX_STANDS,
    TRN_SQL_OUTBOX_DETAIL,
    TRN_SQL_OUTBOX_SET_UNDO,
    TRN_SQL_OUTBOX_UPDATE,
    TRN_SQL_OUTBOX_COMPRESS,
    TRN_SQL_OUTBOX_COMPRESSED,
    TRN_SQL_OUTBOX_REMOVE,
    TRN_SQL_OUTBOX_REMOVE_BODY,
    TRN_SQL_OUTBOX_COUNT_OPEN,
    TRN_SQL_OUTBOX_COUNT_ANY,
    TRN_SQL_OUTBOX_UNANSWERED,
    TRN_SQL_OUTBOX_DEPENDS,
    TRN_SQL_STAGE_APPEND,
    TRN_SQL_STAGE_STATE_PUT,
    TRN_SQL_STAGE_STATE,
    TRN_SQL_STAGE_NEXT,
    TRN_SQL_STAGE_DROP,
    TRN_SQL_STAGE_DROP_STATE,
    TRN_SQL_STAGE_DROP_ALL,
    TRN_SQL_STAGE_DROP_STATES,
    TRN_SQL_STAGE_COMPLETE,
    TRN_SQL_STAGE_MARK,
    TRN_SQL_SCOPE_HOLD,
    TRN_SQL_SCOPE_RELEASE,
    TRN_SQL_SCOPE_HELD,
    TRN_SQL_SCOPE_SUSPECT,
    TRN_SQL_SCOPE_SUSPECT_ONE,
    TRN_SQL_SCOPE_TRUST,
    TRN_SQL_SCOPE_STALE,
    TRN_SQL_SCOPE_COUNTS,
    TRN_SQL_WINDOW,
    TRN_SQL_WINDOW_SET,
    TRN_SQL_WINDOW_DROP,
    TRN_SQL_WINDOW_COUNT,
    TRN_SQL_COUNT
};

/* What a statement's UPDATEs of one table name, its triggers included. */
struct trn_statement_names {
    uint64_t columns; /* of the schema */
    bool deleted_at;
    bool hidden; /* id, updated_at, tern_v */
};

/* The authorizer's context: one for each connection. */
struct trn_guard {
    const struct trn_schema *const *schema;
    struct trn_statement *statement; /* compiled, or run, right now; NULL lets all pass */
    bool read_only;
};

struct trn_statement {
    sqlite3 *db;
    sqlite3_stmt *stmt;
    struct trn_store *store; /* NULL for a reader's */
    struct trn_guard *guard;
    const struct trn_schema *schema;
    struct trn_statement_names *names; /* one for each table; NULL for a reader's */
    bool is_write;
    bool writes_synced;
    bool deletes_synced;
    bool makes_trigger;
    bool is_running; /* rows are left */
    tern_status denied;
    const char *reason; /* static */
};

/* Statements of one synced table, compiled at first use. */
enum trn_table_sql {
    TRN_TABLE_READ,
    TRN_TABLE_HAS,
    TRN_TABLE_VERSION,
    TRN_TABLE_INSERT,
    TRN_TABLE_UPDATE,
    TRN_TABLE_ERASE,
    TRN_TABLE_STAMP,
    TRN_TABLE_BEFORE,
    TRN_TABLE_REFERENCED,
    TRN_TABLE_TAKE_NEW, /* from here on without the table's CHECKs */
    TRN_TABLE_TAKE_OVER,
    TRN_TABLE_TAKE_MANY,
    TRN_TABLE_COUNT
};

/* Edits come in few sets of units: a dose's outcome, a user's settings. */
enum { TRN_TAKES_KEPT = 4 };

/* The UPDATE of some units, without the table's CHECKs. */
struct trn_store_take {
    uint16_t units; /* a bit each */
    sqlite3_stmt *stmt;
};

struct trn_store_table {
    const struct trn_table *table;
    sqlite3_stmt *statements[TRN_TABLE_COUNT];
    struct trn_store_take takes[TRN_TAKES_KEPT];
    size_t next_take;       /* to be replaced */
    sqlite3_stmt **uniques; /* per unique key: who holds it */
    sqlite3_stmt **paths;   /* per scope path: rows in the scope */
    sqlite3_stmt **hops;    /* per table: a row's reference column towards a scope; see scopes.c */
    struct trn_bytes room;  /* of the values of the row read last */
    uint64_t touched;       /* changes since begin, counted at commit */
    uint64_t rank_columns;  /* columns that some unit's rank depends on */
    uint64_t unit_columns[TRN_UNITS_MAX];
    uint16_t rank_guess;            /* ranks of the last insert captured */
    int positions[TRN_COLUMNS_MAX]; /* in the table as SQLite has it, by column; from the first tx
                                       on */
    int id_position;
    int updated_position;
    int deleted_position;
    int version_position;
};

struct trn_store {
    sqlite3 *db;
    sqlite3 *lock; /* the side file whose lock says who writes */
    char *path;
    char *vfs;
    int64_t busy_timeout_ms;
    struct trn_store_host host;
    struct trn_bytes document;
    const struct trn_schema *schema;
    struct trn_store_table *tables; /* one for each of schema->tables */
    int log_pages;                  /* in the write-ahead log, after the last commit */
    bool is_new;
    bool is_syncing;    /* a session of this handle keeps the log short */
    bool is_hasty;      /* commits are not waited for: synchronous is NORMAL */
    bool is_placed;     /* the tables' columns have their positions */
    bool is_guarded;    /* the triggers of trn_store_guard_deletes are up */
    bool guarded_in_tx; /* in this tx, so that its rollback takes them down */
    bool is_lax;        /* what is compiled now has no CHECKs: see unchecked.c */
    sqlite3_stmt *statements[TRN_SQL_COUNT];
    atomic_ullong *changes; /* per table */
    struct trn_meta meta;   /* as in the file, while nobody else has written to that */
    bool meta_is_known;
    unsigned meta_version;
    int64_t offset_us; /* as last written */
    atomic_llong offset_committed_us;

    /* Capture: capture.c. */
    const struct trn_capture_listener *listener;
    bool stamped; /* the listener has given the stamp of this tx */
    int64_t stamp_time_us;
    int64_t stamp_key;
    tern_error doom; /* status TERN_OK: none */
    const struct trn_statement *running;

    /* Following: follow.c. */
    struct trn_follows *follows; /* NULL: nothing is followed */
    bool is_follow_read;
    bool followed_in_tx; /* what the file follows changed in this tx */

    struct trn_guard guard;
};

/* ---- meta.c ---- */

/* What is known of the row still holds after a commit of ours. */
void trn_meta_committed(struct trn_store *store);

/* ---- sql.c ---- */

/* The compiled statement, unbound. */
tern_status trn_store_sql(struct trn_store *store,
                          enum trn_sql which,
                          sqlite3_stmt **ret_stmt,
                          tern_error *error);
/* Steps once: true where a row stands ready, else the statement is reset. A failure resets it too.
 */
tern_status trn_store_step(struct trn_store *store,
                           sqlite3_stmt *stmt,
                           const char *what,
                           bool *ret_row,
                           tern_error *error);
/* Runs a statement that gives no rows, or whose rows do not matter, and resets it. */
tern_status
trn_store_run(struct trn_store *store, sqlite3_stmt *stmt, const char *what, tern_error *error);
/* Fetches and runs a statement without parameters. */
tern_status
trn_store_do(struct trn_store *store, enum trn_sql which, const char *what, tern_error *error);
/* Runs a statement whose one parameter is a scope. */
tern_status trn_store_scope_run(struct trn_store *store,
                                enum trn_sql which,
                                const tern_id *scope,
                                tern_error *error);
/* Whether such a statement gives a row, and whether its first cell is other than 0. */
tern_status trn_store_scope_flag(struct trn_store *store,
                                 enum trn_sql which,
                                 const tern_id *scope,
                                 bool *ret_found,
                                 bool *ret_flag,
                                 tern_error *error);
/* The scope in the first row of a statement without parameters; `ret_scope` is untouched without
 * one. */
tern_status trn_store_scope_any(struct trn_store *store,
                                enum trn_sql which,
                                bool *ret_any,
                                tern_id *ret_scope,
                                tern_error *error);
/* Runs a text of any number of statements. */
tern_status
trn_store_exec(struct trn_store *store, const char *sql, const char *what, tern_error *error);
/* Compiles generated text and takes it over; `sql` may be empty after an allocation failed. */
tern_status trn_store_compile(struct trn_store *store,
                              struct trn_bytes *sql,
                              tern_status built,
                              sqlite3_stmt **ret_stmt,
                              tern_error *error);
/* The same as SQLite is set now: with CHECKs or without. */
tern_status trn_store_compile_lax(struct trn_store *store,
                                  struct trn_bytes *sql,
                                  tern_status built,
                                  sqlite3_stmt **ret_stmt,
                                  tern_error *error);
void trn_store_finalize(sqlite3_stmt **stmt);

/* Bound data is borrowed until the statement's next reset. */
void trn_bind_id(sqlite3_stmt *stmt, int index, const tern_id *id);
void trn_bind_slice(sqlite3_stmt *stmt, int index, struct trn_slice slice);
void trn_bind_text(sqlite3_stmt *stmt, int index, const char *text);
void trn_bind_uint64(sqlite3_stmt *stmt, int index, uint64_t value);
void trn_bind_value(sqlite3_stmt *stmt, int index, const tern_value *value);
/* The nil id where the cell is no id. */
void trn_column_id(sqlite3_stmt *stmt, int column, tern_id *ret_id);
uint64_t trn_column_uint64(sqlite3_stmt *stmt, int column);
/* Borrowed until the next step or reset. */
tern_value trn_column_value(sqlite3_stmt *stmt, int column);
tern_value trn_value_of(sqlite3_value *value);
/* Appends the cell's bytes to `bytes`. */
tern_status
trn_column_append(sqlite3_stmt *stmt, int column, struct trn_bytes *bytes, tern_error *error);

/* Appends a name in double quotes. */
tern_status trn_sql_name(struct trn_bytes *sql, const char *name);

/* ---- unchecked.c ---- */

/* As trn_store_compile; what is compiled does not run the CHECKs of the tables it writes. */
tern_status trn_store_compile_unchecked(struct trn_store *store,
                                        struct trn_bytes *sql,
                                        tern_status built,
                                        sqlite3_stmt **ret_stmt,
                                        tern_error *error);
/* Whether SQLite has compiled the statement anew by itself, and so with the CHECKs. */
bool trn_store_has_checks_again(sqlite3_stmt *stmt);
/* Sees to it that what is compiled from here on has its CHECKs. Where lack of memory kept them off,
 * nothing else may be compiled or run before this has worked. */
tern_status trn_store_restore_checks(struct trn_store *store, tern_error *error);

/* ---- row.c ---- */

/* Whether the file holds a row of that id. */
tern_status trn_row_is_there(struct trn_store *store,
                             const struct trn_table *table,
                             const tern_id *id,
                             bool *ret_has,
                             tern_error *error);
/* Inserts or updates, as `which` says, by all cells of the rows: TRN_ROWS_AT_ONCE for _TAKE_MANY,
 * else one. */
tern_status trn_row_run(struct trn_store *store,
                        const struct trn_table *table,
                        enum trn_table_sql which,
                        const struct trn_row *rows,
                        tern_error *error);

/* ---- file.c ---- */

/* Sets one of SQLITE_DBCONFIG_; false where this build of SQLite does not have it. */
bool trn_store_set_flag(sqlite3 *db, int flag, int value);

/* ---- fault.c ---- */

/* Turns SQLite's result code, and the message of the connection, into a status and a sentence. */
tern_status trn_store_fail(sqlite3 *db, int rc, const char *what, tern_error *error);
/* The same, where a broken constraint may be one of the schema's; `schema` may be NULL. */
tern_status trn_store_fail_rows(sqlite3 *db,
                                const struct trn_schema *schema,
                                int rc,
                                const char *what,
                                tern_error *error);
/* The same for a statement of the app: its text may hold values, and SQLite quotes it. */
tern_status trn_store_fail_sql(sqlite3 *db,
                               const struct trn_schema *schema,
                               int rc,
                               struct trn_slice sql,
                               tern_error *error);

/* ---- guard.c ---- */

/* Puts the authorizer up. */
tern_status trn_guard_install(sqlite3 *db, struct trn_guard *guard, tern_error *error);
/* Whether the text asks for REPLACE, OR FAIL or OR ROLLBACK. */
bool trn_guard_conflict_clause(struct trn_slice sql);
/* Appends the CREATE TRIGGER with a condition that lets it run for the app's statements alone: not
 * when rows are stamped, and not when a sync writes them. */
tern_status trn_guard_limit_trigger(struct trn_slice sql, struct trn_bytes *limited);
/* Whether nothing but spaces, comments and semicolons is left. */
bool trn_guard_is_blank(struct trn_slice sql);
/* Whether `word` may be of a value: it stands in a literal of the text and is no name beside it. */
bool trn_guard_may_tell(struct trn_slice sql, struct trn_slice word);
/* What words of SQL are made of. */
bool trn_guard_is_word(char c);

/* ---- statement.c ---- */

/* Compiles for the connection that the guard is of. */
tern_status trn_statement_compile(sqlite3 *db,
                                  struct trn_store *store,
                                  struct trn_guard *guard,
                                  struct trn_slice sql,
                                  struct trn_statement **ret_statement,
                                  tern_error *error);
/* NULL where it is not known. */
const struct trn_statement_names *trn_statement_names(const struct trn_statement *statement,
                                                      const struct trn_table *table);

/* ---- functions.c ---- */

/* What an SQL function needs of its connection; writer and readers have one each. */
struct trn_functions {
    struct trn_store_host host;
    const struct trn_schema *const *schema;
    struct trn_store *store; /* of the connection, or that the reader belongs to */
    bool is_writer;
};
tern_status trn_functions_register(sqlite3 *db,
                                   const struct trn_store_host *host,
                                   const struct trn_schema *const *schema,
                                   struct trn_store *store,
                                   bool is_writer,
                                   tern_error *error);

/* ---- table.c ---- */

/* DELETE becomes a mark, for the app's statements; the engine's own deletes pass. Puts up what does
 * it, before the first statement that writes synced rows runs, and again where a rollback has taken
 * it down: opening a file to read it does not pay for that. */
tern_status trn_store_guard_deletes(struct trn_store *store, tern_error *error);

/* Reads once where SQLite has each column, before anything is captured: the hook must not compile.
 */
tern_status trn_store_place_columns(struct trn_store *store, tern_error *error);

/* Starts counting the pages of the log. */
void trn_log_install(struct trn_store *store);

struct trn_store_table *trn_store_table(struct trn_store *store, const struct trn_table *table);
void trn_store_tables_free(struct trn_store *store);

/* ---- follow.c ---- */

/* Reads once what the file says is followed; again after it was forgotten. */
tern_status trn_follow_read(struct trn_store *store, tern_error *error);
void trn_follow_forget(struct trn_store *store);
/* Inside the preupdate hook, where something is followed. */
void trn_follow_note(struct trn_store *store, int operation, const char *name);
/* Writes what was noted, before the commit. */
tern_status trn_follow_write(struct trn_store *store, tern_error *error);
/* The tx has ended. */
void trn_follow_reset(struct trn_store *store, bool committed);

/* ---- capture.c ---- */

void trn_capture_install(struct trn_store *store);
void trn_capture_reset(struct trn_store *store);

#endif

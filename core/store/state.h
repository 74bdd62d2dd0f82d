/*
 * What an open replica is to the files of this folder; nobody else includes this.
 *
 * Statements of the list below are compiled once and kept. Whoever fetches one resets it before
 * returning: an open read cursor would hold the WAL back.
 */
#ifndef TRN_STORE_STATE_H
#define TRN_STORE_STATE_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "store/listener.h"
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
    TRN_SQL_FORMER,
    TRN_SQL_FORMER_SET,
    TRN_SQL_IS_OWN,
    TRN_SQL_CURSOR,
    TRN_SQL_CURSOR_SET,
    TRN_SQL_TX_BY_NUMBER,
    TRN_SQL_TX_NEWEST,
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
    TRN_SQL_OUTBOX_FIND,
    TRN_SQL_OUTBOX_NEXT_OPEN,
    TRN_SQL_OUTBOX_NEXT_KEPT,
    TRN_SQL_OUTBOX_PREVIOUS_OPEN,
    TRN_SQL_OUTBOX_PREVIOUS_KEPT,
    TRN_SQL_OUTBOX_BODY,
    TRN_SQL_OUTBOX_UNDO,
    TRN_SQL_OUTBOX_STANDS,
    TRN_SQL_OUTBOX_UNSEEN,
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
    TRN_SQL_SCOPE_CLOSED,
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

/* What the authorizer found in a statement of the app's. */
struct trn_guard_notes {
    struct trn_statement_names *names; /* one for each table; NULL for a reader's */
    bool writes_synced;
    bool deletes_synced;
    bool makes_trigger;
    bool makes_table;
    bool makes_zeroblob; /* the one value whose bytes are made as they are read, and may not be */
    tern_status denied;
    const char *reason; /* static */
};

/* The authorizer's context: one for each connection. */
struct trn_guard {
    const struct trn_schema *const *schema;
    struct trn_guard_notes *notes; /* on what is compiled, or run, right now; NULL: all passes */
    bool read_only;
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
    struct trn_store_host host;
    struct trn_bytes document;
    const struct trn_schema *schema;
    struct trn_store_table *tables; /* one for each of schema->tables */
    uint64_t triggers; /* how many the app has made: each may change what a statement writes */
    int busy_timeout_ms;
    int log_pages; /* in the write-ahead log, after the last commit */
    bool is_new;
    bool is_syncing;    /* a session of this handle keeps the log short */
    bool is_hasty;      /* commits may not be waited for: synchronous is NORMAL */
    bool keeps_half;    /* a table of the app's declares ON CONFLICT FAIL */
    bool is_placed;     /* the tables' columns have their positions */
    bool is_guarded;    /* the triggers of trn_store_guard_deletes are up */
    bool guarded_in_tx; /* in this tx, so that its rollback takes them down */
    bool is_lax;        /* what is compiled now has no CHECKs: see compile.c */
    sqlite3_stmt *statements[TRN_SQL_COUNT];
    atomic_ullong *changes;   /* per table */
    struct trn_meta meta;     /* as in the file, while nobody else has written to that */
    uint64_t opening_ordinal; /* the last as the file was opened */
    bool is_opening_noted;
    bool meta_is_known;
    unsigned meta_version;

    /* The stamp clock: state.c. */
    struct trn_clock clock; /* as last written */
    struct trn_clock clock_committed;
    tern_id boot;
    atomic_llong offset_us; /* for readers of other threads, as committed */
    atomic_llong steady_us;
    atomic_bool is_steady;

    /* Capture: capture.c. */
    const struct trn_capture_listener *listener;
    bool stamped; /* the listener has given the stamp of this tx */
    int64_t stamp_time_us;
    int64_t stamp_key;
    tern_error doom; /* status TERN_OK: none */
    const struct trn_statement_names
        *running; /* by table, of the statement that runs; NULL: none */

    /* Following: followed.c. */
    struct trn_follows *follows; /* NULL: nothing is followed */
    bool is_follow_read;
    bool followed_in_tx; /* what the file follows changed in this tx */

    struct trn_guard guard;
};

struct trn_store_table *trn_store_table(struct trn_store *store, const struct trn_table *table);
/* What readers go by from now on. */
void trn_store_clock_committed(struct trn_store *store, const struct trn_clock *clock);

#endif

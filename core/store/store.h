/*
 * The replica's file: the only place of the core that knows SQLite.
 *
 * A store has one writer connection. Every function below works on it and must be called with the
 * replica's lock held; those that write must be inside trn_store_begin .. trn_store_commit. Row
 * functions here go round capture: they are for the engine. Writes of the app run through
 * statement.h, and capture.h reports them. Nothing is cached across transactions but compiled
 * statements and the row of tern_meta, and that only while no other connection writes.
 */
#ifndef TRN_STORE_STORE_H
#define TRN_STORE_STORE_H

#include "base/bytes.h"
#include "model/change.h"
#include "model/clock.h"
#include "tern/outbox.h"
#include "tern/port.h"

struct trn_store;

/* What SQL functions ask of the layers above; the writer's and a reader's may be called at once. */
struct trn_store_host {
    void *context;
    void (*read_clocks)(void *context, struct trn_reading *ret_reading); /* for tern_now() */
    tern_status (*mint)(void *context, tern_id *ret_id);                 /* for tern_id() */
};

struct trn_store_options {
    const char *path;
    const char *vfs;
    bool must_exist;
    int64_t busy_timeout_ms;
    struct trn_store_host host; /* NULL functions: tern_now() and tern_id() fail */
};

/* ---- Opening: file.c ---- */

/* Opens or creates the file, checks that it is a replica and sound, checkpoints, takes the writer's
 * place. The schema comes after. */
tern_status trn_store_open(const struct trn_store_options *options,
                           struct trn_store **ret_store,
                           tern_error *error);
void trn_store_close(struct trn_store *store);
/* True if the file has just been created and holds no schema yet. */
bool trn_store_is_new(const struct trn_store *store);
/* The schema document in the file; borrowed until it is replaced. */
tern_status
trn_store_document(struct trn_store *store, struct trn_slice *ret_document, tern_error *error);
/* Inside a tx: runs generated DDL, one text of many statements, and keeps the document it came
 * from. */
tern_status trn_store_migrate(struct trn_store *store,
                              const char *ddl,
                              const struct trn_schema *schema,
                              tern_error *error);
/* Tells of each table of the app's that is refused today, and why; behind trn_store_attach_schema.
 * With one that keeps half of a failed statement, each that fails ends its tx from here on. */
tern_status trn_store_tell_unfit(struct trn_store *store,
                                 void (*tell)(void *context, const char *table, const char *what),
                                 void *context,
                                 tern_error *error);
/* Makes ready what depends on the schema; TERN_ERR_CORRUPT where a table of the file lacks a column
 * of it. What a reader has no use for, the places of the columns, is left to the first tx. `schema`
 * must outlive the store. */
tern_status trn_store_attach_schema(struct trn_store *store,
                                    const struct trn_schema *schema,
                                    tern_error *error);

/* ---- Transactions ---- */

tern_status trn_store_begin(struct trn_store *store, tern_error *error);
/* A tx whose commit need not outlive a power cut: it is atomic all the same, and durable with the
 * next one that is. */
tern_status trn_store_begin_hasty(struct trn_store *store, tern_error *error);
tern_status trn_store_commit(struct trn_store *store,
                             tern_error *error); /* on failure it is rolled back */
void trn_store_rollback(struct trn_store *store);
bool trn_store_in_transaction(const struct trn_store *store);
/* The writer's connection, for a tool that looks at the file as the writer sees it. */
struct sqlite3 *trn_store_connection(struct trn_store *store);
/* Copies the write-ahead log into the file where it has grown long; between transactions. Every
 * commit does so, except while a session runs: that does it in a step of its own, so that nobody
 * waits for both. True if there was something to do. */
bool trn_store_shorten_log(struct trn_store *store);
void trn_store_set_syncing(struct trn_store *store, bool is_syncing);
/* Savepoints nest; depth is the caller's business. */
tern_status trn_store_savepoint(struct trn_store *store, tern_error *error);
tern_status trn_store_savepoint_release(struct trn_store *store, tern_error *error);
/* Rolls back to it and releases it, as `failed` under it, and why. Where that took the whole tx
 * with it, there is nothing to go back to, and it is returned as it is. */
tern_status trn_store_savepoint_rollback(struct trn_store *store,
                                         tern_status failed,
                                         const char *why,
                                         tern_error *error);
/* How many foreign keys are broken right now, deferred ones included, by rows that this connection
 * wrote in this tx. Used before a commit or release. */
tern_status trn_store_foreign_keys_hold(struct trn_store *store, bool *ret_hold, tern_error *error);

/* ---- Rows, round capture: row.c ---- */

/* Values are borrowed until the next read of a row of the same table, or any write. */
tern_status trn_store_row_read(struct trn_store *store,
                               const struct trn_table *table,
                               const tern_id *id,
                               bool *ret_found,
                               struct trn_row *ret_row,
                               tern_error *error);
/* Exchanges the room that values read of the table's rows lie in, so that they outlast what is read
 * in between: once with a room that is empty, and once to have them back. */
void trn_store_row_swap_room(struct trn_store *store,
                             const struct trn_table *table,
                             struct trn_bytes *room);
/* Which transactions wrote the row's units, and nothing else of it. */
tern_status trn_store_row_version(struct trn_store *store,
                                  const struct trn_table *table,
                                  const tern_id *id,
                                  bool *ret_found,
                                  struct trn_version *ret_version,
                                  tern_error *error);
/* Inserts or replaces the row whole, by its id. TERN_ERR_UNIQUE, _CHECK and their like where a
 * constraint says no. */
tern_status trn_store_row_write(struct trn_store *store,
                                const struct trn_table *table,
                                const struct trn_row *row,
                                tern_error *error);
/* The same for a row whose values trn_schema_check_row has passed, the id's own type included: they
 * are not checked again. */
enum trn_row_place {
    TRN_ROW_UNKNOWN, /* taken as new, until that is found to be wrong */
    TRN_ROW_IS_NEW,
    TRN_ROW_IS_THERE
};
tern_status trn_store_row_take(struct trn_store *store,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               enum trn_row_place place,
                               tern_error *error);
/* The same for a row that is there, of which only these units (a bit each) differ: indexes on other
 * columns are left alone. */
tern_status trn_store_row_take_units(struct trn_store *store,
                                     const struct trn_table *table,
                                     const struct trn_row *row,
                                     uint16_t units,
                                     tern_error *error);
/* The same for so many rows at once, all of them new. On TERN_ERR_EXISTS and _UNIQUE one of them
 * was not, and those before it are in. */
#define TRN_ROWS_AT_ONCE 10
tern_status trn_store_rows_take(struct trn_store *store,
                                const struct trn_table *table,
                                const struct trn_row *rows,
                                tern_error *error);
/* Visits the other live rows that hold one of the unique keys of `row`; each may be erased. */
tern_status trn_store_row_visit_holders(struct trn_store *store,
                                        const struct trn_table *table,
                                        const struct trn_row *row,
                                        tern_status (*visit)(void *context,
                                                             const tern_id *id,
                                                             tern_error *error),
                                        void *context,
                                        tern_error *error);
/* From now on what leaves the file is overwritten, not only let go. */
tern_status trn_store_scrub(struct trn_store *store, tern_error *error);
/* Takes the row out of the file. No error if there is none. */
tern_status trn_store_row_erase(struct trn_store *store,
                                const struct trn_table *table,
                                const tern_id *id,
                                tern_error *error);
/* Calls back with the id of every row of the table that lies in `scope` and in no other scope held
 * (trn_scope_hold). The visitor may erase the row. */
tern_status
trn_store_scope_rows(struct trn_store *store,
                     const struct trn_table *table,
                     const tern_id *scope,
                     tern_status (*visit)(void *context, const tern_id *id, tern_error *error),
                     void *context,
                     tern_error *error);
/* More than the paths that a document may give a table. */
#define TRN_SCOPES_MAX 8
/* The scopes a row lies in, by the document's paths, at most `scope_count` of the table; absent
 * ones are left out. */
tern_status trn_store_row_scopes(struct trn_store *store,
                                 const struct trn_table *table,
                                 const struct trn_row *row,
                                 tern_id *ret_scopes,
                                 size_t *ret_count,
                                 tern_error *error);
/* Counts a change of the table for tern_replica_changes, made visible by the commit. */
void trn_store_touch(struct trn_store *store, const struct trn_table *table);
/* What was counted and committed. Any thread, without the lock. */
uint64_t trn_store_changes(const struct trn_store *store, const struct trn_table *table);

/* ---- Transactions known here: txs.c ---- */

struct trn_tx_info {
    int64_t key;
    int64_t number; /* the server's; 0 before it has one */
    int64_t time_us;
    tern_id device;
};

/* The key of the server's tx `number`, added if it is new. */
tern_status trn_store_tx_put(struct trn_store *store,
                             int64_t number,
                             int64_t time_us,
                             const tern_id *device,
                             int64_t *ret_key,
                             tern_error *error);
/* The key of the tx that is first queued under this ordinal: known once its entry is added. */
int64_t trn_store_tx_key(uint64_t ordinal);
/* The ordinal of such a key. */
int64_t trn_store_key_ordinal(int64_t key);
/* What the wire calls the base of a unit with this key: the server's number; minus the ordinal of
 * the outbox entry while the tx is not acknowledged; 0 for neither. */
tern_status
trn_store_tx_base(struct trn_store *store, int64_t key, int64_t *ret_base, tern_error *error);
tern_status trn_store_tx_get(struct trn_store *store,
                             int64_t key,
                             struct trn_tx_info *ret_info,
                             tern_error *error);
/* The latest time that the server has stored of what is known here; untouched where nothing is.
 * Looks at all of them. */
tern_status trn_store_tx_newest(struct trn_store *store, int64_t *ret_time_us, tern_error *error);
/* The server's tx `number`, if it has been put. */
tern_status trn_store_tx_by_number(struct trn_store *store,
                                   int64_t number,
                                   bool *ret_found,
                                   struct trn_tx_info *ret_info,
                                   tern_error *error);
/* The server has stored the tx of `device`: sets number and time. With minus an ordinal: it was
 * made here, and waits, or is about to wait, under that. */
tern_status trn_store_tx_settle(struct trn_store *store,
                                int64_t key,
                                int64_t number,
                                int64_t time_us,
                                const tern_id *device,
                                tern_error *error);
/* In another epoch no number means anything: forgets them all. */
tern_status trn_store_tx_forget_numbers(struct trn_store *store, tern_error *error);

struct trn_entry;
/* Gives an entry that is about to wait the key of its ordinal, and notes whose it is and of when:
 * its stamp may be asked for before the outbox has it. */
tern_status trn_store_tx_await(struct trn_store *store, struct trn_entry *entry, tern_error *error);

/* ---- The outbox: outbox.c ---- */

struct trn_entry {
    uint64_t ordinal;
    tern_id tx;
    tern_id author; /* device */
    int64_t key;    /* in tern_tx */
    int64_t time_us;
    int64_t number;
    struct trn_reading reading; /* the clocks at commit */
    uint64_t waits_for;
    int64_t acked_us; /* when its acknowledgement was heard; 0 before, and in trn_outbox_add */
    size_t body_size; /* of the plain bytes */
    tern_entry_state state;
    tern_status reason;
    uint32_t change_count;
    uint32_t attempts;
    uint32_t schema_version;
    uint8_t kind;   /* 1 recorded, 0 inferred, 2 discarded: see docs/WIRE.md */
    bool is_packed; /* for trn_outbox_add: the body given is compressed, and body_size is set */
};

/* Adds an entry and its undo image. `entry->ordinal` is the caller's; it must be the next. A key
 * that is not this ordinal's is noted in tern_tx; one that is, and was acknowledged before, only by
 * trn_outbox_requeue. */
tern_status trn_outbox_add(struct trn_store *store,
                           const struct trn_entry *entry,
                           struct trn_slice body,
                           struct trn_slice undo,
                           const uint64_t *depends_on,
                           size_t depends_count,
                           const char *detail,
                           tern_error *error);
/* The entry of that ordinal, if it is in one of `states`, none of them acknowledged; ordinal 0 if
 * not. */
tern_status trn_outbox_find(struct trn_store *store,
                            uint64_t ordinal,
                            unsigned states,
                            struct trn_entry *ret_entry,
                            tern_error *error);
/* The first entry with an ordinal above `after` in one of `states` (bits 1u << state); ordinal 0 if
 * there is none. */
tern_status trn_outbox_next(struct trn_store *store,
                            uint64_t after,
                            unsigned states,
                            struct trn_entry *ret_entry,
                            tern_error *error);
/* The last entry with an ordinal below `before` in one of `states`. */
tern_status trn_outbox_previous(struct trn_store *store,
                                uint64_t before,
                                unsigned states,
                                struct trn_entry *ret_entry,
                                tern_error *error);
/* The kind of a pending entry; left alone where there is none. */
tern_status trn_outbox_pending_kind(struct trn_store *store,
                                    uint64_t ordinal,
                                    uint8_t *ret_kind,
                                    tern_error *error);
/* Body, undo image, detail: appended to the buffer given. A body that is kept compressed is read by
 * trn_outbox_kept instead. */
tern_status trn_outbox_body(struct trn_store *store,
                            uint64_t ordinal,
                            struct trn_bytes *body,
                            tern_error *error);
tern_status trn_outbox_undo(struct trn_store *store,
                            uint64_t ordinal,
                            struct trn_bytes *undo,
                            tern_error *error);
/* Whether the entry's values are on the rows: all but those whose undo image was set to nothing. */
tern_status
trn_outbox_stands(struct trn_store *store, uint64_t ordinal, bool *ret_stands, tern_error *error);
/* Whether the values of some pending entry are not on the rows. */
tern_status trn_outbox_has_unseen(struct trn_store *store, bool *ret_has, tern_error *error);
tern_status trn_outbox_detail(struct trn_store *store,
                              uint64_t ordinal,
                              struct trn_bytes *text,
                              tern_error *error);
tern_status trn_outbox_set_undo(struct trn_store *store,
                                uint64_t ordinal,
                                struct trn_slice undo,
                                tern_error *error);
/* Replaces key, state, number, time, attempts, reason, waits_for and acked by those of `entry`; the
 * undo image goes where the new state is not pending. */
tern_status trn_outbox_update(struct trn_store *store,
                              const struct trn_entry *entry,
                              const char *detail,
                              tern_error *error);
/* Replaces the kept body of an acknowledged entry by its compressed form (the store only keeps
 * which it is). */
tern_status trn_outbox_compress(struct trn_store *store,
                                uint64_t ordinal,
                                struct trn_slice gzip,
                                tern_error *error);
/* Whether the kept body is compressed, and the bytes as kept. */
tern_status trn_outbox_kept(struct trn_store *store,
                            uint64_t ordinal,
                            bool *ret_gzip,
                            struct trn_bytes *kept,
                            tern_error *error);
/* As trn_outbox_update, for an entry that had been acknowledged and waits again: tern_tx says so
 * too. Its number must have been forgotten. */
tern_status
trn_outbox_requeue(struct trn_store *store, const struct trn_entry *entry, tern_error *error);
tern_status trn_outbox_remove(struct trn_store *store, uint64_t ordinal, tern_error *error);
tern_status
trn_outbox_count(struct trn_store *store, unsigned states, uint64_t *ret_count, tern_error *error);
/* The open entries without a number: how many there are, and the first's ordinal, 0 for none. */
tern_status trn_outbox_unanswered(struct trn_store *store,
                                  unsigned states,
                                  uint64_t *ret_count,
                                  uint64_t *ret_first,
                                  tern_error *error);
/* The ordinals an entry depends on, oldest first; at most `room` of them are written, all are
 * counted. */
tern_status trn_outbox_depends(struct trn_store *store,
                               uint64_t ordinal,
                               uint64_t *ret_ordinals,
                               size_t room,
                               size_t *ret_count,
                               tern_error *error);
/* The next of them after `after`, at most `room`; fewer at the end. */
tern_status trn_outbox_depends_after(struct trn_store *store,
                                     uint64_t ordinal,
                                     uint64_t after,
                                     uint64_t *ret_ordinals,
                                     size_t room,
                                     size_t *ret_count,
                                     tern_error *error);
/* The ordinal of the unacknowledged entry that has this key in tern_tx; 0 for none. */
tern_status
trn_outbox_by_key(struct trn_store *store, int64_t key, uint64_t *ret_ordinal, tern_error *error);

/* ---- What is left of transactions whose entries are kept no more: left.c ---- */

/* Units of one row that one transaction wrote last. */
struct trn_left {
    int64_t key; /* in tern_tx */
    int64_t number;
    int64_t time_us;
    tern_id author; /* an id that the device has or had */
    const struct trn_table *table;
    tern_id id;
    uint16_t units; /* bits */
};

/* Finds all that this device wrote, under whichever of its ids, that a server had, and that no
 * whole entry is kept of. Rows must show no pending edit. Ends with trn_left_visit or the tx. */
tern_status trn_left_gather(struct trn_store *store, tern_error *error);
/* Visits what was found, in the order of the transactions, and forgets it. The visitor may write to
 * the outbox. */
tern_status
trn_left_visit(struct trn_store *store,
               tern_status (*visit)(void *context, const struct trn_left *left, tern_error *error),
               void *context,
               tern_error *error);
/* Appends the ordinals of entries that say what was left, at an earlier time, of the device's
 * transaction of that time. */
tern_status trn_left_offered(struct trn_store *store,
                             int64_t time_us,
                             struct trn_bytes *ordinals,
                             tern_error *error);
/* The lowest ordinal above `after` under which no entry is kept, nor was waited for by one when all
 * was gathered. */
tern_status
trn_left_ordinal(struct trn_store *store, uint64_t after, uint64_t *ret_ordinal, tern_error *error);

/* ---- Pages on their way: staging.c ---- */

tern_status trn_stage_append(struct trn_store *store,
                             const tern_id *scope,
                             bool fresh,
                             struct trn_slice lines,
                             tern_error *error);
/* The next staged piece of the scope after `after` (0: the first); sequence 0 at the end. */
tern_status trn_stage_next(struct trn_store *store,
                           const tern_id *scope,
                           int64_t after,
                           int64_t *ret_sequence,
                           struct trn_bytes *lines,
                           tern_error *error);
tern_status trn_stage_is_fresh(struct trn_store *store,
                               const tern_id *scope,
                               bool *ret_any,
                               bool *ret_fresh,
                               tern_error *error);
tern_status
trn_stage_drop(struct trn_store *store, const tern_id *scope, tern_error *error); /* NULL: all */
/* All is to be sent afresh: cursor and staging go, and every scope held is stale until the server
 * has sent it again. */
tern_status trn_store_start_over(struct trn_store *store, tern_error *error);
tern_status
trn_stage_mark_complete(struct trn_store *store, const tern_id *scope, tern_error *error);
/* A scope whose staged pages are complete; `ret_any` false if there is none. */
tern_status
trn_stage_complete(struct trn_store *store, bool *ret_any, tern_id *ret_scope, tern_error *error);

/* ---- Scopes held: scopes.c ---- */

/* Held from now on, and not stale. */
tern_status trn_scope_hold(struct trn_store *store, const tern_id *scope, tern_error *error);
tern_status trn_scope_release(struct trn_store *store, const tern_id *scope, tern_error *error);
/* Whether it is held for certain: a stale one is not. */
tern_status
trn_scope_is_held(struct trn_store *store, const tern_id *scope, bool *ret_held, tern_error *error);
/* Whether rows of it may be here: of a stale one they may. */
tern_status
trn_scope_has_rows(struct trn_store *store, const tern_id *scope, bool *ret_has, tern_error *error);
/* A scope that is stale; `ret_any` false if there is none. */
tern_status
trn_scope_stale(struct trn_store *store, bool *ret_any, tern_id *ret_scope, tern_error *error);
/* Rows of the scope may be here though it is not held: it is stale, unless it is held. */
tern_status trn_scope_suspect(struct trn_store *store, const tern_id *scope, tern_error *error);
/* The same of one that is known to be closed: trn_scope_trust does not let it stay. */
tern_status trn_scope_closed(struct trn_store *store, const tern_id *scope, tern_error *error);
/* What was suspected and never held may stay. */
tern_status trn_scope_trust(struct trn_store *store, tern_error *error);
tern_status trn_scope_counts(struct trn_store *store,
                             uint64_t *ret_held,
                             uint64_t *ret_partial,
                             tern_error *error);

/* ---- Windows: window.c ---- */

/* What the file says of a table's window. */
struct trn_window_state {
    uint16_t column; /* as declared when the floor was set, like `days` */
    uint32_t days;
    int64_t floor_us; /* rows before it may be missing; INT64_MIN: none is, for its age */
    int64_t reach_us; /* what was last whole from there on; INT64_MAX: nothing was */
};

/* A row among those of one table in the order of their window column. */
struct trn_window_place {
    int64_t time_us;
    char date[11]; /* where the column is a date */
    int64_t rowid;
};

tern_status trn_window_read(struct trn_store *store,
                            const struct trn_table *table,
                            bool *ret_found,
                            struct trn_window_state *ret_state,
                            tern_error *error);
tern_status trn_window_write(struct trn_store *store,
                             const struct trn_table *table,
                             const struct trn_window_state *state,
                             tern_error *error);
tern_status
trn_window_drop(struct trn_store *store, const struct trn_table *table, tern_error *error);
/* Of how many tables the file has a state. */
tern_status trn_window_count(struct trn_store *store, uint64_t *ret_count, tern_error *error);
/* The rows behind `place` whose window column lies before `bound`, at most `room`. `place` moves to
 * the last of them; all zero but a `time_us` of INT64_MIN is before the first. */
tern_status trn_store_rows_before(struct trn_store *store,
                                  const struct trn_table *table,
                                  const tern_value *bound,
                                  struct trn_window_place *place,
                                  tern_id *ret_ids,
                                  size_t room,
                                  size_t *ret_count,
                                  tern_error *error);
/* Whether a foreign key of another row here holds the row. */
tern_status trn_store_row_is_referenced(struct trn_store *store,
                                        const struct trn_table *table,
                                        const tern_id *id,
                                        bool *ret_referenced,
                                        tern_error *error);

/* ---- Following: follow.c ---- */

/* Follows the table by one or two columns (`second` NULL: one) from this tx on, and notes all keys
 * that there are. A failure leaves the tx as it was. The columns exist and are never null. */
tern_status trn_store_follow(struct trn_store *store,
                             const char *name,
                             const struct trn_table *table,
                             const char *first,
                             const char *second,
                             tern_error *error);

/* ---- Meta: meta.c. Read and written inside the tx that uses it. ---- */

/* A transaction of the app does not write it: what is last is read from the outbox, too. */

struct trn_meta {
    tern_id device;
    tern_id user;
    uint32_t schema_version;
    struct trn_clock clock;
    uint64_t last_ordinal;  /* highest committed */
    uint64_t acked_ordinal; /* last acknowledged of this device */
    uint64_t sent_ordinal;  /* highest that the server alone can judge, as it may have been sent */
    tern_id last_tx;
    tern_id acked_tx;
    char epoch[17]; /* hex; "" before the first answer */
    int64_t last_sync_us;
    tern_status last_error;
    uint64_t stamps_capped;
    bool clock_suspect;
    tern_id lease; /* of the sync under way; nil for none */
    int64_t lease_until_wall_us;
    struct trn_reading lease_reading;
    bool has_open; /* some entry is not acknowledged; not written */
};

/* The stamp clock by meta.clock as last committed. Any thread, without the lock. */
int64_t trn_store_now(const struct trn_store *store, const struct trn_reading *reading);
tern_status trn_meta_read(struct trn_store *store, struct trn_meta *ret_meta, tern_error *error);
tern_status trn_meta_write(struct trn_store *store, const struct trn_meta *meta, tern_error *error);
/* The device gives up this id, and goes on knowing as its own what it wrote under it. */
tern_status trn_meta_retire(struct trn_store *store, const tern_id *device, tern_error *error);
/* Whether the id is the device's as the file has it, or one that it had. */
tern_status trn_meta_is_own(struct trn_store *store,
                            const tern_id *device,
                            bool *ret_is_own,
                            tern_error *error);
/* The opaque cursor; size 0 before the first answer. */
tern_status trn_meta_cursor(struct trn_store *store, struct trn_bytes *cursor, tern_error *error);
/* It is no longer gone by, and kept as proof of what the server had given. */
tern_status trn_meta_drop_cursor(struct trn_store *store, tern_error *error);
/* One of this epoch that is not gone by, any more or yet, and later than one that is; size 0: none.
 */
tern_status trn_meta_proof(struct trn_store *store, struct trn_bytes *cursor, tern_error *error);
/* Keeps the cursor as proof until the next trn_meta_set_cursor. */
tern_status trn_meta_set_proof(struct trn_store *store, struct trn_slice cursor, tern_error *error);
tern_status
trn_meta_set_cursor(struct trn_store *store, struct trn_slice cursor, tern_error *error);

#endif

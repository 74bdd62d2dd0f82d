/*
 * What the files of the public interface share: the handles.
 *
 * Everything of a replica but its change counters and its schema is read and written under its
 * lock. An open transaction holds the lock from begin to commit, so another thread that has entered
 * never sees one open, and the thread that does is its owner.
 */
#ifndef TRN_API_INTERNAL_H
#define TRN_API_INTERNAL_H

#include "api/lock.h"
#include "base/error.h"
#include "base/uuid.h"
#include "engine/commit.h"
#include "engine/engine.h"
#include "store/statement.h"
#include "store/store.h"
#include "tern/replica.h"
#include "tern/row.h"

enum { TRN_RANDOM_KEPT_BYTES = 512, TRN_UPDATES_KEPT = 16 };

struct tern_tx {
    tern_replica *replica;
    pthread_t owner;
};

/* A compiled UPDATE of a set of columns. */
struct trn_kept_update {
    const struct trn_table *table;
    uint64_t columns;
    struct trn_statement *statement;
};

/* Compiled statements of the typed row calls. */
struct trn_row_statements {
    struct trn_statement **inserts;   /* one for each table */
    struct trn_statement **deletes;   /* likewise */
    struct trn_statement **undeletes; /* likewise */
    struct trn_kept_update updates[TRN_UPDATES_KEPT];
    size_t next_update;
};

struct tern_replica {
    struct trn_lock lock;
    struct trn_lock port_lock; /* readers mint ids and read clocks too */
    tern_ports host;           /* as given */
    tern_ports ports;          /* the same behind port_lock: what the engine is given */
    struct trn_schema *schema;
    struct trn_store *store;
    struct trn_engine engine;
    tern_id kept_lease; /* see engine */
    struct trn_recorder recorder;
    struct tern_tx tx;
    bool in_tx;
    tern_id device; /* as last read */
    tern_id user;
    struct trn_row_statements rows;
    struct trn_id_v7_state ids;            /* under port_lock */
    uint8_t random[TRN_RANDOM_KEPT_BYTES]; /* likewise; the last random_left of it are unused */
    size_t random_left;
};

struct tern_statement {
    tern_replica *replica;
    tern_reader *reader; /* NULL: the writer's */
    struct trn_statement *inner;
};

struct tern_reader {
    tern_replica *replica;
    struct trn_reader *inner;
    size_t statements; /* not freed yet: the last of them takes a closed reader along */
    bool is_closed;
};

/* ---- enter.c ---- */

void trn_replica_enter(tern_replica *replica);
void trn_replica_leave(tern_replica *replica);
/* Enters the replica where this thread has no transaction open; else TERN_ERR_MISUSE. */
tern_status trn_replica_enter_idle(tern_replica *replica, tern_error *error);

/* ---- ports.c ---- */

/* TERN_ERR_MISUSE where a function is missing. */
tern_status trn_ports_check(const tern_ports *ports, tern_error *error);
/* Sets `ports` from `host`, and returns what SQL functions ask. */
struct trn_store_host trn_ports_wrap(tern_replica *replica);
/* Mints an id, v7 or v4. */
tern_status trn_ports_mint(tern_replica *replica, bool v4, tern_id *ret_id);

/* ---- reader.c ---- */

/* Frees a closed reader that has no statement left. */
void trn_reader_release(tern_reader *reader);

/* ---- row.c ---- */

void trn_row_statements_free(tern_replica *replica);

/* TERN_ERR_MISUSE unless the calling thread began it. */
tern_status trn_tx_check(const tern_tx *tx, tern_error *error);
/* The same, and the synced table of that name: TERN_ERR_UNKNOWN_TABLE. */
tern_status trn_tx_table(const tern_tx *tx,
                         const char *name,
                         const struct trn_table **ret_table,
                         tern_error *error);

#endif

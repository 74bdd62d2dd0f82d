/* The stories' world: names, times and values as README.md spells them, and what came of each
 * transaction. */
#ifndef TESTS_CONFORMANCE_WORLD_H
#define TESTS_CONFORMANCE_WORLD_H

#include <jansson.h>

#include "schema/schema.h"
#include "server/db_sqlite.h"
#include "server/sync.h"
#include "wire/answer.h"

enum { WORLD_TXS_MAX = 16, WORLD_DEVICES_MAX = 16 };

struct world_tx {
    const char *name;
    tern_id device;
    uint64_t ordinal;
    int64_t number; /* 0: not applied */
    int64_t time_us;
    struct trn_bytes bytes; /* of its entry */
};

struct world_device {
    tern_id id;
    uint64_t ordinal;        /* last used */
    struct trn_bytes cursor; /* as the last answer gave it */
};

struct world {
    const char *story; /* its name, for messages */
    json_t *world;
    json_t *vector;
    struct trn_schema *schema;
    struct trn_db *db;
    struct trn_server *server;
    char epoch[TRN_EPOCH_BYTES]; /* as the server last named it */
    struct world_tx txs[WORLD_TXS_MAX];
    size_t tx_count;
    struct world_device devices[WORLD_DEVICES_MAX];
    size_t device_count;
    bool quiet;        /* problems are counted, not told */
    unsigned problems; /* found so far */
};

/* A row's cells, with room for the ids among them; texts are borrowed from the JSON. */
struct world_cells {
    tern_value values[TRN_COLUMNS_MAX];
    tern_id ids[TRN_COLUMNS_MAX];
};

/* Notes that the server is not what the story says. */
void world_problem(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

tern_id world_id(const struct world *world, const char *name);
int64_t world_time(const char *text);
/* A time of an object's member, or `standard` where it has none. */
int64_t world_time_of(const json_t *object, const char *name, int64_t standard);

/* NULL, and a problem, for a transaction that the story has not had yet. */
struct world_tx *world_tx(struct world *world, const char *name);
struct world_tx *world_tx_by_number(struct world *world, int64_t number);
struct world_device *world_device(struct world *world, const tern_id *id);

/* The template of a row; ends the process where the story names none. */
const json_t *world_row(const struct world *world, const char *name);
const struct trn_table *world_table(const struct world *world, const char *row);
/* Defaults, then the template, then `values`, which may be NULL. */
void world_fill(const struct world *world,
                const char *row,
                const json_t *values,
                struct world_cells *ret_cells);
bool world_has(const json_t *names, const char *name);

/* Ends the process: the story itself is wrong. */
_Noreturn void world_broken(const struct world *world, const char *what, const char *which);

/* play.c: the rows before, then the steps. */
void world_play(struct world *world);
/* Sends a request of one user; the caller frees the call. */
void world_send(struct world *world,
                const char *user,
                const char *power,
                int64_t at_us,
                struct trn_slice body,
                struct trn_sync_call *ret_call);

/* compare.c: what a user is sent against what the story expects. `names`: the rows, or NULL for all
 * of the scope "patient". `is_final` compares contents and audits, too. */
void world_compare(struct world *world, const char *user, const json_t *names, bool is_final);

#endif

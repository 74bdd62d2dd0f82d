/*
 * The reference model: what docs/SYNC.md promises of a server, once more, as plain arrays and
 * without SQL, so that server and merge can be compared with it.
 *
 * Written from the documents alone. It takes the transactions in the order in which the server
 * numbers them, and gives each its verdict; rows with the stamps of their units and audit entries
 * stand in it to be looked at. Of the core it uses the types of core/model as mere data, the
 * equality of two cells, and none of its decisions. It looks up by going through arrays, is made
 * for worlds of some thousand rows, and ends the process when memory runs out.
 *
 * Not in it: limits of values and derived ids, which its caller checks (`check`); cursors, pages
 * and clones; the bytes of the history.
 */
#ifndef TERN_SIM_MODEL_H
#define TERN_SIM_MODEL_H

#include "model/schema.h"
#include "tern/error.h"

enum { MODEL_COLUMNS = 64, MODEL_HASH_BYTES = 32, MODEL_EPOCH_BYTES = 17, MODEL_SCOPES = 4 };

/* ---- What goes in ---- */

enum model_operation { MODEL_INSERT, MODEL_UPDATE, MODEL_UNDO, MODEL_DELETE, MODEL_UNDELETE };

/* The kinds of docs/WIRE.md. */
enum model_kind {
    MODEL_INFERRED = 0,
    MODEL_RECORDED = 1,
    MODEL_DISCARDED = 2,
    MODEL_LEFT_RECORDED = 3,
    MODEL_LEFT_INFERRED = 4
};

enum model_power { MODEL_USER, MODEL_JOB, MODEL_OPERATOR };

struct model_change {
    enum model_operation operation;
    size_t table;
    tern_id id;
    size_t unit;
    int64_t base;
    tern_value values[MODEL_COLUMNS]; /* those that the operation carries */
};

/* A transaction as it was sent. */
struct model_tx {
    tern_id tx;
    tern_id author;
    uint64_t ordinal;
    int64_t time_us;
    int64_t age_us;
    bool offered_again; /* it had been stored before, at `stored_us` */
    int64_t stored_us;
    enum model_kind kind;
    int64_t former;
    char epoch[MODEL_EPOCH_BYTES]; /* "" for none */
    const uint64_t *depends;
    size_t depends_count;
    uint8_t hash[MODEL_HASH_BYTES];
    tern_status malformed; /* TERN_OK, or why its changes cannot be read, behind `changes` */
    const struct model_change *changes;
    size_t change_count;
};

/* The request that brings it. */
struct model_request {
    tern_id user;    /* of the token */
    tern_id replica; /* the user that the request names; all zeros: nobody */
    enum model_power power;
    const char *role; /* of the token, or NULL */
    tern_id device;
    int64_t sent_us;
    int64_t received_us;
    const char *epoch; /* in force on the server */
};

/* ---- What comes out ---- */

enum model_verdict_kind { MODEL_APPLIED, MODEL_DUPLICATE, MODEL_REJECTED };

struct model_verdict {
    enum model_verdict_kind kind;
    int64_t number;    /* applied, duplicate */
    int64_t stored_us; /* likewise */
    tern_status code;  /* rejected */
    int64_t change;    /* rejected: which one, or -1 */
};

/* Who wrote a unit. Number 0: nobody. */
struct model_unit {
    int64_t number;
    int rank;
    int64_t time_us;
    tern_id device;
    tern_id tx;
};

struct model_row {
    size_t table;
    tern_id id;
    bool deleted;
    int64_t deleted_us;
    struct model_unit units[TRN_UNITS_MAX];
    tern_value values[MODEL_COLUMNS];
};

struct model_audit {
    tern_id scope;
    size_t table;
    tern_id row;
    size_t unit;
    const char *rule; /* "RANK", "LATER", "DEVICE", "OWN", "DISCARDED" */
    struct model_unit lost;
    struct model_unit kept; /* number 0: nothing */
    bool lost_deleted;      /* of existence */
    bool kept_deleted;
    int64_t lost_deleted_us;
    int64_t kept_deleted_us;
    tern_value lost_values[MODEL_COLUMNS]; /* of the unit's columns */
    tern_value kept_values[MODEL_COLUMNS];
};

/* Whether the schema document takes the row, and the id that an insert gives it. */
typedef tern_status (*model_check)(const struct trn_table *table,
                                   const tern_id *id,
                                   const tern_value *values,
                                   bool insert);

struct model;

/* `schema` is borrowed; `check` may be NULL: everything is taken. */
struct model *model_new(const struct trn_schema *schema, model_check check);
/* A model of its own that stands where this one does: what a backup is. */
struct model *model_copy(const struct model *model);
/* Goes on with a later version of the schema document, as an upgraded server does. */
void model_serve(struct model *model, const struct trn_schema *schema);
/* NULL is accepted. */
void model_free(struct model *model);

/* Judges a transaction, and takes its effect. `number` is the one that the server gave it, above
 * all before it; 0: the next. */
struct model_verdict model_push(struct model *model,
                                const struct model_request *request,
                                const struct model_tx *tx,
                                int64_t number);

/* Erases the record of a person under that number, which a tx of nobody's has. False, and nothing
 * is changed, where it was erased before or a row of another record holds it. */
bool model_erase(struct model *model,
                 const tern_id *person,
                 int64_t now_us,
                 int64_t number,
                 const tern_id *tx);
/* Lets go of what nothing has changed for its table's retention_days; up to `number` numbers are
 * taken then. How many rows went. */
size_t model_retain(struct model *model, int64_t now_us, int64_t number);
/* Whether the id is of an erased row or person. */
bool model_is_erased(const struct model *model, const tern_id *id);

/* Whether a request is refused whole, since it names another user than its token's. */
bool model_refuses(const struct model_request *request);

/* Whether it has given the tx its verdict. */
bool model_knows(const struct model *model, const tern_id *tx);

size_t model_row_count(const struct model *model);
const struct model_row *model_row_at(const struct model *model, size_t index);
/* NULL without one. */
const struct model_row *model_row_find(const struct model *model, size_t table, const tern_id *id);
/* The highest time of a unit of the row. */
int64_t model_row_updated(const struct model *model, const struct model_row *row);
size_t model_audit_count(const struct model *model);
const struct model_audit *model_audit_at(const struct model *model, size_t index);
const struct trn_schema *model_schema(const struct model *model);

/* The rank of a change's write of a unit; `values` by column. */
int model_rank(const struct trn_table *table,
               size_t unit,
               const tern_value *values,
               bool inferred,
               bool undo,
               bool insert);
/* Negative, zero or positive as `a` is before, equal to or after `b`. */
int model_compare(const struct model_unit *a, const struct model_unit *b);

struct model_claim {
    int64_t time_us;
    int64_t age_us;
    int64_t sent_us;
    int64_t received_us;
    bool has_base;
    int64_t base_us;    /* the highest stored time of what it had seen */
    bool offered_again; /* a server had stored it at `time_us` */
    bool has_previous;
    int64_t previous_us; /* the stored time of the author's transaction before */
};
/* The stored time that a claim comes to. */
int64_t model_stored(const struct model_claim *claim);

#endif

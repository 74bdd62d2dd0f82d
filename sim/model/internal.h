/* What the model's files share. */
#ifndef TERN_SIM_MODEL_INTERNAL_H
#define TERN_SIM_MODEL_INTERNAL_H

#include "model/change.h"
#include "sim/model/model.h"

struct model_receipt {
    tern_id tx;
    uint8_t hash[MODEL_HASH_BYTES];
    tern_id author;
    tern_id sender;
    uint64_t ordinal;
    bool left; /* its ordinal names nothing */
    struct model_verdict verdict;
};

struct model_author {
    tern_id device;
    tern_id user;    /* the first that pushed from it */
    bool has_stored; /* anything, the newest at `last_us` */
    int64_t last_us;
};

/* A growing array of things of one size. */
struct model_list {
    void *items;
    size_t count;
    size_t room;
    size_t size;
};

/* The bytes of values, of a model and all copies of it. */
struct model_store {
    struct model_list pieces; /* void * */
    size_t users;
};

/* A row as it was before the transaction under way, or that it was not there. */
struct model_trace {
    size_t index;
    bool absent;
    struct model_row row;
};

/* What was erased. */
struct model_gone {
    size_t table;
    tern_id id;
};

struct model {
    const struct trn_schema *schema;
    model_check check;
    struct model_list rows;     /* struct model_row */
    struct model_list receipts; /* struct model_receipt */
    struct model_list authors;  /* struct model_author */
    struct model_list audits;   /* struct model_audit */
    struct model_list traces;   /* struct model_trace, of the transaction under way */
    struct model_list gone;     /* struct model_gone */
    /* Whether an id of no row of the model's is of an entry of the audit that was erased: it has no
     * ids of these. NULL: it is not. */
    bool (*erased_entry)(void *context, const tern_id *id);
    void *erased_context;
    struct model_store *store;
    int64_t last_number;
};

/* One transaction under way. */
struct model_case {
    struct model *model;
    const struct model_request *request;
    const struct model_tx *tx;
    int64_t number;
    int64_t stored_us;
    bool inferred;
    bool left;
};

/* The scopes of a row. `open`: a path leads over a row that is not there. */
struct model_scopes {
    tern_id ids[MODEL_SCOPES];
    size_t count;
    bool open;
};

/* ---- list.c ---- */

void model_list_begin(struct model_list *list, size_t size);
void *model_list_add(struct model_list *list);
void *model_list_at(const struct model_list *list, size_t index);
void model_list_copy(struct model_list *to, const struct model_list *from);
struct model_store *model_store_new(void);
/* The last user frees it. */
void model_store_leave(struct model_store *store);

bool model_id_equal(const tern_id *a, const tern_id *b);
/* Takes a copy of a value that lives as long as the model and its copies. */
tern_value model_keep(const struct model *model, const tern_value *value);
/* The id in a cell; false for null. */
bool model_value_id(const tern_value *value, tern_id *ret_id);
bool model_value_is(const tern_value *value, const char *text);

/* ---- model.c ---- */

const struct trn_table *model_table(const struct model *model, size_t table);
struct model_row *model_find(const struct model *model, size_t table, const tern_id *id);
/* The row, to be written: what it was is noted. */
struct model_row *model_touch(struct model *model, size_t table, const tern_id *id);
/* A new row, without values. */
struct model_row *model_create(struct model *model, size_t table, const tern_id *id);

/* ---- access.c ---- */

/* Whether a new row's parent lies where the writer may neither write nor look. */
bool model_is_hidden(const struct model_case *kase,
                     size_t table,
                     const struct model_scopes *scopes);

struct model_scopes model_scopes_of(const struct model *model,
                                    size_t table,
                                    const tern_id *id,
                                    const tern_value *values);
bool model_may_write(const struct model_case *kase,
                     size_t table,
                     const struct model_scopes *scopes);
/* Whether the writer may make the change as such, to a row of these scopes. */
tern_status model_may_change(const struct model_case *kase,
                             const struct model_change *change,
                             const struct model_row *present,
                             const struct model_scopes *scopes);
/* Whether it may make of `before`, NULL for none, what `after` is. */
tern_status model_may_open(const struct model_case *kase,
                           const struct model_row *before,
                           const struct model_row *after);

/* ---- erase.c ---- */

/* Whether the change is of an erased row, or would lie in an erased record. */
bool model_meets_erased(const struct model *model, const struct model_change *change);

/* ---- merge.c ---- */

/* Whether the change says something of the column. */
bool model_carries(const struct model *model, const struct model_change *change, size_t column);

/* Makes the change, or says why not. `last` is false where something may still come that it
 * needs; `ret_wait` is then set, and nothing done. */
tern_status model_merge(const struct model_case *kase,
                        const struct model_change *change,
                        bool last,
                        bool *ret_wait);
/* Notes what a change that its author gave up held. */
tern_status model_discard(const struct model_case *kase, const struct model_change *change);
/* The number that a base names, 0 for none that counts. */
int64_t model_base(const struct model_case *kase, const struct model_change *change);
const struct model_receipt *
model_receipt_of(const struct model *model, const struct model_case *kase, uint64_t ordinal);

#endif

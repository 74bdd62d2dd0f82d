/*
 * Rows on their way to a new state: all that one entry does is worked out here first and written in
 * one go.
 *
 * Heap is bounded by the protocol's cap on one transaction. Writing in one go lets rows trade
 * unique keys among each other: where a key is taken, every row of the set is first moved out of
 * the unique indexes (which hold live rows alone) and then written.
 */
#ifndef TRN_ENGINE_DRAFTS_H
#define TRN_ENGINE_DRAFTS_H

#include "engine/work.h"

struct trn_draft {
    const struct trn_table *table;
    tern_id id;
    bool was; /* there is such a row in the file */
    bool is;  /* and there shall be one */
    bool changed;
    bool bare; /* its cells were not read */
    int64_t updated_at_us;
    int64_t deleted_at_us;
    struct trn_version version;
    tern_value *values; /* column_count of them, their bytes held by the set */
};

struct trn_drafts;

tern_status trn_drafts_new(struct trn_drafts **ret_drafts, tern_error *error);
void trn_drafts_free(struct trn_drafts *drafts);

/* The draft of a row, read from the file when it is first asked for. Borrowed until the set is
 * freed. */
tern_status trn_drafts_open(struct trn_drafts *drafts,
                            struct trn_store *store,
                            const struct trn_table *table,
                            const tern_id *id,
                            struct trn_draft **ret_draft,
                            tern_error *error);
/* Without its cells, of one that is to be erased. They are read if it is opened again for them. */
tern_status trn_drafts_open_bare(struct trn_drafts *drafts,
                                 struct trn_store *store,
                                 const struct trn_table *table,
                                 const tern_id *id,
                                 struct trn_draft **ret_draft,
                                 tern_error *error);
/* Sets a cell; the bytes are copied. */
tern_status trn_drafts_set(struct trn_drafts *drafts,
                           struct trn_draft *draft,
                           uint16_t column,
                           const tern_value *value,
                           tern_error *error);
size_t trn_drafts_count(const struct trn_drafts *drafts);
size_t trn_drafts_bytes(const struct trn_drafts *drafts);
struct trn_draft *trn_drafts_at(struct trn_drafts *drafts, size_t index);
/* The draft as a row; borrows its bytes. */
void trn_draft_as_row(const struct trn_draft *draft, struct trn_row *ret_row);
/* Writes or erases every changed row. A constraint's code if one says no; then some rows may be
 * written already: a savepoint is the caller's. */
tern_status trn_drafts_write(struct trn_drafts *drafts, struct trn_store *store, tern_error *error);
/* As trn_drafts_write, but what finds its unique key held by a row that is no draft stands aside:
 * it is written as if it had been deleted at TRN_ASIDE_US, and noted. */
tern_status trn_drafts_force(struct trn_drafts *drafts,
                             struct trn_store *store,
                             struct trn_idset *aside,
                             tern_error *error);

#endif

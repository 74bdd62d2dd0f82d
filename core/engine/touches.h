/*
 * Which rows a transaction has touched, in order, and where what was noted of each stands.
 *
 * A row touched again gets a further touch that leads to the one before. Touches are only ever
 * added and taken back at the end, as statements run and fail.
 */
#ifndef TRN_ENGINE_TOUCHES_H
#define TRN_ENGINE_TOUCHES_H

#include "base/bytes.h"
#include "model/change.h"

#define TRN_NO_TOUCH SIZE_MAX

struct trn_touch {
    const struct trn_table *table;
    int64_t rowid;
    tern_id id;
    bool is_insert;
    bool stands;           /* `updated_at` and `tern_v` are right as the statement left them */
    uint16_t units;        /* that changed; bit 0: deleted_at */
    uint16_t undone;       /* of these, by an undo */
    uint16_t outranked;    /* of these, inferred over recorded */
    bool is_latest;        /* of its row; set by trn_touches_add */
    size_t previous;       /* touch of the same row, or TRN_NO_TOUCH */
    int64_t existence_key; /* of an update: in tern_tx, what its existence was by */
    int64_t updated_at_us; /* what the row is to get */
    int64_t version;       /* ... where its cell is an integer, or */
    size_t version_at;     /* where its bytes stand in `versions` */
    size_t version_size;   /* of these; 0: the integer */
    size_t text_at, line_at, undo_at; /* how much was noted before this touch */
};

/* One line of the entry as noted, with the place of its base. */
struct trn_noted_line {
    size_t at;        /* in the text */
    size_t base_at;   /* of the digit that stands for the base; 0: it has none */
    int64_t base_key; /* in tern_tx; 0: nothing seen */
};

struct trn_touch_slot {
    const struct trn_table *table; /* NULL: free */
    int64_t rowid;
    size_t latest; /* or TRN_NO_TOUCH */
};

struct trn_touches {
    struct trn_touch *items;
    size_t count;
    size_t room;
    struct trn_touch_slot *slots; /* a power of two of them, at most half in use */
    size_t slot_room;
    size_t slots_used;
};

/* The latest touch of the row, or TRN_NO_TOUCH. */
size_t
trn_touches_latest(const struct trn_touches *touches, const struct trn_table *table, int64_t rowid);
/* Adds a copy, and sets its `previous`. TERN_ERR_NOMEM. */
tern_status trn_touches_add(struct trn_touches *touches, const struct trn_touch *touch);
/* Takes back all but the first `count`. */
void trn_touches_cut(struct trn_touches *touches, size_t count);
/* Forgets all, and keeps a small room for the next transaction. */
void trn_touches_clear(struct trn_touches *touches);
void trn_touches_free(struct trn_touches *touches);

#endif

/*
 * Changes that wait for others of their transaction, and what each of them waits for.
 *
 * One waits for a row to be added, a unique key to be freed, a grant to change. It is tried again
 * when that has happened, and not before, in the order of passes over the transaction: those behind
 * the change that made it happen in the same pass, those before it in the next. So what it costs to
 * apply a transaction grows with its changes, in whatever order they stand.
 */
#ifndef TRN_SERVER_WAITING_H
#define TRN_SERVER_WAITING_H

#include "base/bytes.h"
#include "model/change.h"
#include "wire/entry.h"

/* What can be waited for, as a number; that two have the same makes one try too many. */
typedef uint64_t trn_thing;

trn_thing trn_thing_added(const struct trn_table *table, const tern_id *id);
trn_thing trn_thing_changed(const struct trn_table *table, const tern_id *id);
trn_thing trn_thing_key(const struct trn_table *table, size_t unique, const tern_value *values);
trn_thing trn_thing_grants(void);

struct trn_waiter {
    size_t index; /* of the change */
    struct trn_entry_place place;
    bool done;
};

enum { TRN_WISHES_MAX = TRN_COLUMNS_MAX + 32 };

/* All zero: nobody waits. */
struct trn_waiting {
    struct trn_waiter *waiters; /* in the order of their changes */
    size_t count;
    size_t room;
    size_t left;      /* of them, not done */
    uint64_t *woken;  /* a bit a waiter */
    size_t at;        /* where the pass stands */
    uint32_t *places; /* the first wish of each */
    struct trn_wish *wishes;
    uint32_t wish_count;
    uint32_t wish_room;
    uint32_t spare; /* wishes that came true, a list likewise */
    trn_thing wished[TRN_WISHES_MAX];
    size_t wished_count;
};

void trn_waiting_free(struct trn_waiting *waiting);

/* What the change that is tried just now would have to wait for. NULL is accepted, as by the next.
 */
void trn_waiting_wish(struct trn_waiting *waiting, trn_thing thing);
/* Wakes those that wait for it. */
void trn_waiting_happened(struct trn_waiting *waiting, trn_thing thing);
/* Whether any waits: who asks may spare itself the telling of what happened. */
bool trn_waiting_any(const struct trn_waiting *waiting);

/* The change that was tried last waits, for what was wished since trn_waiting_try: it is a new one,
 * behind all others, or waits again. */
TERN_MUST_USE tern_status trn_waiting_add(struct trn_waiting *waiting,
                                          size_t index,
                                          struct trn_entry_place place,
                                          tern_error *error);
TERN_MUST_USE tern_status trn_waiting_again(struct trn_waiting *waiting,
                                            struct trn_waiter *waiter,
                                            tern_error *error);
/* The change waits no more. */
void trn_waiting_done(struct trn_waiting *waiting, struct trn_waiter *waiter);

/* A change is tried: forgets what the one before had wished. */
void trn_waiting_try(struct trn_waiting *waiting);
/* The next that was woken, in the order of passes; NULL: none. Borrowed until one is added. */
struct trn_waiter *trn_waiting_next(struct trn_waiting *waiting);
/* Wakes all, for a pass from the first on. */
void trn_waiting_wake_all(struct trn_waiting *waiting);

#endif

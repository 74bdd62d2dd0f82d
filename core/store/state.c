/* What a replica can say of itself without asking its file. */
#include "store/state.h"

#include "base/assert.h"

struct trn_store_table *trn_store_table(struct trn_store *store, const struct trn_table *table)
{
    TRN_ASSERT(store->schema != NULL && table->index < store->schema->table_count);
    return &store->tables[table->index];
}

bool trn_store_in_transaction(const struct trn_store *store)
{
    return sqlite3_get_autocommit(store->db) == 0;
}

struct sqlite3 *trn_store_connection(struct trn_store *store)
{
    return store->db;
}

void trn_store_touch(struct trn_store *store, const struct trn_table *table)
{
    trn_store_table(store, table)->touched++;
}

uint64_t trn_store_changes(const struct trn_store *store, const struct trn_table *table)
{
    return atomic_load_explicit(&store->changes[table->index], memory_order_acquire);
}

/* A reader that asks meanwhile goes by the one or the other, and never by halves: a boot's steady
 * clock is there before it is gone by, and stays there. */
void trn_store_clock_committed(struct trn_store *store, const struct trn_clock *clock)
{
    bool is_steady = trn_clock_is_steady(clock, &store->boot);

    store->clock_committed = *clock;
    atomic_store(&store->offset_us, clock->offset_known ? clock->offset_us : 0);
    if (is_steady) {
        atomic_store(&store->steady_us, clock->steady_us);
    }
    atomic_store(&store->is_steady, is_steady);
}

int64_t trn_store_now(const struct trn_store *store, const struct trn_reading *reading)
{
    struct trn_clock clock = {.offset_us = atomic_load(&store->offset_us), .offset_known = true};

    if (atomic_load(&store->is_steady)) {
        clock.steady_boot = store->boot;
        clock.steady_us = atomic_load(&store->steady_us);
    }
    return trn_clock_now(&clock, reading);
}

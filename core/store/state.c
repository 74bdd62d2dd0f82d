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

int64_t trn_store_clock_offset(const struct trn_store *store)
{
    return atomic_load(&store->offset_committed_us);
}

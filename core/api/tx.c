/* Transactions: begun, committed and rolled back by one thread, which holds the lock meanwhile. */
#include "api/internal.h"

#include "store/doom.h"

tern_status trn_tx_check(const tern_tx *tx, tern_error *error)
{
    if (tx == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a transaction is needed");
    }
    if (!tx->replica->in_tx || !pthread_equal(tx->owner, pthread_self())) {
        return trn_fail(error, TERN_ERR_MISUSE, "the transaction is another thread's, or over");
    }
    return TERN_OK;
}

tern_status trn_tx_table(const tern_tx *tx,
                         const char *name,
                         const struct trn_table **ret_table,
                         tern_error *error)
{
    const struct trn_table *table;
    tern_status status = trn_tx_check(tx, error);

    if (status == TERN_OK) {
        status = trn_doom_loss(tx->replica->store, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (name == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a table is needed");
    }
    table = trn_schema_table(tx->replica->schema, name);
    if (table == NULL) {
        return trn_fail(error, TERN_ERR_UNKNOWN_TABLE, "there is no synced table %s", name);
    }
    *ret_table = table;
    return TERN_OK;
}

tern_status tern_tx_begin(tern_replica *replica,
                          const tern_tx_options *options,
                          tern_tx **ret_tx,
                          tern_error *error)
{
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL || ret_tx == NULL ||
        (options != NULL && options->size < sizeof(*options))) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica and a result are needed");
    }
    status = trn_replica_enter_idle(replica, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_store_begin(replica->store, error);
    if (status != TERN_OK) {
        trn_replica_leave(replica);
        return status;
    }
    trn_recorder_start(&replica->recorder, options != NULL && options->inferred);
    replica->in_tx = true;
    replica->tx.owner = pthread_self();
    *ret_tx = &replica->tx;
    return TERN_OK;
}

static void end(tern_tx *tx)
{
    tx->replica->in_tx = false;
    trn_replica_leave(tx->replica);
}

tern_status tern_tx_commit(tern_tx *tx, uint64_t *ret_kept, tern_error *error)
{
    uint64_t kept = 0;
    tern_status status;

    trn_error_clear(error);
    status = trn_tx_check(tx, error);
    if (status != TERN_OK) {
        return status;
    }
    status = trn_commit(&tx->replica->recorder, &kept, error);
    if (status == TERN_OK && ret_kept != NULL) {
        *ret_kept = kept;
    }
    end(tx);
    return status;
}

void tern_tx_rollback(tern_tx *tx)
{
    if (trn_tx_check(tx, NULL) != TERN_OK) {
        return;
    }
    trn_rollback(&tx->replica->recorder);
    end(tx);
}

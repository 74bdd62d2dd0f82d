/* SQLite ends a tx by itself where it must: that is seen by its autocommit being back. */
#include "store/doom.h"

#include "base/error.h"
#include "store/state.h"

void trn_doom(struct trn_store *store, tern_status status, const char *text)
{
    tern_status kept = trn_fail(&store->doom, status, "%s", text);

    (void)kept;
}

void trn_doom_note_loss(struct trn_store *store, tern_status status, const tern_error *why)
{
    tern_status kept;

    if (store->listener == NULL || store->doom.status != TERN_OK ||
        trn_store_in_transaction(store)) {
        return;
    }
    kept = trn_fail(&store->doom,
                    status,
                    "the transaction was lost to an earlier failure: %s",
                    why->message);
    (void)kept;
}

tern_status trn_doom_cause(const struct trn_store *store, tern_error *error)
{
    return store->doom.status == TERN_OK
               ? TERN_OK
               : trn_fail(error, store->doom.status, "%s", store->doom.message);
}

tern_status trn_doom_loss(const struct trn_store *store, tern_error *error)
{
    return trn_store_in_transaction(store) ? TERN_OK : trn_doom_cause(store, error);
}

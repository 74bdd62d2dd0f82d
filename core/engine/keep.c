/* What stays of an entry after its verdict. */
#include "engine/keep.h"

#include "base/error.h"
#include "base/mutant.h"
#include "wire/gzip.h"
#include "wire/limits.h"

enum { GZIP_LEVEL = 6 };

tern_status
trn_keep_body(struct trn_store *store, uint64_t ordinal, struct trn_bytes *body, tern_error *error)
{
    struct trn_bytes kept = {0};
    bool gzip = false;
    tern_status status = trn_outbox_kept(store, ordinal, &gzip, &kept, error);

    if (status == TERN_OK && gzip) {
        status = trn_gunzip(trn_bytes_slice(&kept), TRN_WIRE_TX_BYTES_MAX, body, error);
    } else if (status == TERN_OK) {
        status = trn_bytes_append_slice(body, trn_bytes_slice(&kept)) == TERN_OK
                     ? TERN_OK
                     : trn_fail_nomem(error);
    }
    trn_bytes_free(&kept);
    return status;
}

tern_status
trn_keep_compress(struct trn_store *store, const struct trn_entry *entry, tern_error *error)
{
    struct trn_bytes kept = {0};
    struct trn_bytes packed = {0};
    bool gzip = false;
    tern_status status = TERN_OK;

    if (entry->body_size <= TRN_WIRE_GZIP_ABOVE) {
        return TERN_OK;
    }
    status = trn_outbox_kept(store, entry->ordinal, &gzip, &kept, error);
    if (status == TERN_OK && !gzip) {
        status = trn_gzip(trn_bytes_slice(&kept), GZIP_LEVEL, &packed, error);
    }
    if (status == TERN_OK && !gzip && packed.size < kept.size) {
        status = trn_outbox_compress(store, entry->ordinal, trn_bytes_slice(&packed), error);
    }
    trn_bytes_free(&kept);
    trn_bytes_free(&packed);
    return status;
}

static bool is_over(const struct trn_entry *entry, int64_t now_us, int64_t backup)
{
    return entry->number != 0 &&
           (entry->acked_us < now_us - TRN_KEEP_US || entry->number <= backup ||
            (TRN_MUTANT(KEPT_TOO_SHORT) && backup != 0));
}

tern_status trn_keep_trim(struct trn_store *store,
                          int64_t now_us,
                          int64_t backup,
                          size_t room,
                          bool *ret_more,
                          tern_error *error)
{
    struct trn_entry entry = {0};
    size_t removed = 0;

    *ret_more = false;
    for (;;) {
        tern_status status =
            trn_outbox_next(store, entry.ordinal, 1U << TERN_ENTRY_ACKED, &entry, error);

        if (status != TERN_OK || entry.ordinal == 0 || !is_over(&entry, now_us, backup)) {
            return status;
        }
        if (removed == room) {
            *ret_more = true;
            return TERN_OK;
        }
        status = trn_outbox_remove(store, entry.ordinal, error);
        if (status != TERN_OK) {
            return status;
        }
        removed++;
    }
}

/* A direct-mapped cache: a page names few transactions, and its rows name them over and over. */
#include "engine/known.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/portion.h"

/* Most transactions meet none: emptying the slots takes as long as a few statements. */
static void use(struct trn_known *known)
{
    if (!known->is_used) {
        memset(known, 0, sizeof *known);
        known->is_used = true;
    }
}

static struct trn_tx_info *slot_of(struct trn_known *known, int64_t key)
{
    use(known);
    return &known->by_key[(uint64_t)key % trn_portion(TRN_KNOWN_SLOTS)];
}

static struct trn_tx_info *number_slot(struct trn_known *known, int64_t number)
{
    use(known);
    return &known->by_number[(uint64_t)number % trn_portion(TRN_KNOWN_SLOTS)];
}

void trn_known_clear(struct trn_known *known)
{
    known->is_used = false;
}

tern_status trn_known_get(struct trn_known *known,
                          struct trn_store *store,
                          int64_t key,
                          struct trn_tx_info *ret_info,
                          tern_error *error)
{
    struct trn_tx_info *slot = slot_of(known, key);
    struct trn_tx_info info = {0};
    tern_status status;

    TRN_ASSERT(key != 0);

    if (slot->key != key) {
        status = trn_store_tx_get(store, key, &info, error);
        if (status != TERN_OK) {
            return status;
        }
        *slot = info;
    }
    *ret_info = *slot;
    return TERN_OK;
}

tern_status trn_known_put(struct trn_known *known,
                          struct trn_store *store,
                          int64_t number,
                          int64_t time_us,
                          const tern_id *device,
                          struct trn_tx_info *ret_info,
                          tern_error *error)
{
    struct trn_tx_info info = {.number = number, .time_us = time_us, .device = *device};
    tern_status status = trn_store_tx_put(store, number, time_us, device, &info.key, error);

    if (status != TERN_OK) {
        return status;
    }
    *slot_of(known, info.key) = info;
    *number_slot(known, number) = info;
    *ret_info = info;
    return TERN_OK;
}

tern_status trn_known_number(struct trn_known *known,
                             struct trn_store *store,
                             int64_t number,
                             struct trn_tx_info *ret_info,
                             tern_error *error)
{
    struct trn_tx_info *slot = number_slot(known, number);
    struct trn_tx_info info = {0};
    bool found = false;
    tern_status status;

    TRN_ASSERT(number != 0);

    if (slot->number != number) {
        status = trn_store_tx_by_number(store, number, &found, &info, error);
        if (status != TERN_OK) {
            return status;
        }
        if (!found) {
            return trn_fail(error,
                            TERN_ERR_PROTOCOL,
                            "a row names a transaction that no line before it describes");
        }
        *slot = info;
    }
    *ret_info = *slot;
    return TERN_OK;
}

tern_status trn_known_settle(struct trn_known *known,
                             struct trn_store *store,
                             int64_t key,
                             int64_t number,
                             int64_t time_us,
                             const tern_id *device,
                             tern_error *error)
{
    struct trn_tx_info *slot = slot_of(known, key);

    if (slot->key == key) {
        slot->key = 0;
    }
    number_slot(known, number)->number = 0;
    return trn_store_tx_settle(store, key, number, time_us, device, error);
}

tern_status trn_known_stamp(struct trn_known *known,
                            struct trn_store *store,
                            const struct trn_version *version,
                            size_t unit,
                            bool *ret_written,
                            struct trn_stamp *ret_stamp,
                            tern_error *error)
{
    struct trn_tx_info info = {0};
    tern_status status;

    if (version->keys[unit] == 0) {
        *ret_written = false;
        return TERN_OK;
    }
    status = trn_known_get(known, store, version->keys[unit], &info, error);
    if (status != TERN_OK) {
        return status;
    }
    *ret_written = true;
    ret_stamp->rank = trn_version_rank(version, unit);
    ret_stamp->time_us = info.time_us;
    ret_stamp->device = info.device;
    return TERN_OK;
}

tern_status trn_known_newest(struct trn_known *known,
                             struct trn_store *store,
                             const struct trn_version *version,
                             size_t unit_count,
                             int64_t *ret_time_us,
                             tern_error *error)
{
    int64_t newest_us = 0;
    int64_t last_key = 0;

    for (size_t unit = 0; unit < unit_count; unit++) {
        struct trn_tx_info info = {0};
        tern_status status;

        if (version->keys[unit] == 0 || version->keys[unit] == last_key) {
            continue;
        }
        status = trn_known_get(known, store, version->keys[unit], &info, error);
        if (status != TERN_OK) {
            return status;
        }
        last_key = version->keys[unit];
        newest_us = info.time_us > newest_us ? info.time_us : newest_us;
    }
    *ret_time_us = newest_us;
    return TERN_OK;
}

/* Storage quotas: the server's count, and what this device has written since. */
#include "tern/medication/quota.h"

#include <string.h>

#include "base/mutant.h"
#include "medication/internal.h"
#include "tern/outbox.h"

#define FREEMIUM_BYTES INT64_C(5368709120)

enum { TIERS = 3 };

static tern_tier tier_of(tern_value value)
{
    static const char *const names[TIERS] = {"FREEMIUM", "PREMIUM", "FAMILY_PREMIUM"};

    for (unsigned i = 0; i < TIERS; i++) {
        if (trn_value_is(value, names[i])) {
            return (tern_tier)i;
        }
    }
    return TERN_TIER_FREEMIUM;
}

struct run {
    int64_t now_us;
    tern_quota quota;
};

static tern_status
read_subscription(void *context, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct run *run = context;
    const tern_value expires = tern_statement_value(row, 3);
    tern_quota quota = {.size = sizeof(quota),
                        .tier = tier_of(tern_statement_value(row, 0)),
                        .allowed_bytes = tern_statement_value(row, 1).integer,
                        .counted_bytes = tern_statement_value(row, 2).integer,
                        .expires_us = expires.kind == TERN_INTEGER ? expires.integer : 0,
                        .counted_us = tern_statement_value(row, 4).integer,
                        .is_shared = tern_statement_value(row, 5).integer != 0};

    (void)ret_more;
    (void)error;
    quota.is_expired = quota.expires_us != 0 && quota.expires_us <= run->now_us;
    if (quota.is_expired && quota.allowed_bytes > FREEMIUM_BYTES) {
        quota.allowed_bytes = FREEMIUM_BYTES;
    }
    /* A family shares what it pays for, and nothing else. */
    if (quota.is_shared && (quota.is_expired || quota.tier != TERN_TIER_FAMILY_PREMIUM)) {
        return TERN_OK;
    }
    if (run->quota.size == 0 || quota.allowed_bytes > run->quota.allowed_bytes) {
        run->quota = quota;
    }
    return TERN_OK;
}

static bool add_entry(void *context, const tern_entry *entry)
{
    tern_quota *quota = context;

    if (entry->state == TERN_ENTRY_PENDING ||
        (entry->time_us > quota->counted_us && !TRN_MUTANT(CARE_QUOTA_FORGETS))) {
        quota->added_bytes += (int64_t)entry->size_bytes;
    }
    return true;
}

/* An operator may have counted anything, and neither is below 0. */
static int64_t add_bytes(int64_t counted, int64_t added)
{
    return counted > INT64_MAX - added ? INT64_MAX : counted + added;
}

static tern_status
read_quota(tern_care *care, const tern_id *patient, tern_quota *ret_quota, tern_care_error *error)
{
    const tern_value key = tern_value_id(patient);
    struct run run = {.now_us = 0};
    tern_status status = trn_care_now(care, &run.now_us, error);

    if (status == TERN_OK) {
        status = trn_care_each(care,
                               TRN_SQL_QUOTA,
                               &key,
                               1,
                               TERN_PROBLEM_NONE,
                               read_subscription,
                               &run,
                               error);
    }
    if (status == TERN_OK && run.quota.size == 0) {
        run.quota = (tern_quota){.size = sizeof(run.quota), .allowed_bytes = FREEMIUM_BYTES};
    }
    if (status == TERN_OK && memcmp(patient, &care->user, sizeof(*patient)) == 0) {
        status = tern_outbox_visit(care->replica,
                                   1U << TERN_ENTRY_PENDING | 1U << TERN_ENTRY_ACKED,
                                   add_entry,
                                   &run.quota,
                                   trn_engine_error(error));
    }
    if (status == TERN_OK) {
        run.quota.used_bytes = add_bytes(run.quota.counted_bytes, run.quota.added_bytes);
        *ret_quota = run.quota;
    }
    return status;
}

tern_status tern_quota_read(tern_care *care,
                            const tern_id *patient,
                            tern_quota *ret_quota,
                            tern_care_error *error)
{
    trn_care_clear(error);
    if (care == NULL || ret_quota == NULL || ret_quota->size != sizeof(*ret_quota)) {
        return trn_care_misuse(error, "tern_quota_read");
    }
    return read_quota(care, patient != NULL ? patient : &care->user, ret_quota, error);
}

tern_status
trn_quota_check(tern_care *care, const tern_id *patient, int64_t bytes, tern_care_error *error)
{
    tern_quota quota;
    tern_status status = read_quota(care, patient, &quota, error);

    if (status == TERN_OK && bytes > quota.allowed_bytes - quota.used_bytes &&
        !TRN_MUTANT(CARE_QUOTA_IGNORED)) {
        return trn_problem(error, TERN_PROBLEM_QUOTA, quota.used_bytes, quota.allowed_bytes);
    }
    return status;
}

/**
 * Storage: what a subscription allows, and how much of it is used.
 *
 * The server counts, and its count is nobody else's to write, so no merge can falsify it. A device
 * adds what it has written itself since that count: entries that wait to be sent, and those sent
 * later than the count. docs/MEDICATION.md.
 */
#ifndef TERN_QUOTA_H
#define TERN_QUOTA_H

#include "tern/medication/care.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tern_tier {
    TERN_TIER_FREEMIUM = 0,
    TERN_TIER_PREMIUM = 1,
    TERN_TIER_FAMILY_PREMIUM = 2
} tern_tier;

typedef struct tern_quota {
    size_t size; /* sizeof(tern_quota), set by the caller */
    tern_tier tier;
    bool is_shared;     /* by membership in somebody else's FAMILY_PREMIUM */
    bool is_expired;    /* and allows no more than FREEMIUM does */
    int64_t expires_us; /* 0: never */
    int64_t allowed_bytes;
    int64_t counted_bytes; /* by the server */
    int64_t counted_us;    /* when: counted_at, else when the row was last written; 0: never */
    int64_t added_bytes;   /* by this device since; 0 for another's record than the user's */
    int64_t used_bytes;    /* counted and added */
} tern_quota;

/**
 * Reads the quota of a patient's record: of the subscription that allows most, their own or a
 * family's. Without one it is FREEMIUM's.
 *
 * @param patient NULL: the replica's user.
 */
TERN_API TERN_MUST_USE tern_status tern_quota_read(tern_care *care,
                                                   const tern_id *patient,
                                                   tern_quota *ret_quota,
                                                   tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif

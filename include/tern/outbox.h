/** The outbox: what this device has committed, where each transaction stands, and what to do with a
 * rejected one; status; reinstatement. */
#ifndef TERN_OUTBOX_H
#define TERN_OUTBOX_H

#include "tern/replica.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tern_entry_state {
    TERN_ENTRY_PENDING = 0, /* not yet acknowledged */
    TERN_ENTRY_ACKED =
        1, /* durable on the server; kept in case the server comes back from a backup */
    TERN_ENTRY_QUARANTINED =
        2,                 /* rejected, or broken by what others did; waits for retry or discard */
    TERN_ENTRY_LOCKED = 3, /* its rows are no longer granted to this user */
    TERN_ENTRY_DISCARDED =
        4 /* given up by the user; its values are on their way to the audit, and then it is acked */
} tern_entry_state;

/** One transaction of the queue; borrowed for the callback. */
typedef struct tern_entry {
    uint64_t ordinal; /* this device's own count */
    tern_id tx;
    tern_id device; /* the author's */
    tern_entry_state state;
    int64_t time_us;   /* stamp, microseconds; the server's stored one once acknowledged, and behind
                          that of what was acknowledged before it */
    uint64_t number;   /* the server's, 0 before */
    size_t size_bytes; /* as kept */
    uint32_t changes;  /* rows */
    uint32_t attempts; /* sent so often alone without a verdict */
    tern_status reason; /* why it is quarantined or locked */
    const char *detail; /* a sentence; empty without one */
    uint64_t waits_for; /* ordinal of the rejected transaction it depends on; 0 for none */
} tern_entry;

/** Returns false to stop. Must not call into the replica. */
typedef bool (*tern_entry_visitor)(void *context, const tern_entry *entry);

/** Visits the entries in order. `states` is a set of bits `1u << TERN_ENTRY_...`; 0 means all. */
TERN_API TERN_MUST_USE tern_status tern_outbox_visit(tern_replica *replica,
                                                     unsigned states,
                                                     tern_entry_visitor visitor,
                                                     void *context,
                                                     tern_error *error);

/** One change of an entry as text, for a person to read; borrowed for the callback. */
typedef struct tern_entry_change {
    const char *operation; /* "insert", "update", "undo", "delete", "undelete" */
    const char *table;
    tern_id row;
    const char *unit;   /* empty for an insert */
    const char *values; /* JSON object, column -> value */
} tern_entry_change;

typedef bool (*tern_entry_change_visitor)(void *context, const tern_entry_change *change);

/** Visits the changes of one entry. TERN_ERR_NOT_FOUND for an ordinal not in the queue. */
TERN_API TERN_MUST_USE tern_status tern_outbox_changes(tern_replica *replica,
                                                       uint64_t ordinal,
                                                       tern_entry_change_visitor visitor,
                                                       void *context,
                                                       tern_error *error);

/**
 * Sends a quarantined transaction again, as a new one, with its dependents behind it. They are laid
 * over the rows as they are now. A dependent that builds on another parked one as well stays parked
 * behind that one, under a new ordinal.
 *
 * One that another device wrote (EPOCH_CHANGED: a restored server lost it) is sent as it is, in
 * that one's name: the server takes it under the token of that one's user or of an operator.
 *
 * @param ret_ordinal The entry's that is sent; may be NULL.
 * @return TERN_OK, TERN_ERR_NOT_FOUND, _MISUSE (not quarantined), _DEPENDENCY_REJECTED (it waits
 * for one that is quarantined or locked itself, `waits_for`: retry that one, and this goes with
 * it), or the constraint that it still breaks, and then nothing changed.
 */
TERN_API TERN_MUST_USE tern_status tern_quarantine_retry(tern_replica *replica,
                                                         uint64_t ordinal,
                                                         uint64_t *ret_ordinal,
                                                         tern_error *error);

/** Gives a quarantined or locked transaction up, with its dependents. The next sync hands their
 * values to the server's audit; but one that another device wrote is only no longer kept here. */
TERN_API TERN_MUST_USE tern_status tern_quarantine_discard(tern_replica *replica,
                                                           uint64_t ordinal,
                                                           tern_error *error);

/**
 * Brings the losing value of an audit entry back, as a new change made now by this user.
 *
 * @param audit Id of a row of `sync_audit`.
 * @return TERN_OK, TERN_ERR_NOT_FOUND (no such entry, or its row is gone), TERN_ERR_EXISTS (the row
 * holds that value by a person's act already: nothing is queued), or a code of "The rows".
 */
TERN_API TERN_MUST_USE tern_status tern_audit_reinstate(tern_replica *replica,
                                                        const tern_id *audit,
                                                        tern_error *error);

/** Where the replica stands. */
typedef struct tern_replica_status {
    size_t size; /* sizeof(tern_replica_status), set by the caller */
    uint64_t pending;
    uint64_t acked;
    uint64_t quarantined;
    uint64_t locked;
    uint64_t scopes;         /* records held */
    uint64_t scopes_partial; /* of which a download is under way */
    int64_t last_sync_us;    /* stamp clock when a sync last ended well; 0 for never */
    tern_status last_error;  /* of the last sync; TERN_OK */
    /* What the stamp clock is ahead of the wall clock, 0 while that is not known: the server's
     * clock minus this, as last measured; in the boot of that measurement whatever somebody has set
     * the wall clock to since. An answer that was read more than a minute after its request moves
     * it only as far as it proves it wrong. */
    int64_t server_offset_us;
    bool server_offset_known;
    /* The wall clock was off by more than five minutes when a sync last compared it with the
     * server's, or stands more than ten before the latest time of what is here: it has run back, or
     * had run ahead. That it runs ahead is known from a sync on. */
    bool clock_suspect;
    uint64_t stamps_capped; /* own stamps that the server moved */
    uint32_t schema_version;
} tern_replica_status;

TERN_API TERN_MUST_USE tern_status tern_replica_read_status(tern_replica *replica,
                                                            tern_replica_status *ret_status,
                                                            tern_error *error);

/** What is known of the device's clock. */
typedef struct tern_clock_state {
    size_t size;    /* sizeof(tern_clock_state), set by the caller */
    int64_t now_us; /* the stamp clock: the time by the server's word, as far as there is one */
    int64_t server_offset_us; /* as in tern_replica_status, like the next two */
    bool server_offset_known;
    bool clock_suspect;
} tern_clock_state;

/** The part of tern_replica_read_status that costs the same however long the queue is. */
TERN_API TERN_MUST_USE tern_status tern_replica_read_clock(tern_replica *replica,
                                                           tern_clock_state *ret_clock,
                                                           tern_error *error);

/**
 * How far back the replica holds the rows of `table`: what is older is on the server.
 *
 * A schema document may declare a window, such as the last 90 days by `scheduled_time`. Every row
 * granted to the user whose window column holds this time or a later one, or nothing, was here when
 * a sync last ended well. Of older rows only those are here that a waiting or parked edit needs, or
 * another row references. A date counts until its day has ended everywhere, at noon UTC of the day
 * after. The time moves forward with syncs, by the server's clock; it moves back when the document
 * widens the window, once a sync has brought what was missing.
 *
 * @param ret_since_us Microseconds; INT64_MIN: all rows, the table has no window or none has left
 * yet; INT64_MAX: not known, since no sync has ended well.
 * @return TERN_OK, TERN_ERR_UNKNOWN_TABLE, _MISUSE, _IO, _NOMEM.
 */
TERN_API TERN_MUST_USE tern_status tern_replica_read_reach(tern_replica *replica,
                                                           const char *table,
                                                           int64_t *ret_since_us,
                                                           tern_error *error);

#ifdef __cplusplus
}
#endif
#endif

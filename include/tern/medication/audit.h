/**
 * The audit log: what people did in a record, and which values a sync set aside, as one list by
 * time.
 *
 * Acts are rows of audit_logs, written with the act itself. What was set aside comes from the
 * server: where two writers had not seen each other, the value that lost stands here with the one
 * that was kept, and tern_audit_reinstate brings it back.
 */
#ifndef TERN_AUDIT_H
#define TERN_AUDIT_H

#include "tern/medication/message.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Notes that the replica's user, a doctor or a family member, looks at a patient's record: the
 * audit row DATA_ACCESS, in a transaction of its own. To be called where an app opens the record;
 * the reads write nothing themselves.
 *
 * Once a local day of the patient: where this replica has a row of that day, of any device of the
 * user's, none is written, and none of one's own record.
 *
 * @param ret_written Whether a row was written; may be NULL.
 * @return TERN_OK; problems NO_PATIENT (the record is not here), ZONE; the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_audit_access(tern_care *care,
                                                     const tern_id *patient,
                                                     bool *ret_written,
                                                     tern_care_error *error);

/** What happened. The first fourteen are the document's actions, the others the engine's rules. */
typedef enum tern_audit_kind {
    TERN_AUDIT_CONNECTION_REQUEST = 0,
    TERN_AUDIT_CONNECTION_ACCEPT = 1,
    TERN_AUDIT_CONNECTION_REVOKE = 2,
    TERN_AUDIT_PERMISSION_CHANGE = 3,
    TERN_AUDIT_PRESCRIPTION_CREATE = 4,
    TERN_AUDIT_PRESCRIPTION_UPDATE = 5,
    TERN_AUDIT_PRESCRIPTION_CONFIRM = 6,
    TERN_AUDIT_PRESCRIPTION_RETAKE = 7,
    TERN_AUDIT_DOSE_TAKEN = 8,
    TERN_AUDIT_DOSE_SKIPPED = 9,
    TERN_AUDIT_DOSE_MISSED = 10,
    TERN_AUDIT_DATA_ACCESS = 11,
    TERN_AUDIT_NOTIFICATION_SENT = 12,
    TERN_AUDIT_SUBSCRIPTION_CHANGE = 13,
    TERN_AUDIT_LATER = 14,     /* a value made way for a later one */
    TERN_AUDIT_RANK = 15,      /* a guess made way for a record */
    TERN_AUDIT_DEVICE = 16,    /* of two of one moment one was kept */
    TERN_AUDIT_OWN = 17,       /* a value made way for what its own transaction said */
    TERN_AUDIT_DISCARDED = 18, /* its author gave it up */
    TERN_AUDIT_ERASED = 19,
    TERN_AUDIT_UNKNOWN = 20 /* of a later version */
} tern_audit_kind;

/** One entry; borrowed for the callback. Texts are values of TERN_TEXT, or null. */
typedef struct tern_audit_entry {
    tern_id id; /* of a value that was set aside: for tern_audit_reinstate */
    int64_t time_us;
    tern_audit_kind kind;
    bool is_undone;    /* the act took an earlier one back */
    bool is_set_aside; /* no act: what lost, and what was kept */
    tern_id actor;     /* nil: not known */
    tern_value actor_role;
    tern_value table;
    tern_id row;
    tern_value details; /* JSON of an act */
    tern_value unit;    /* of the row, which was set aside: */
    tern_value lost;    /* JSON, column to value */
    tern_value kept;
    int64_t lost_us;
    int64_t kept_us;
} tern_audit_entry;

/** Returns false to stop. Must not call the handle. */
typedef bool (*tern_audit_visitor)(void *context, const tern_audit_entry *entry);

/** Behind which entry a page begins; all zero for the first one. */
typedef struct tern_audit_cursor {
    int64_t time_us;
    tern_id id;
} tern_audit_cursor;

typedef struct tern_audit_query {
    size_t size;           /* sizeof(tern_audit_query) */
    const tern_id *person; /* what they did, and what was set aside in their record; NULL: the
                              replica's user */
    const tern_id *row;    /* what happened to this row instead, whoever did it; NULL: no row */
    uint32_t limit;        /* of a page: 1 to 1,000; 0: 100 */
} tern_audit_query;

/**
 * Visits a page, the newest entry first.
 *
 * @param query    NULL: the user's own, 100 a page.
 * @param cursor   Moved behind the last entry visited.
 * @param ret_more Whether there are more; may be NULL.
 */
TERN_API TERN_MUST_USE tern_status tern_audit_read(tern_care *care,
                                                   const tern_audit_query *query,
                                                   tern_audit_cursor *cursor,
                                                   tern_audit_visitor visitor,
                                                   void *context,
                                                   bool *ret_more,
                                                   tern_care_error *error);

/** The stable name of a kind, such as "DOSE_TAKEN"; "UNKNOWN" for a number not in the list. Static.
 * Any thread. */
TERN_API const char *tern_audit_code(tern_audit_kind kind);

/** What an entry says to a person; as all sentences of tern/medication/message.h. It names nobody
 * and no value. */
TERN_API size_t tern_say_audit(const tern_locale *locale,
                               const tern_audit_entry *entry,
                               char *buffer,
                               size_t size);

#ifdef __cplusplus
}
#endif
#endif

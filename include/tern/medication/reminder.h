/**
 * Reminders: the doses to come as plain data for the platform's local notifications.
 *
 * The next TERN_REMINDERS doses that nobody has recorded have one each, with repeats inside their
 * grace. What was listed before is kept in the replica, in tables named care_, so that a call lists
 * only what differs: a dose recorded, moved, no longer prescribed, or new.
 */
#ifndef TERN_REMINDER_H
#define TERN_REMINDER_H

#include "tern/medication/dose.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TERN_REMINDERS = 100, TERN_REMINDER_REPEATS = 3 };

/** The reminder of one dose; borrowed for the callback. */
typedef struct tern_reminder {
    tern_id dose;      /* names the reminder */
    bool is_cancelled; /* take it back; else set it, in place of an earlier one of the dose */
    int64_t scheduled_us;
    /* When to ring: at the scheduled time, and after each third of the grace. Those that have
     * passed are to be left out. */
    int64_t at_us[1 + TERN_REMINDER_REPEATS];
} tern_reminder;

/** Returns false to stop, and then the cursor stays. Must not call the handle. */
typedef bool (*tern_reminder_visitor)(void *context, const tern_reminder *reminder);

/**
 * Visits the reminders that have changed since a cursor: all there are for 0. To be called after
 * acts and syncs, and when the app starts; a short transaction, which queues nothing.
 *
 * @param patient NULL: the replica's user.
 * @param cursor  Moved once all have been visited. The app keeps it.
 * @return TERN_OK; problem ZONE; the engine's codes, those of a commit among them.
 */
TERN_API TERN_MUST_USE tern_status tern_reminders_read(tern_care *care,
                                                       const tern_id *patient,
                                                       int64_t *cursor,
                                                       tern_reminder_visitor visitor,
                                                       void *context,
                                                       tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif

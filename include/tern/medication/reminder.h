/**
 * Reminders: the doses to come as plain data for the platform's local notifications.
 *
 * The next TERN_REMINDERS doses that nobody has recorded have one each, with repeats inside their
 * grace; among them, by time, are the times of the next 30 days at which the patient has asked to
 * be reminded of a medicine that is taken as needed (tern_medication_set_prn_times). These ring
 * once, and need no dose and no record. What was listed before is kept in the replica, in a table
 * named care_, so that a call lists only what differs: a dose recorded, moved, no longer
 * prescribed, or new, or one that says another name or dosage, and all of them where a sync has
 * found the device's clock more than half a minute from where it was. A cursor names what its
 * reader was told; where that is not what this file listed last, all are listed, and the call says
 * so.
 */
#ifndef TERN_REMINDER_H
#define TERN_REMINDER_H

#include "tern/medication/dose.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TERN_REMINDERS = 100, TERN_REMINDER_REPEATS = 3 };

/** One reminder; borrowed for the callback. */
typedef struct tern_reminder {
    tern_id dose; /* names the reminder; of a PRN one it is derived alike, but no dose has it */
    bool is_cancelled; /* take it back; else set it, in place of an earlier one of that name */
    int64_t scheduled_us;
    /* When to ring, by the wall clock of the device: as it shows the scheduled time, and after each
     * third of the grace. Where a sync has found that clock wrong, they are that far from
     * scheduled_us. Those that have passed are to be left out. */
    int64_t at_us[1 + TERN_REMINDER_REPEATS];
    int32_t rings;      /* how many of these there are: all, or 1 of a PRN reminder */
    bool is_prn;        /* of a time that the patient has set; what is taken is recorded with
                         * tern_dose_take_prn */
    tern_id medication; /* nil of one that is cancelled */
    /* What a notification says: values of TERN_TEXT, or null; all null of one that is cancelled. */
    tern_value medicine_name;
    tern_value medicine_name_khmer;
    tern_value dosage; /* JSON; null of what is scheduled by words, and as needed */
} tern_reminder;

/** Returns false to stop, and then the cursor stays. Must not call the handle. */
typedef bool (*tern_reminder_visitor)(void *context, const tern_reminder *reminder);

/**
 * Visits the reminders that have changed since a cursor, or all there are. To be called after acts
 * and syncs, and when the app starts; a short transaction, which queues nothing.
 *
 * The app obeys what it is told, where ret_is_all is true removes what it has set for this patient
 * and was not named, and keeps the cursor then. It keeps one for each patient.
 *
 * @param patient NULL: the replica's user.
 * @param cursor  0 at first; of other values none is greater than another. Moved once all have been
 * visited. Any but the one that the last read of this patient gave is as good as 0: one of another
 * file, of after the copy that the file was put back to, or of before a read that did not finish.
 * An app that puts a copy back itself begins again with 0, and so does one whose platform says that
 * its clock was set, or that keeps less than it is given (iOS): what rang early by a clock that was
 * ahead is set again so.
 * @param ret_is_all All there are were visited, none of them cancelled: always for 0; false where
 * the visitor stopped.
 * @return TERN_OK; MISUSE, where a place for what is told is missing; problem ZONE; the engine's
 * codes, those of a commit among them.
 */
TERN_API TERN_MUST_USE tern_status tern_reminders_read(tern_care *care,
                                                       const tern_id *patient,
                                                       int64_t *cursor,
                                                       tern_reminder_visitor visitor,
                                                       void *context,
                                                       bool *ret_is_all,
                                                       tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif

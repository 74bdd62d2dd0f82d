/**
 * Doses: a local day's list, and what a person does with them.
 *
 * The windows that tell on time from late, early and missed: docs/MEDICATION.md. Each act is a
 * recorded transaction of its own, with its audit row, and the patient's: problem NOT_PATIENT for
 * everybody else (care.h).
 */
#ifndef TERN_DOSE_H
#define TERN_DOSE_H

#include "tern/medication/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tern_dose_status {
    TERN_DOSE_DUE = 0,
    TERN_DOSE_TAKEN_ON_TIME = 1,
    TERN_DOSE_TAKEN_LATE = 2,
    TERN_DOSE_MISSED = 3, /* read of a DUE one whose grace has passed, or said by an import */
    TERN_DOSE_SKIPPED = 4
} tern_dose_status;

/** One dose of a list; borrowed for the callback. Texts are not NUL-terminated values of TERN_TEXT,
 * or null. */
typedef struct tern_dose {
    tern_id id;
    tern_id prescription;
    tern_id medication;
    int64_t scheduled_us;
    tern_value slot;
    tern_time_period period;
    tern_value reminder_time;
    int32_t grace_minutes;
    tern_dose_status status;
    int64_t taken_us; /* 0: not taken */
    tern_value skip_reason;
    tern_value flags; /* words between spaces: EARLY, AFTER_24H, AHEAD, CLOCK, UNDONE */
    bool was_offline;
    tern_value medicine_name;
    tern_value medicine_name_khmer;
    tern_value dosage; /* a JSON object; null where the dose has no slot of the day, or no dosage */
} tern_dose;

/** Returns false to stop. Must not call the handle. */
typedef bool (*tern_dose_visitor)(void *context, const tern_dose *dose);

/**
 * Visits the doses of a local day by time: all with a record, those that an import says were
 * missed, and those that their prescription still yields, or yielded when their grace ended.
 *
 * @param patient    NULL: the replica's user.
 * @param local_date YYYY-MM-DD.
 * @return TERN_OK; problem DATE or ZONE; the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_dose_list(tern_care *care,
                                                  const tern_id *patient,
                                                  const char *local_date,
                                                  tern_dose_visitor visitor,
                                                  void *context,
                                                  tern_care_error *error);

/**
 * Visits one dose as its day's list would, such as the one that a notification names.
 *
 * @return TERN_OK; problems NO_DOSE (also one that the list leaves out), ZONE; the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_dose_read(tern_care *care,
                                                  const tern_id *dose,
                                                  tern_dose_visitor visitor,
                                                  void *context,
                                                  tern_care_error *error);

typedef struct tern_dose_act {
    size_t size; /* sizeof(tern_dose_act) */
    /* When it was taken, in the years 1 to 9999; 0: now. By the stamp clock, as all times that are
     * read: one of the device's wall clock is moved by the server_offset_us of
     * tern_replica_read_clock. Up to five minutes ahead of now it is taken as it is. */
    int64_t taken_us;
    bool insist;      /* store and flag what lies outside the windows */
    bool was_offline; /* the app had no network */
} tern_dose_act;

/**
 * Records a dose as taken; on time or late is a matter of `taken_us`. One taken as needed that was
 * undone is on time again.
 *
 * @param act        NULL: now.
 * @param ret_status TAKEN_ON_TIME or TAKEN_LATE; may be NULL.
 * @return TERN_OK; problems NO_DOSE, NOT_PATIENT, RECORDED, DATE (`taken_us` is in none of those
 * years, whether the caller insists or not), TOO_EARLY, TOO_LATE, AHEAD; the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_dose_take(tern_care *care,
                                                  const tern_id *dose,
                                                  const tern_dose_act *act,
                                                  tern_dose_status *ret_status,
                                                  tern_care_error *error);

/** Records a dose as skipped. `reason` may be NULL. Problems NO_DOSE, NOT_PATIENT, RECORDED;
 * NOT_TEXT and TOO_LONG of the reason. */
TERN_API TERN_MUST_USE tern_status tern_dose_skip(tern_care *care,
                                                  const tern_id *dose,
                                                  const char *reason,
                                                  bool was_offline,
                                                  tern_care_error *error);

/** Takes a record back: the dose is DUE again, by a person's word, and has the flag UNDONE.
 * Problems NO_DOSE, NOT_PATIENT, NOT_RECORDED. */
TERN_API TERN_MUST_USE tern_status tern_dose_undo(tern_care *care,
                                                  const tern_id *dose,
                                                  tern_care_error *error);

/**
 * Records a dose of a medication that is taken as needed.
 *
 * @param ret_dose Its id; may be NULL.
 * @return TERN_OK; problems NO_MEDICATION, NOT_PATIENT, NOT_PRN, STATUS (the prescription is not
 * active), DATE and AHEAD as above, RECORDED (one of that very second has a record), ZONE; the
 * engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_dose_take_prn(tern_care *care,
                                                      const tern_id *medication,
                                                      const tern_dose_act *act,
                                                      tern_id *ret_dose,
                                                      tern_care_error *error);

/** How far storing missed doses has come; all zero to begin with. It may be kept, or begun anew. */
typedef struct tern_missed_cursor {
    int64_t scheduled_us;
    tern_id dose;
} tern_missed_cursor;

/**
 * Stores MISSED for doses whose grace has passed and that their prescription yields: an inferred
 * transaction, which walks at most `limit` doses from the cursor on, those with a record included,
 * and one more for those of each entry that waits, as in tern_schedule_generate.
 * It yields to every record, and to what is prescribed: its row has the flag INFERRED, and is read
 * here as if it were DUE still. For a patient, or a job: of another user, as a doctor, the server
 * takes no doses.
 *
 * @param patient    NULL: the replica's user.
 * @param limit      1 to 10,000.
 * @param cursor     Where to go on; moved once all is stored.
 * @param ret_missed How many were stored; may be NULL.
 * @param ret_more   Whether a further call has more to look at.
 * @return TERN_OK; problem ZONE; the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_doses_infer_missed(tern_care *care,
                                                           const tern_id *patient,
                                                           uint32_t limit,
                                                           tern_missed_cursor *cursor,
                                                           uint32_t *ret_missed,
                                                           bool *ret_more,
                                                           tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif

/**
 * Medications on their own: what is taken now, what is taken as needed, and what has no schedule
 * and why.
 */
#ifndef TERN_MEDICATION_H
#define TERN_MEDICATION_H

#include "tern/medication/care.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Whether a medication has doses to come, and if not, why. */
typedef enum tern_medication_state {
    TERN_MEDICATION_SCHEDULED = 0,
    TERN_MEDICATION_PRN = 1,      /* taken as needed */
    TERN_MEDICATION_WORDS = 2,    /* no schedule can be made of its words, or of its start */
    TERN_MEDICATION_TIMELESS = 3, /* it has neither dosages nor words */
    TERN_MEDICATION_TO_COME = 4,  /* its first day has not come */
    TERN_MEDICATION_OVER = 5,     /* its last day has passed */
    TERN_MEDICATION_INACTIVE = 6, /* its prescription is not in force */
    TERN_MEDICATION_SNAPSHOT = 7, /* as a version has it: not asked */
    TERN_MEDICATION_DOSAGE = 8 /* what stands for a dosage is no JSON object: its slot is left out,
                                  and the others have doses */
} tern_medication_state;

/** One medication; borrowed for the callback. Texts are values of TERN_TEXT, or null. */
typedef struct tern_medication {
    tern_id id;
    tern_id prescription;
    int32_t row_number;
    tern_value name;
    tern_value name_khmer;
    tern_value image_url;
    tern_value morning_dosage; /* JSON, also where it is no dosage */
    tern_value daytime_dosage;
    tern_value night_dosage;
    tern_value frequency;
    tern_value timing;
    int32_t duration_days; /* 0: open */
    bool is_prn;
    tern_value prn_times; /* JSON: the patient's times to be reminded at, "HH:MM"; null: none */
    tern_medication_state state;
} tern_medication;

/** Returns false to stop. Must not call the handle. */
typedef bool (*tern_medication_visitor)(void *context, const tern_medication *medication);

/** Visits one medication. Problems NO_MEDICATION, ZONE. */
TERN_API TERN_MUST_USE tern_status tern_medication_read(tern_care *care,
                                                        const tern_id *medication,
                                                        tern_medication_visitor visitor,
                                                        void *context,
                                                        tern_care_error *error);

/**
 * Visits the medications of a patient's active prescriptions, as their prescriptions list them.
 *
 * @param patient NULL: the replica's user.
 * @param states  A set of bits `1u << TERN_MEDICATION_...`; 0: all.
 * @return TERN_OK; problem ZONE; the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_medication_list(tern_care *care,
                                                        const tern_id *patient,
                                                        unsigned states,
                                                        tern_medication_visitor visitor,
                                                        void *context,
                                                        tern_care_error *error);

enum { TERN_PRN_TIMES_MAX = 24 };

/** The minutes of the day 07:00, 12:00, 18:00 and 21:00. */
#define TERN_PRN_PRESETS                                                                           \
    {                                                                                              \
        7 * 60, 12 * 60, 18 * 60, 21 * 60                                                          \
    }

/**
 * Sets the times of the patient's day at which to be reminded of a medicine that is taken as
 * needed, in place of those there are; without any it has no reminders. It is the patient's to
 * call. A recorded transaction with its audit row; clinicians' edits leave the times alone.
 *
 * @param minutes Of the day, 0 to 1,439, in any order; one that is given twice counts once. May be
 * NULL where `count` is 0.
 * @param count   At most TERN_PRN_TIMES_MAX; 0: no reminders.
 * @return TERN_OK; problems NO_MEDICATION, NOT_PRN, NOT_PATIENT (the record is another's), PRN_TIME
 * (its first number says which); the engine's codes.
 */
TERN_API TERN_MUST_USE tern_status tern_medication_set_prn_times(tern_care *care,
                                                                 const tern_id *medication,
                                                                 const int32_t *minutes,
                                                                 size_t count,
                                                                 tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif

/**
 * The handle of the medication calls, and how they fail.
 *
 * In another's record a doctor prescribes, and a family member writes nothing; to record doses and
 * to set times to be reminded at is the patient's alone. What the server would not take for that
 * reason is refused at the call, as problem NOT_PATIENT, by the role that the user's own row has
 * here; without that row it is left to the server. So are the guesses (tern_schedule_generate,
 * tern_doses_infer_missed), which a job makes whose token alone says that it may.
 *
 * A call is one short transaction, or one read; after a failure nothing has changed. Where what is
 * guessed is of medications that the server has and of such as it has not, what waits for one entry
 * is a transaction of its own (tern_schedule_generate, tern_doses_infer_missed, and settings.h);
 * what a call that fails has stored until then stays, and called again it goes on. Calls of one
 * handle are made by one thread at a time, and outside any transaction of that thread.
 */
#ifndef TERN_CARE_H
#define TERN_CARE_H

#include "tern/medication/zone.h"
#include "tern/replica.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What stood in the way, in this layer's terms. The numbers and codes never change once released.
 */
typedef enum tern_problem {
    TERN_PROBLEM_NONE = 0,            /* the engine failed: `error.status` says how */
    TERN_PROBLEM_NO_DOSE = 1,         /* no such dose */
    TERN_PROBLEM_NO_MEDICATION = 2,   /* no such medication */
    TERN_PROBLEM_NO_PRESCRIPTION = 3, /* no such prescription */
    TERN_PROBLEM_NO_PATIENT = 4,      /* no such user here */
    TERN_PROBLEM_TOO_EARLY = 5,       /* first: minutes before the scheduled time; second: grace */
    TERN_PROBLEM_TOO_LATE = 6,        /* first: minutes after the scheduled time */
    TERN_PROBLEM_AHEAD = 7,           /* taken over five minutes from now; first: how many */
    TERN_PROBLEM_RECORDED = 8,        /* the dose has a record; undo it first */
    TERN_PROBLEM_NOT_RECORDED = 9,    /* nothing to undo */
    TERN_PROBLEM_NOT_PRN = 10,        /* the medication is scheduled */
    TERN_PROBLEM_STATUS = 11,         /* the prescription's status does not allow it */
    TERN_PROBLEM_REASON = 12,         /* a change needs a reason */
    TERN_PROBLEM_URGENT_REASON = 13,  /* an urgent one needs an urgent reason */
    TERN_PROBLEM_NO_MEDICATIONS = 14, /* a prescription of nothing */
    TERN_PROBLEM_GRACE = 15,          /* first: minutes; 10, 20, 30 or 60 are allowed */
    TERN_PROBLEM_MEAL_TIME = 16,      /* no time of a meal */
    TERN_PROBLEM_ZONE = 17,           /* the patient's time zone is unknown here */
    TERN_PROBLEM_DATE = 18,           /* a date that does not exist */
    TERN_PROBLEM_QUOTA = 19,          /* first: bytes used; second: bytes allowed */
    TERN_PROBLEM_SETTING = 20,        /* a value that the setting does not have */
    TERN_PROBLEM_NO_VERSION = 21,     /* no such version of the prescription */
    TERN_PROBLEM_NO_ALERT = 22,       /* no such alert */
    /* Another's version reached the server first; or, of an edit that was not made at all, came
     * here after the one that it was written from; first: the current one's number then, else 0. */
    TERN_PROBLEM_OVERTAKEN = 23,
    TERN_PROBLEM_END_DATE = 24,    /* of a prescription or a query, before the start */
    TERN_PROBLEM_PRN_TIME = 25,    /* no time of the day, or too many; first: which, from 0 */
    TERN_PROBLEM_NOT_PATIENT = 26, /* in another's record, where the server would not take it */
    /* Of what was entered; first: which tern_field; second: of which medicine,
     * from 1, or 0 of the prescription itself. */
    TERN_PROBLEM_MISSING = 27,
    TERN_PROBLEM_TOO_LONG = 28,
    TERN_PROBLEM_OUT_OF_RANGE = 29, /* a number */
    TERN_PROBLEM_CHOICE = 30,       /* none of those that there are */
    TERN_PROBLEM_DOSAGE = 31,       /* none that tern_medicine allows */
    TERN_PROBLEM_NOT_TEXT = 32,     /* no UTF-8 */
    TERN_PROBLEM_TIMES = 33         /* not as many times of the day as the frequency says */
} tern_problem;

/** What can be entered, in a prescription most of all; a text of which nothing else is said has at
 * most 10,000 characters. The numbers never change once released. */
typedef enum tern_field {
    TERN_FIELD_NONE = 0,
    TERN_FIELD_PATIENT_NAME = 1,   /* at most 200 characters */
    TERN_FIELD_PATIENT_GENDER = 2, /* MALE, FEMALE, OTHER */
    TERN_FIELD_PATIENT_AGE = 3,    /* at most 150 */
    TERN_FIELD_SYMPTOMS = 4,
    TERN_FIELD_DIAGNOSIS = 5,
    TERN_FIELD_URGENT_REASON = 6,
    TERN_FIELD_CHANGE_REASON = 7,
    TERN_FIELD_MEDICINE_NAME = 8,       /* at most 255 characters */
    TERN_FIELD_MEDICINE_NAME_KHMER = 9, /* likewise */
    TERN_FIELD_IMAGE_URL = 10,
    TERN_FIELD_MORNING_DOSAGE = 11,
    TERN_FIELD_DAYTIME_DOSAGE = 12,
    TERN_FIELD_NIGHT_DOSAGE = 13,
    TERN_FIELD_FREQUENCY = 14,  /* at most 100 characters */
    TERN_FIELD_TIMING = 15,     /* likewise */
    TERN_FIELD_DURATION = 16,   /* not below 0 */
    TERN_FIELD_SKIP_REASON = 17 /* of a dose */
} tern_field;

/** Filled by the call that failed; the caller owns it and may leave it undefined before. */
typedef struct tern_care_error {
    tern_error error;     /* the engine's terms: a status, and a message for developers */
    tern_problem problem; /* this layer's */
    int64_t first;        /* numbers that belong to the problem, as said there */
    int64_t second;
} tern_care_error;

/** The stable upper-case name of a problem, such as "TOO_EARLY"; "UNKNOWN" for a number not in the
 * list. Static. Any thread. */
TERN_API const char *tern_problem_code(tern_problem problem);

typedef struct tern_care tern_care;

typedef struct tern_care_options {
    size_t size;                 /* sizeof(tern_care_options) */
    const tern_zone_port *zones; /* copied; tern_posix_zones has one */
} tern_care_options;

/**
 * Makes a handle over a replica of the schema document "dastern", which outlives it.
 *
 * @param ret_care Closed with tern_care_close.
 * @return TERN_OK, TERN_ERR_MISUSE, _SQL or _UNKNOWN_TABLE (a replica of another document), _NOMEM.
 */
TERN_API TERN_MUST_USE tern_status tern_care_open(tern_replica *replica,
                                                  const tern_care_options *options,
                                                  tern_care **ret_care,
                                                  tern_care_error *error);
/** Closes; NULL is accepted. */
TERN_API void tern_care_close(tern_care *care);

#ifdef __cplusplus
}
#endif
#endif

/**
 * The schedule: from what was prescribed to the moments of its doses, as a pure function; and their
 * rows, for the days to come.
 *
 * The rules, and the words in which timings stand that are not three slots a day:
 * docs/MEDICATION.md.
 */
#ifndef TERN_SCHEDULE_H
#define TERN_SCHEDULE_H

#include "tern/medication/care.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TERN_SLOT_MORNING = 1, TERN_SLOT_DAYTIME = 2, TERN_SLOT_NIGHT = 4 };

enum { TERN_SCHEDULE_DAYS = 30 }; /* how far ahead rows are made, this day included */

/** What was prescribed of one medicine. Texts are NUL-terminated and borrowed. */
typedef struct tern_regimen {
    size_t size;             /* sizeof(tern_regimen) */
    const char *zone;        /* the patient's */
    const char *start_date;  /* YYYY-MM-DD, the first day */
    const char *end_date;    /* the last day; NULL: open */
    int32_t duration_days;   /* 0: open */
    unsigned slots;          /* set of TERN_SLOT_...: those that have a dosage */
    unsigned before_meal;    /* those of them that come before the meal */
    const char *frequency;   /* in words; NULL: none */
    const char *timing;      /* in words; NULL: none */
    bool is_prn;             /* taken as needed: never scheduled */
    int32_t meal_minutes[3]; /* of the day: morning, afternoon, night; doses that are hours apart
                                are counted from the morning of the first day */
    int32_t grace_minutes;
} tern_regimen;

typedef enum tern_time_period { TERN_PERIOD_DAYTIME = 0, TERN_PERIOD_NIGHT = 1 } tern_time_period;

/** One dose to come; borrowed for the callback. */
typedef struct tern_planned_dose {
    char local_date[11]; /* YYYY-MM-DD; with `slot` and the medication, its key */
    char slot[9];        /* MORNING, DAYTIME, NIGHT, or HH:MM */
    int64_t scheduled_us;
    tern_time_period period;
    char reminder_time[6]; /* HH:MM that the patient's clock will show */
    int32_t grace_minutes;
} tern_planned_dose;

/** Returns false to stop. */
typedef bool (*tern_planned_dose_visitor)(void *context, const tern_planned_dose *dose);

/**
 * Visits the doses of `days` local days from `first_date` on, by day, and within it as the words or
 * slots give them. Looks at nothing but its arguments.
 *
 * @param ret_understood False where the words are none that a schedule can be made of, and then no
 * dose is visited; may be NULL.
 * @return TERN_OK, TERN_ERR_MISUSE, _RANGE (a date, a meal, `days` above 400, a duration or grace
 * below 0), or what the zone's port says.
 */
TERN_API TERN_MUST_USE tern_status tern_schedule_plan(const tern_zone_port *zones,
                                                      const tern_regimen *regimen,
                                                      const char *first_date,
                                                      uint32_t days,
                                                      tern_planned_dose_visitor visitor,
                                                      void *context,
                                                      bool *ret_understood,
                                                      tern_error *error);

/** Reads a meal time: "7:00", "07:30PM", or a range such as "6-7AM", of which the middle is meant.
 * False, and `ret_minutes` untouched, for anything else, as where an argument is missing. Any
 * thread. */
TERN_API bool tern_meal_parse(const char *text, int32_t *ret_minutes);

/** What a run of the generator did. */
typedef struct tern_schedule_report {
    uint32_t made;        /* rows inserted */
    uint32_t moved;       /* future rows without a record, moved to another time */
    uint32_t unscheduled; /* medications whose words are none that a schedule can be made of, or of
                             which a dosage is none, or that begin on no day of the calendar:
                             TERN_MEDICATION_WORDS, _DOSAGE */
} tern_schedule_report;

/**
 * Makes the rows of a patient's doses for TERN_SCHEDULE_DAYS days, this one included, and of what
 * is still to come of the day before (a night's dose may be due behind midnight), and moves
 * future ones without a record where their time has changed. An inferred transaction for the
 * medications that the server has, and one for those that an entry inserted which still waits:
 * where that is refused, the others' doses stand. Running it again, anywhere, makes nothing twice.
 * For a patient, or a job: of another user, as a doctor, the server takes no doses.
 *
 * @param patient    NULL: the replica's user.
 * @param ret_report May be NULL.
 * @return TERN_OK; problems NO_PATIENT, ZONE; the port's other codes, or those of a commit.
 */
TERN_API TERN_MUST_USE tern_status tern_schedule_generate(tern_care *care,
                                                          const tern_id *patient,
                                                          tern_schedule_report *ret_report,
                                                          tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif

/**
 * Adherence: how many of the doses that were due were taken.
 *
 * Taken (on time or late) of scheduled; scheduled are doses with a record, and those whose grace
 * has passed unrecorded. Doses taken as needed are left out, and those that their prescription no
 * longer yields. Sums are kept by day beside the rows, in tables of this library named care_, and
 * worked on by a read: a year costs no look at its doses. docs/adr/0015-adherence.md.
 */
#ifndef TERN_ADHERENCE_H
#define TERN_ADHERENCE_H

#include "tern/medication/dose.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TERN_ADHERENCE_DAYS = 30 }; /* of a read that names no first day, its last one included */

/** What a sum is of. */
typedef enum tern_adherence_by {
    TERN_ADHERENCE_ALL = 0,       /* one sum, also of nothing */
    TERN_ADHERENCE_DAY = 1,       /* one for each local day that has any, in their order */
    TERN_ADHERENCE_PERIOD = 2,    /* by time of the day */
    TERN_ADHERENCE_MEDICATION = 3 /* one for each medication that has any */
} tern_adherence_by;

typedef struct tern_adherence_query {
    size_t size;               /* sizeof(tern_adherence_query) */
    const tern_id *patient;    /* NULL: the replica's user */
    const tern_id *medication; /* NULL: all together */
    const char *first_date;    /* YYYY-MM-DD; NULL: TERN_ADHERENCE_DAYS up to the last one */
    const char *last_date;     /* NULL, and at most: today where the patient is */
    tern_adherence_by by;
} tern_adherence_query;

/** A sum; borrowed for the callback. What it is not asked by is "", nil and DAYTIME. */
typedef struct tern_adherence {
    char local_date[11];
    tern_id medication;
    tern_time_period period;
    int64_t on_time;
    int64_t late;
    int64_t skipped;
    int64_t missed;
    int64_t taken;     /* on_time + late */
    int64_t scheduled; /* and skipped and missed */
} tern_adherence;

/** Returns false to stop. Must not call the handle. */
typedef bool (*tern_adherence_visitor)(void *context, const tern_adherence *adherence);

/**
 * Visits sums over whole local days; a dose of today counts once it has a record or its grace has
 * passed.
 *
 * Days whose doses have changed since, or whose prescription has, are summed again first, in short
 * transactions; what a crash interrupts goes on with the next read.
 *
 * @param query       NULL: all of the replica's user, the last TERN_ADHERENCE_DAYS days.
 * @param ret_is_whole False where the days asked for reach back to before the rows that this
 * replica had when its sums were first made; may be NULL.
 * @return TERN_OK; problems DATE, END_DATE (last_date is before first_date), ZONE; the engine's
 * codes, those of a commit among them.
 */
TERN_API TERN_MUST_USE tern_status tern_adherence_read(tern_care *care,
                                                       const tern_adherence_query *query,
                                                       tern_adherence_visitor visitor,
                                                       void *context,
                                                       bool *ret_is_whole,
                                                       tern_care_error *error);

/** Forgets all sums, which the next reads make anew from the rows. Days of which the rows have left
 * the replica are lost. */
TERN_API TERN_MUST_USE tern_status tern_adherence_rebuild(tern_care *care, tern_care_error *error);

#ifdef __cplusplus
}
#endif
#endif

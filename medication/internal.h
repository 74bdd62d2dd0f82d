/**
 * What the calls share: the handle with its compiled statements, failures, the audit row, and the
 * regimen as statements bring it.
 *
 * Every transaction begun here ends here. Statements are compiled once for a handle, and reset
 * before each use and after it.
 */
#ifndef TRN_MEDICATION_INTERNAL_H
#define TRN_MEDICATION_INTERNAL_H

#include "medication/calendar.h"
#include "medication/source.h"
#include "tern/medication/care.h"
#include "tern/medication/dose.h"
#include "tern/medication/medication.h"

/** The statements; their texts are in sql.c. Those before TRN_SQL_READS only read. */
enum trn_sql {
    TRN_SQL_NOW,
    TRN_SQL_PATIENT,
    TRN_SQL_DAY,
    TRN_SQL_DOSE_READ,
    TRN_SQL_FATE,
    TRN_SQL_REGIMENS,
    TRN_SQL_PLANNED,
    TRN_SQL_HAS_DOSES,
    TRN_SQL_DOSE,
    TRN_SQL_BEGINNINGS,
    TRN_SQL_WAITING,
    TRN_SQL_PASSED,
    TRN_SQL_MEDICATION,
    TRN_SQL_PRN_TIMES,
    TRN_SQL_DOSAGE,
    TRN_SQL_WORDS_STAND,
    TRN_SQL_TEXT_STANDS,
    TRN_SQL_PRESCRIPTION,
    TRN_SQL_MEDICATIONS,
    TRN_SQL_SETTINGS,
    TRN_SQL_SUMS_NOTED,
    TRN_SQL_SUMS_AGAIN,
    TRN_SQL_SUMS_HAS,
    TRN_SQL_SUMS_ALL,
    TRN_SQL_SUMS_BY_DAY,
    TRN_SQL_SUMS_BY_PERIOD,
    TRN_SQL_SUMS_BY_MEDICATION,
    TRN_SQL_SUMS_ONE_ALL,
    TRN_SQL_SUMS_ONE_BY_DAY,
    TRN_SQL_SUMS_ONE_BY_PERIOD,
    TRN_SQL_SUMS_ONE_BY_MEDICATION,
    TRN_SQL_REMINDERS,
    TRN_SQL_REMINDER_GONE,
    TRN_SQL_REMINDERS_TOLD,
    TRN_SQL_PRESCRIPTION_LIST,
    TRN_SQL_PRESCRIPTION_READ,
    TRN_SQL_VERSIONS,
    TRN_SQL_SNAPSHOT,
    TRN_SQL_REFUSED,
    TRN_SQL_MEDICATION_READ,
    TRN_SQL_MEDICATION_LIST,
    TRN_SQL_AUDIT,
    TRN_SQL_AUDIT_OF_ROW,
    TRN_SQL_RECIPIENT,
    TRN_SQL_ROLE,
    TRN_SQL_ALERT_DOSES,
    TRN_SQL_ALERT_CHANGES,
    TRN_SQL_ALERT_ENDS,
    TRN_SQL_ALERTS,
    TRN_SQL_ALERT_COUNT,
    TRN_SQL_ALERT,
    TRN_SQL_QUOTA,
    TRN_SQL_ENDED,
    TRN_SQL_ACCESSED,
    TRN_SQL_READS,
    TRN_SQL_DOSE_MOVE = TRN_SQL_READS,
    TRN_SQL_DOSE_RECORD,
    TRN_SQL_DOSE_MISS,
    TRN_SQL_PRN_INSERT,
    TRN_SQL_ACTION,
    TRN_SQL_BEGINNING,
    TRN_SQL_TURN,
    TRN_SQL_LAST_TURN,
    TRN_SQL_VERSION,
    TRN_SQL_VERSION_BEFORE, /* of one that came without, such as an import */
    TRN_SQL_RETAKE,
    TRN_SQL_RETAKE_MEDICATIONS,
    TRN_SQL_ALERT_INSERT,
    TRN_SQL_ALERT_READ,
    TRN_SQL_ALERTS_READ,
    TRN_SQL_SUMS_SINCE, /* of a table of one row, as the next */
    TRN_SQL_SUMS_MARKED,
    TRN_SQL_SUMS_MARK,
    TRN_SQL_SUMS_REMARK,
    TRN_SQL_SUMS_ADD,
    TRN_SQL_SUMS_TOTAL,
    TRN_SQL_SUMS_DATE,
    TRN_SQL_SUMS_MONTH,
    TRN_SQL_SUMS_DROP_DAY,
    TRN_SQL_SUMS_DROP_TOTAL,
    TRN_SQL_SUMS_DROP_DATE,
    TRN_SQL_SUMS_DROP_MONTH,
    TRN_SQL_SUMS_DONE,
    TRN_SQL_SUMS_GONE_DAYS,
    TRN_SQL_SUMS_GONE_TOTALS,
    TRN_SQL_SUMS_GONE_MONTHS,
    TRN_SQL_SUMS_GONE_DATES,
    TRN_SQL_SUMS_GONE_AGAIN,
    TRN_SQL_SUMS_GONE_NOTES,
    TRN_SQL_SUMS_AGAIN_RULES,
    TRN_SQL_SUMS_AGAIN_DAYS,
    TRN_SQL_SUMS_FORGET_RULES,
    TRN_SQL_SUMS_FORGET_DAYS,
    TRN_SQL_REMINDER_PUT,
    TRN_SQL_REMINDER_NAME,
    TRN_SQL_REMINDER_TIDY,
    TRN_SQL_REMINDER_DROP,
    TRN_SQL_COUNT
};

const char *trn_sql_text(enum trn_sql which);

/** Long enough for the name of a zone, with its end. */
enum { TRN_ZONE_BYTES = 65 };

/** An answer of the zones' port. */
struct trn_offset {
    char zone[TRN_ZONE_BYTES]; /* "": none yet */
    int64_t utc_us;
    int32_t offset_s;
};

enum { TRN_OFFSETS = 4 };

struct tern_care {
    tern_replica *replica;
    tern_zone_port zones; /* the host's, with its last answers remembered */
    tern_zone_port host_zones;
    struct trn_offset offsets[TRN_OFFSETS];
    size_t next_offset;
    tern_id user;
    bool has_sums; /* those of adherence are there, and of this library's definition */
    tern_statement *statements[TRN_SQL_COUNT];
};

/* ---- Failures ---- */

/** The engine's part, for the engine to fill; NULL for NULL. */
tern_error *trn_engine_error(tern_care_error *error);
/** Forgets an earlier call's cause. */
void trn_care_clear(tern_care_error *error);
/** Notes a problem of this layer and returns the status that it goes with. */
TERN_MUST_USE tern_status trn_problem(tern_care_error *error,
                                      tern_problem problem,
                                      int64_t first,
                                      int64_t second);
/** Notes that memory ran out. */
TERN_MUST_USE tern_status trn_care_nomem(tern_care_error *error);
/** Notes that a function was called without what it needs. */
TERN_MUST_USE tern_status trn_care_misuse(tern_care_error *error, const char *function);

/* ---- Statements ---- */

/** The statement, compiled if need be, reset, and with its `count` parameters bound. */
TERN_MUST_USE tern_status trn_care_bind(tern_care *care,
                                        enum trn_sql which,
                                        const tern_value *values,
                                        size_t count,
                                        tern_statement **ret_statement,
                                        tern_care_error *error);
/** Binds and runs one that returns no rows. */
TERN_MUST_USE tern_status trn_care_run(tern_care *care,
                                       enum trn_sql which,
                                       const tern_value *values,
                                       size_t count,
                                       tern_care_error *error);
/** Binds and says whether there is a row. */
TERN_MUST_USE tern_status trn_care_has(tern_care *care,
                                       enum trn_sql which,
                                       const tern_value *values,
                                       size_t count,
                                       bool *ret_has,
                                       tern_care_error *error);
/** Binds and runs to the first row. Without one the problem `missing`, and nothing is left to
 * reset; with one the caller resets. */
TERN_MUST_USE tern_status trn_care_row(tern_care *care,
                                       enum trn_sql which,
                                       const tern_value *values,
                                       size_t count,
                                       tern_problem missing,
                                       tern_statement **ret_statement,
                                       tern_care_error *error);

/** What is done with a row; `ret_more` is true before, and false stops. */
typedef tern_status (*trn_row_reader)(void *run,
                                      tern_statement *row,
                                      bool *ret_more,
                                      tern_care_error *error);
/** Binds, and hands on each row. Without one the problem `missing`, if it is one. */
TERN_MUST_USE tern_status trn_care_each(tern_care *care,
                                        enum trn_sql which,
                                        const tern_value *values,
                                        size_t count,
                                        tern_problem missing,
                                        trn_row_reader reader,
                                        void *run,
                                        tern_care_error *error);

/** Begins a recorded or an inferred transaction. */
TERN_MUST_USE tern_status trn_care_begin(tern_care *care,
                                         bool inferred,
                                         tern_tx **ret_tx,
                                         tern_care_error *error);
/** Commits if `status` is TERN_OK, else rolls back; the status that the call returns. */
TERN_MUST_USE tern_status trn_care_end(tern_tx *tx, tern_status status, tern_care_error *error);

/** The engine's stamp clock. */
TERN_MUST_USE tern_status trn_care_now(tern_care *care,
                                       int64_t *ret_now_us,
                                       tern_care_error *error);

/** Writes the audit row of an action of the user's. `details` is JSON or NULL. */
TERN_MUST_USE tern_status trn_care_action(tern_care *care,
                                          const char *action,
                                          const char *table,
                                          const tern_id *row,
                                          const char *details,
                                          tern_care_error *error);

/** Writes a version of the prescription as it stands now, by the user. The reason may be NULL or
 * empty. */
TERN_MUST_USE tern_status trn_version_write(tern_care *care,
                                            const tern_id *prescription,
                                            int32_t version,
                                            const char *reason,
                                            tern_care_error *error);

/** Refuses what would take a record past its quota by so many bytes, as problem QUOTA. */
TERN_MUST_USE tern_status trn_quota_check(tern_care *care,
                                          const tern_id *patient,
                                          int64_t bytes,
                                          tern_care_error *error);

/* ---- Turns ---- */

/** Writes that a prescription of that status begins to be taken, or ceases, as trn_turns_make. */
TERN_MUST_USE tern_status trn_care_turn(tern_care *care,
                                        const tern_id *prescription,
                                        const char *status_now,
                                        bool begins,
                                        int64_t now_us,
                                        tern_care_error *error);

/* ---- Regimens ---- */

/** Columns of a medication, as trn_medication_read takes them. */
enum { TRN_MEDICATION_COLUMNS = 14 };

/** Reads the TRN_SOURCE_COLUMNS columns of a row from `first` on, as trn_source_make. What begins
 * outside the calendar yields nothing. */
TERN_MUST_USE tern_status trn_source_read(tern_care *care,
                                          tern_statement *statement,
                                          int first,
                                          struct trn_source *ret_source,
                                          tern_care_error *error);

/** Whether the columns at the row's beginning are of what is active, and not deleted. */
bool trn_source_is_active(tern_statement *row);

/** Reads the TRN_MEDICATION_COLUMNS columns of a row from `first` on; the state is left. */
void trn_medication_read(tern_statement *row, int first, tern_medication *ret_medication);
/** Whether the medication of these columns and of the regimen that begins the row has doses on the
 * days from `now_us` on. */
TERN_MUST_USE tern_status trn_medication_judge(tern_care *care,
                                               tern_statement *row,
                                               int64_t now_us,
                                               tern_medication *medication,
                                               tern_care_error *error);

/** The local date of a moment, as days since 1970. */
TERN_MUST_USE tern_status trn_care_local_day(tern_care *care,
                                             const char *zone,
                                             int64_t utc_us,
                                             int32_t *ret_day,
                                             tern_local_time *ret_local,
                                             tern_care_error *error);

/** Problem NO_PATIENT, unless the patient's row is here. */
TERN_MUST_USE tern_status trn_care_knows(tern_care *care,
                                         const tern_id *patient,
                                         tern_care_error *error);

/** What somebody would write in a record. */
enum trn_right { TRN_RIGHT_DOSES, TRN_RIGHT_PRESCRIPTIONS };

/** Problem NOT_PATIENT where it is another's record and the server would take none of it from the
 * user, nor from anybody where the patient's row is deleted. Where the user's own row is not here
 * that is left to the server. */
TERN_MUST_USE tern_status trn_care_may(tern_care *care,
                                       const tern_id *patient,
                                       enum trn_right right,
                                       tern_care_error *error);

/** The name of the patient's zone; problem NO_PATIENT. */
TERN_MUST_USE tern_status trn_care_zone(tern_care *care,
                                        const tern_id *patient,
                                        char ret_zone[TRN_ZONE_BYTES],
                                        tern_care_error *error);

/** The patient's local date, for the start of what names none and ends, if ever, on `end_date`: so
 * that another zone later shifts nothing. "" where it cannot be told, for want of the patient's row
 * or their zone, or where it would lie behind the end. Where the clock is suspect, rather a day
 * that has been than one that has not come yet, but none before `since_us`. */
TERN_MUST_USE tern_status trn_care_start(tern_care *care,
                                         const tern_id *patient,
                                         const char *end_date,
                                         int64_t since_us,
                                         char ret_date[TRN_DATE_BYTES],
                                         tern_care_error *error);

/** The minute of the patient's morning meal as it is set now, for `first_minute` of what is
 * prescribed now; the preset where the patient's row is not here. */
TERN_MUST_USE tern_status trn_care_morning(tern_care *care,
                                           const tern_id *patient,
                                           int32_t *ret_minute,
                                           tern_care_error *error);

/** Turns a zone's failure into this layer's problem. */
TERN_MUST_USE tern_status trn_zone_failed(tern_status status, tern_care_error *error);

/** The flag of a dose whose record was taken back: no guess is stored of it, and once its grace has
 * passed it is shown even if nothing yields it any more, unless it was taken as needed. */
extern const char trn_undone[];

/** DUE where it is none. */
tern_dose_status trn_dose_status_of(tern_value value);

/** Doses taken as needed, which nothing schedules and nobody can miss, have a second in their slot.
 */
enum { TRN_PRN_SLOT_BYTES = 8 };

/** Visits a local day's doses as tern_dose_list does; what has passed by `now_us` is MISSED. With
 * INT64_MAX all are visited as they will have passed, none is called MISSED that is not stored as
 * such, and those that nothing yields have a grace of -1. */
TERN_MUST_USE tern_status trn_dose_visit(tern_care *care,
                                         const tern_id *patient,
                                         const char *local_date,
                                         int64_t now_us,
                                         tern_dose_visitor visitor,
                                         void *context,
                                         tern_care_error *error);

/** Stores MISSED for doses that have passed ahead of what changes how they are read, as
 * tern_doses_infer_missed does: a bounded number of rows is walked from the cursor on, and moves
 * it. Doses of a zone that cannot be read here are passed over. */
TERN_MUST_USE tern_status trn_doses_settle(tern_care *care,
                                           const tern_id *patient,
                                           tern_missed_cursor *cursor,
                                           bool *ret_more,
                                           tern_care_error *error);
/** Whether that would store nothing; then the cursor is moved as by it. */
TERN_MUST_USE tern_status trn_doses_are_settled(tern_care *care,
                                                const tern_id *patient,
                                                tern_missed_cursor *cursor,
                                                bool *ret_settled,
                                                bool *ret_more,
                                                tern_care_error *error);

#endif

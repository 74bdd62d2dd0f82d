/*
 * Adherence: sums by day, made anew for the days that the engine has noted.
 *
 * A sum of doses that nobody has recorded bears the moment from which they count as missed, so that
 * it stays right while time goes by. Sums, notes and days to be summed again move in one
 * transaction.
 */
#include "tern/medication/adherence.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "medication/calendar.h"
#include "medication/internal.h"
#include "tern/follow.h"
#include "tern/outbox.h"

/* The definition of the sums: with another one they are made anew. */
enum { DEFINITION = 1, DAYS_AT_ONCE = 64, PRN_SLOT_BYTES = 8 };

/* A local day begins at most 14 hours before that of UTC, and its first dose half an hour before.
 */
#define DAY_BEGINS_BEFORE_US (900 * TRN_MINUTE_US)

/* ---- The tables ---- */

static tern_status run_text(tern_care *care, const char *sql, tern_care_error *error)
{
    tern_statement *statement = NULL;
    bool row = false;
    tern_status status = tern_statement_prepare(care->replica,
                                                sql,
                                                strlen(sql),
                                                &statement,
                                                trn_engine_error(error));

    if (status == TERN_OK) {
        status = tern_statement_step(statement, &row, trn_engine_error(error));
    }
    tern_statement_free(statement);
    return status;
}

static tern_status
run_texts(tern_care *care, const char *const *texts, size_t count, tern_care_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        status = run_text(care, texts[i], error);
    }
    return status;
}

static tern_status follow_all(tern_care *care, tern_tx *tx, tern_care_error *error)
{
    static const char *const follows[][4] = {
        {"care.doses", "dose_events", "patient_id", "local_date"},
        {"care.prescriptions", "prescriptions", "patient_id", NULL},
        {"care.medications", "medications", "prescription_id", NULL},
        {"care.meals", "meal_time_preferences", "user_id", NULL},
        {"care.users", "users", "id", NULL},
    };
    tern_status status = TERN_OK;

    (void)care;
    for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]) && status == TERN_OK; i++) {
        status = tern_tx_follow(tx,
                                follows[i][0],
                                follows[i][1],
                                follows[i][2],
                                follows[i][3],
                                trn_engine_error(error));
    }
    return status;
}

/* How far back rows are here for certain; a replica that has never synced lacks none. */
static tern_status read_reach(tern_care *care, int64_t *ret_since_us, tern_care_error *error)
{
    tern_status status = tern_replica_read_reach(care->replica,
                                                 "dose_events",
                                                 ret_since_us,
                                                 trn_engine_error(error));

    if (status == TERN_OK && *ret_since_us == INT64_MAX) {
        *ret_since_us = INT64_MIN;
    }
    return status;
}

static tern_status mark(tern_care *care, tern_care_error *error)
{
    char since[TRN_DATE_BYTES] = "";
    int64_t since_us = 0;
    int64_t rest = 0;
    tern_status status = read_reach(care, &since_us, error);

    if (status != TERN_OK) {
        return status;
    }
    if (since_us != INT64_MIN) {
        trn_day_format((int32_t)trn_floor_divide(since_us, TRN_DAY_US, &rest) + 2, since);
    }
    {
        const tern_value values[] = {tern_value_integer(DEFINITION), tern_value_text(since)};

        return trn_care_run(care, TRN_SQL_SUMS_MARK, values, 2, error);
    }
}

static tern_status make_tables(tern_care *care, tern_tx *tx, tern_care_error *error)
{
    static const char *const texts[] = {
        "DROP TABLE IF EXISTS care_day",
        "DROP TABLE IF EXISTS care_total",
        "DROP TABLE IF EXISTS care_again",
        "DELETE FROM care_mark",
        /* passes: when doses without a record count as missed, or the last moment that there is:
         * never; 0: the sum is of records. */
        ("CREATE TABLE care_day(patient_id BLOB NOT NULL, local_date TEXT NOT NULL, "
         "medication_id BLOB NOT NULL, night INTEGER NOT NULL, passes INTEGER NOT NULL, "
         "on_time INTEGER NOT NULL, late INTEGER NOT NULL, skipped INTEGER NOT NULL, "
         "missed INTEGER NOT NULL, "
         "PRIMARY KEY (patient_id, local_date, medication_id, night, passes)) WITHOUT ROWID"),
        "CREATE INDEX care_day_medication ON care_day(patient_id, medication_id, local_date)",
        ("CREATE TABLE care_total(patient_id BLOB NOT NULL, local_date TEXT NOT NULL, "
         "night INTEGER NOT NULL, passes INTEGER NOT NULL, on_time INTEGER NOT NULL, "
         "late INTEGER NOT NULL, skipped INTEGER NOT NULL, missed INTEGER NOT NULL, "
         "PRIMARY KEY (patient_id, local_date, night, passes)) WITHOUT ROWID"),
        ("CREATE TABLE care_again(patient_id BLOB NOT NULL, local_date TEXT NOT NULL, "
         "PRIMARY KEY (patient_id, local_date)) WITHOUT ROWID")};
    tern_status status = run_texts(care, texts, sizeof(texts) / sizeof(texts[0]), error);

    if (status == TERN_OK) {
        status = follow_all(care, tx, error);
    }
    return status == TERN_OK ? mark(care, error) : status;
}

static tern_status is_marked(tern_care *care, bool *ret_marked, tern_care_error *error)
{
    const tern_value definition = tern_value_integer(DEFINITION);
    tern_statement *row = NULL;
    bool found = false;
    tern_status status = trn_care_bind(care, TRN_SQL_SUMS_MARKED, &definition, 1, &row, error);

    if (status == TERN_OK) {
        status = tern_statement_step(row, &found, trn_engine_error(error));
        tern_statement_reset(row);
    }
    *ret_marked = found;
    return status;
}

/* Sums that are not there, or of another definition, are begun. */
static tern_status set_up(tern_care *care, bool anew, tern_care_error *error)
{
    static const char text[] = "CREATE TABLE IF NOT EXISTS care_mark(definition INTEGER NOT NULL, "
                               "since TEXT NOT NULL)";
    bool is_there = false;
    tern_tx *tx = NULL;
    tern_status status = trn_care_begin(care, false, &tx, error);

    if (status != TERN_OK) {
        return status;
    }
    status = run_text(care, text, error);
    if (status == TERN_OK && !anew) {
        status = is_marked(care, &is_there, error);
    }
    if (status == TERN_OK && !is_there) {
        status = make_tables(care, tx, error);
    }
    status = trn_care_end(tx, status, error);
    care->has_sums = care->has_sums || status == TERN_OK;
    return status;
}

/* ---- A day ---- */

struct group {
    tern_id medication;
    tern_time_period period;
    int64_t passes_us;
    int64_t counts[4]; /* on time, late, skipped, missed */
};

struct day {
    struct group *groups;
    size_t count;
    size_t room;
    bool lacks_memory;
};

static struct group *find_group(struct day *day, const tern_dose *dose, int64_t passes_us)
{
    struct group *grown;
    size_t room = day->room == 0 ? 32 : 2 * day->room;

    for (size_t i = 0; i < day->count; i++) {
        struct group *group = &day->groups[i];

        if (group->passes_us == passes_us && group->period == dose->period &&
            memcmp(&group->medication, &dose->medication, sizeof(tern_id)) == 0) {
            return group;
        }
    }
    if (day->count == day->room) {
        grown = trn_realloc(day->groups, room * sizeof(*grown));
        if (grown == NULL) {
            return NULL;
        }
        day->groups = grown;
        day->room = room;
    }
    day->groups[day->count] = (struct group){.medication = dose->medication,
                                             .period = dose->period,
                                             .passes_us = passes_us};
    return &day->groups[day->count++];
}

/* 0 for a record; never for what nothing yields now, so that its day is found again when something
 * does. */
static int64_t passes_at(const tern_dose *dose)
{
    if (dose->status != TERN_DOSE_DUE) {
        return 0;
    }
    return dose->grace_minutes < 0 ? INT64_MAX
                                   : dose->scheduled_us + dose->grace_minutes * TRN_MINUTE_US;
}

/* Doses taken as needed have a second in their slot. */
static bool count_dose(void *context, const tern_dose *dose)
{
    static const int places[] = {[TERN_DOSE_DUE] = 3,
                                 [TERN_DOSE_TAKEN_ON_TIME] = 0,
                                 [TERN_DOSE_TAKEN_LATE] = 1,
                                 [TERN_DOSE_MISSED] = 3,
                                 [TERN_DOSE_SKIPPED] = 2};
    struct day *day = context;
    int64_t passes_us = passes_at(dose);
    struct group *group;

    if (dose->slot.size == PRN_SLOT_BYTES) {
        return true;
    }
    group = find_group(day, dose, passes_us);
    if (group == NULL) {
        day->lacks_memory = true;
        return false;
    }
    group->counts[places[dose->status]]++;
    return true;
}

static tern_status
add_groups(tern_care *care, const tern_value *key, const struct day *day, tern_care_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < day->count && status == TERN_OK; i++) {
        const struct group *group = &day->groups[i];
        const tern_value values[] = {key[0],
                                     key[1],
                                     tern_value_id(&group->medication),
                                     tern_value_integer(group->period == TERN_PERIOD_NIGHT),
                                     tern_value_integer(group->passes_us),
                                     tern_value_integer(group->counts[0]),
                                     tern_value_integer(group->counts[1]),
                                     tern_value_integer(group->counts[2]),
                                     tern_value_integer(group->counts[3])};

        status = trn_care_run(care, TRN_SQL_SUMS_ADD, values, 9, error);
    }
    return status == TERN_OK ? trn_care_run(care, TRN_SQL_SUMS_TOTAL, key, 2, error) : status;
}

static tern_status
sum_day(tern_care *care, const tern_id *patient, const char *date, tern_care_error *error)
{
    const tern_value key[] = {tern_value_id(patient), tern_value_text(date)};
    struct day day = {.groups = NULL};
    tern_status status = trn_dose_visit(care, patient, date, INT64_MIN, count_dose, &day, error);

    if (status == TERN_OK && day.lacks_memory) {
        status = trn_fail_nomem(trn_engine_error(error));
    }
    if (status == TERN_OK) {
        status = trn_care_run(care, TRN_SQL_SUMS_DROP_DAY, key, 2, error);
    }
    if (status == TERN_OK) {
        status = trn_care_run(care, TRN_SQL_SUMS_DROP_TOTAL, key, 2, error);
    }
    if (status == TERN_OK) {
        status = add_groups(care, key, &day, error);
    }
    trn_free(day.groups);
    return status;
}

/* Whether rows of the day have left, and it has sums of when they were here. */
static tern_status is_kept(tern_care *care,
                           const tern_id *patient,
                           const char *date,
                           int64_t since_us,
                           bool *ret_kept,
                           tern_care_error *error)
{
    const tern_value key[] = {tern_value_id(patient), tern_value_text(date)};
    tern_statement *row = NULL;
    int32_t number = 0;
    tern_status status;

    *ret_kept = false;
    if (!trn_day_parse(date, strlen(date), &number) ||
        since_us <= number * TRN_DAY_US - DAY_BEGINS_BEFORE_US) {
        return TERN_OK;
    }
    status = trn_care_bind(care, TRN_SQL_SUMS_HAS, key, 2, &row, error);
    if (status == TERN_OK) {
        status = tern_statement_step(row, ret_kept, trn_engine_error(error));
        tern_statement_reset(row);
    }
    return status;
}

/* ---- Catching up ---- */

struct catching {
    tern_care *care;
    const tern_id *patient;
    const char *today;
    int64_t since_us;
    char dates[DAYS_AT_ONCE][TRN_DATE_BYTES];
    size_t count;
};

/* What was noted becomes days to sum again; of a person who is gone all goes. */
static tern_status take_notes(const struct catching *it, tern_care_error *error)
{
    static const enum trn_sql of_all[] = {TRN_SQL_SUMS_GONE_DAYS,
                                          TRN_SQL_SUMS_GONE_TOTALS,
                                          TRN_SQL_SUMS_GONE_AGAIN,
                                          TRN_SQL_SUMS_GONE_NOTES,
                                          TRN_SQL_SUMS_AGAIN_RULES,
                                          TRN_SQL_SUMS_FORGET_RULES};
    const tern_value key[] = {tern_value_id(it->patient), tern_value_text(it->today)};
    tern_status status = TERN_OK;

    for (size_t i = 0; i < sizeof(of_all) / sizeof(of_all[0]) && status == TERN_OK; i++) {
        status = trn_care_run(it->care, of_all[i], NULL, 0, error);
    }
    if (status == TERN_OK) {
        status = trn_care_run(it->care, TRN_SQL_SUMS_AGAIN_DAYS, key, 2, error);
    }
    return status == TERN_OK ? trn_care_run(it->care, TRN_SQL_SUMS_FORGET_DAYS, key, 2, error)
                             : status;
}

static tern_status list_again(struct catching *it, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(it->patient),
                                 tern_value_text(it->today),
                                 tern_value_integer(DAYS_AT_ONCE)};
    tern_statement *row = NULL;
    bool more = true;
    tern_status status = trn_care_bind(it->care, TRN_SQL_SUMS_AGAIN, values, 3, &row, error);

    it->count = 0;
    while (status == TERN_OK && more) {
        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            trn_value_to_text(tern_statement_value(row, 0), it->dates[it->count++], TRN_DATE_BYTES);
        }
    }
    if (row != NULL) {
        tern_statement_reset(row);
    }
    return status;
}

static tern_status sum_again(struct catching *it, tern_care_error *error)
{
    tern_status status = list_again(it, error);

    for (size_t i = 0; i < it->count && status == TERN_OK; i++) {
        const tern_value key[] = {tern_value_id(it->patient), tern_value_text(it->dates[i])};
        bool kept = false;

        status = is_kept(it->care, it->patient, it->dates[i], it->since_us, &kept, error);
        if (status == TERN_OK && !kept) {
            status = sum_day(it->care, it->patient, it->dates[i], error);
        }
        if (status == TERN_OK) {
            status = trn_care_run(it->care, TRN_SQL_SUMS_DONE, key, 2, error);
        }
    }
    return status;
}

static tern_status has_more(const struct catching *it, bool *ret_more, tern_care_error *error)
{
    const tern_value key[] = {tern_value_id(it->patient), tern_value_text(it->today)};
    tern_statement *row = NULL;
    tern_status status =
        trn_care_row(it->care, TRN_SQL_SUMS_NOTED, key, 2, TERN_PROBLEM_NONE, &row, error);

    if (status == TERN_OK) {
        *ret_more = tern_statement_value(row, 0).integer != 0;
        tern_statement_reset(row);
    }
    return status;
}

static tern_status catch_up(struct catching *it, tern_care_error *error)
{
    bool more = false;
    tern_status status = has_more(it, &more, error);

    while (status == TERN_OK && more) {
        tern_tx *tx = NULL;

        status = trn_care_begin(it->care, false, &tx, error);
        if (status != TERN_OK) {
            return status;
        }
        status = read_reach(it->care, &it->since_us, error);
        if (status == TERN_OK) {
            status = take_notes(it, error);
        }
        if (status == TERN_OK) {
            status = sum_again(it, error);
        }
        status = trn_care_end(tx, status, error);
        if (status == TERN_OK) {
            status = has_more(it, &more, error);
        }
    }
    return status;
}

/* ---- Reading ---- */

/* Today where the patient is; of one who is not here, by the preset zone. */
static tern_status read_today(tern_care *care,
                              const tern_id *patient,
                              int64_t now_us,
                              int32_t *ret_day,
                              tern_care_error *error)
{
    const tern_value key = tern_value_id(patient);
    tern_statement *row = NULL;
    char zone[65] = "Asia/Phnom_Penh";
    bool found = false;
    tern_status status = trn_care_bind(care, TRN_SQL_PATIENT, &key, 1, &row, error);

    if (status == TERN_OK) {
        status = tern_statement_step(row, &found, trn_engine_error(error));
    }
    if (status == TERN_OK && found) {
        trn_value_to_text(tern_statement_value(row, 0), zone, sizeof(zone));
        tern_statement_reset(row);
    }
    return status == TERN_OK ? trn_care_local_day(care, zone, now_us, ret_day, NULL, error)
                             : status;
}

struct span {
    char first[TRN_DATE_BYTES];
    char last[TRN_DATE_BYTES];
    char today[TRN_DATE_BYTES];
};

static tern_status read_span(const tern_adherence_query *query,
                             int32_t today,
                             struct span *span,
                             tern_care_error *error)
{
    int32_t last = today;
    int32_t first;

    if (query->last_date != NULL &&
        !trn_day_parse(query->last_date, strlen(query->last_date), &last)) {
        return trn_problem(error, TERN_PROBLEM_DATE, 0, 0);
    }
    last = last < today ? last : today;
    first = last - (TERN_ADHERENCE_DAYS - 1);
    if (query->first_date != NULL &&
        !trn_day_parse(query->first_date, strlen(query->first_date), &first)) {
        return trn_problem(error, TERN_PROBLEM_DATE, 0, 0);
    }
    trn_day_format(first, span->first);
    trn_day_format(last, span->last);
    trn_day_format(today, span->today);
    return TERN_OK;
}

static tern_status visit_sums(tern_statement *row,
                              tern_adherence_by by,
                              tern_adherence_visitor visitor,
                              void *context,
                              tern_care_error *error)
{
    bool more = true;
    tern_status status = TERN_OK;

    while (status == TERN_OK && more) {
        tern_adherence sum = {.on_time = 0};

        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status != TERN_OK || !more) {
            break;
        }
        if (by == TERN_ADHERENCE_DAY) {
            trn_value_to_text(tern_statement_value(row, 0), sum.local_date, sizeof(sum.local_date));
        } else if (by == TERN_ADHERENCE_PERIOD) {
            sum.period =
                tern_statement_value(row, 0).integer != 0 ? TERN_PERIOD_NIGHT : TERN_PERIOD_DAYTIME;
        } else if (by == TERN_ADHERENCE_MEDICATION) {
            sum.medication = trn_value_to_id(tern_statement_value(row, 0));
        }
        sum.on_time = tern_statement_value(row, 1).integer;
        sum.late = tern_statement_value(row, 2).integer;
        sum.skipped = tern_statement_value(row, 3).integer;
        sum.missed = tern_statement_value(row, 4).integer;
        sum.taken = sum.on_time + sum.late;
        sum.scheduled = sum.taken + sum.skipped + sum.missed;
        more = visitor(context, &sum);
    }
    tern_statement_reset(row);
    return status;
}

static tern_status read_sums(tern_care *care,
                             const tern_adherence_query *query,
                             const tern_id *patient,
                             const struct span *span,
                             int64_t now_us,
                             tern_statement **ret_row,
                             tern_care_error *error)
{
    static const enum trn_sql of_all[] = {TRN_SQL_SUMS_ALL,
                                          TRN_SQL_SUMS_BY_DAY,
                                          TRN_SQL_SUMS_BY_PERIOD,
                                          TRN_SQL_SUMS_BY_MEDICATION};
    static const enum trn_sql of_one[] = {TRN_SQL_SUMS_ONE_ALL,
                                          TRN_SQL_SUMS_ONE_BY_DAY,
                                          TRN_SQL_SUMS_ONE_BY_PERIOD,
                                          TRN_SQL_SUMS_ONE_BY_MEDICATION};
    const tern_value values[] = {tern_value_id(patient),
                                 tern_value_text(span->first),
                                 tern_value_text(span->last),
                                 tern_value_integer(now_us),
                                 query->medication != NULL ? tern_value_id(query->medication)
                                                           : tern_value_null()};
    const bool is_one = query->medication != NULL;

    return trn_care_bind(care,
                         is_one ? of_one[query->by] : of_all[query->by],
                         values,
                         is_one ? 5 : 4,
                         ret_row,
                         error);
}

static tern_status
read_whole(tern_care *care, const struct span *span, bool *ret_is_whole, tern_care_error *error)
{
    tern_statement *row = NULL;
    char since[TRN_DATE_BYTES];
    tern_status status =
        trn_care_row(care, TRN_SQL_SUMS_SINCE, NULL, 0, TERN_PROBLEM_NONE, &row, error);

    if (status == TERN_OK) {
        trn_value_to_text(tern_statement_value(row, 0), since, sizeof(since));
        *ret_is_whole = strcmp(since, span->first) <= 0;
        tern_statement_reset(row);
    }
    return status;
}

tern_status tern_adherence_read(tern_care *care,
                                const tern_adherence_query *query,
                                tern_adherence_visitor visitor,
                                void *context,
                                bool *ret_is_whole,
                                tern_care_error *error)
{
    const tern_adherence_query all = {.size = sizeof(all)};
    struct catching catching = {.care = care};
    struct span span;
    tern_statement *row = NULL;
    bool is_whole = false;
    int64_t now_us = 0;
    int32_t today = 0;
    tern_status status;

    trn_care_clear(error);
    query = query != NULL ? query : &all;
    if (care == NULL || visitor == NULL || query->size != sizeof(*query) ||
        (unsigned)query->by > TERN_ADHERENCE_MEDICATION) {
        return trn_care_misuse(error, "tern_adherence_read");
    }
    catching.patient = query->patient != NULL ? query->patient : &care->user;
    status = trn_care_now(care, &now_us, error);
    if (status == TERN_OK) {
        status = read_today(care, catching.patient, now_us, &today, error);
    }
    if (status == TERN_OK) {
        status = read_span(query, today, &span, error);
    }
    if (status == TERN_OK && !care->has_sums) {
        status = set_up(care, false, error);
    }
    if (status == TERN_OK) {
        catching.today = span.today;
        status = catch_up(&catching, error);
    }
    if (status == TERN_OK) {
        status = read_whole(care, &span, &is_whole, error);
    }
    if (status == TERN_OK) {
        status = read_sums(care, query, catching.patient, &span, now_us, &row, error);
    }
    if (status == TERN_OK) {
        status = visit_sums(row, query->by, visitor, context, error);
    }
    if (status == TERN_OK && ret_is_whole != NULL) {
        *ret_is_whole = is_whole;
    }
    return status;
}

tern_status tern_adherence_rebuild(tern_care *care, tern_care_error *error)
{
    trn_care_clear(error);
    if (care == NULL) {
        return trn_care_misuse(error, "tern_adherence_rebuild");
    }
    return set_up(care, true, error);
}

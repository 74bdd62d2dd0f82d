/*
 * Sums by day and by month, made anew for the days that the engine has noted.
 *
 * A sum of doses that nobody has recorded bears the moment from which they count as missed, so that
 * it stays right while time goes by. Sums, notes and days to be summed again move in one
 * transaction, and so do a day's sums and its month's.
 */
#include "medication/sums.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "base/portion.h"
#include "medication/calendar.h"
#include "medication/window.h"
#include "tern/follow.h"
#include "tern/outbox.h"

/* The definition of the sums: with another one they are made anew, but from DAYS_ALONE, which had
 * no months, and UNDATED, which had no days in one row, the days are kept. */
enum { DEFINITION = 3, UNDATED = 2, DAYS_ALONE = 1, DAYS_AT_ONCE = 64, MONTH_BYTES = 8 };

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
        {"care.beginnings", "prescription_beginnings", "prescription_id", NULL},
        {"care.turns", "prescription_turns", "prescription_id", NULL},
        {"care.medications", "medications", "prescription_id", NULL},
        {"care.meals", "meal_time_preferences", "user_id", NULL},
        {"care.users", "users", "id", NULL},
    };
    tern_status status = TERN_OK;

    for (size_t i = care->has_sums && TRN_MUTANT(CARE_REBUILT_EMPTY) ? 1 : 0;
         i < sizeof(follows) / sizeof(follows[0]) && status == TERN_OK;
         i++) {
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

/* What definition 2 has beside that of DAYS_ALONE. A month's sums leave out what nothing yields;
 * `passes` is when the last of its doses without a record counts as missed. */
static const char *const month_tables[] = {
    "DROP TABLE IF EXISTS care_month",
    ("CREATE TABLE care_month(patient_id BLOB NOT NULL, month TEXT NOT NULL, "
     "medication_id BLOB NOT NULL, night INTEGER NOT NULL, passes INTEGER NOT NULL, "
     "on_time INTEGER NOT NULL, late INTEGER NOT NULL, skipped INTEGER NOT NULL, "
     "missed INTEGER NOT NULL, "
     "PRIMARY KEY (patient_id, month, medication_id, night)) WITHOUT ROWID"),
    "DROP INDEX IF EXISTS care_day_medication",
    ("CREATE INDEX care_day_medication ON care_day(patient_id, medication_id, local_date, night, "
     "passes, on_time, late, skipped, missed)"),
    "INSERT INTO care_month SELECT patient_id,substr(local_date,1,7)," TRN_MONTH_SUMS
    " FROM care_day WHERE passes<" TRN_NEVER " GROUP BY 1,2,3,4"};

enum { MONTH_TABLES = sizeof(month_tables) / sizeof(month_tables[0]) };

/* What definition 3 has beside: a day in one row, as a month is. A library of before it that makes
 * its own tables again leaves the rows that stand here. */
static const char *const date_tables[] = {
    "DROP TABLE IF EXISTS care_date",
    ("CREATE TABLE care_date(patient_id BLOB NOT NULL, local_date TEXT NOT NULL, "
     "passes INTEGER NOT NULL, on_time INTEGER NOT NULL, late INTEGER NOT NULL, "
     "skipped INTEGER NOT NULL, missed INTEGER NOT NULL, "
     "PRIMARY KEY (patient_id, local_date)) WITHOUT ROWID"),
    "INSERT INTO care_date SELECT patient_id,local_date," TRN_DATE_SUMS
    " FROM care_total WHERE passes<" TRN_NEVER " GROUP BY patient_id,local_date"};

enum { DATE_TABLES = sizeof(date_tables) / sizeof(date_tables[0]) };

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
        ("CREATE TABLE care_total(patient_id BLOB NOT NULL, local_date TEXT NOT NULL, "
         "night INTEGER NOT NULL, passes INTEGER NOT NULL, on_time INTEGER NOT NULL, "
         "late INTEGER NOT NULL, skipped INTEGER NOT NULL, missed INTEGER NOT NULL, "
         "PRIMARY KEY (patient_id, local_date, night, passes)) WITHOUT ROWID"),
        ("CREATE TABLE care_again(patient_id BLOB NOT NULL, local_date TEXT NOT NULL, "
         "PRIMARY KEY (patient_id, local_date)) WITHOUT ROWID")};
    tern_status status = run_texts(care, texts, sizeof(texts) / sizeof(texts[0]), error);

    if (status == TERN_OK) {
        status = run_texts(care, month_tables, MONTH_TABLES, error);
    }
    if (status == TERN_OK) {
        status = run_texts(care, date_tables, DATE_TABLES, error);
    }
    if (status == TERN_OK) {
        status = follow_all(care, tx, error);
    }
    return status == TERN_OK ? mark(care, error) : status;
}

/* To those of an earlier definition, whose days are kept. */
static tern_status add_tables(tern_care *care, int64_t from, tern_care_error *error)
{
    static const char again[] = "INSERT OR IGNORE INTO care_again(patient_id,local_date)"
                                " SELECT patient_id,local_date FROM care_total WHERE passes>0";
    const tern_value definition = tern_value_integer(DEFINITION);
    tern_status status =
        from == DAYS_ALONE ? run_texts(care, month_tables, MONTH_TABLES, error) : TERN_OK;

    if (status == TERN_OK) {
        status = run_texts(care, date_tables, DATE_TABLES, error);
    }
    if (status == TERN_OK) { /* a rule may have been another one then */
        status = run_text(care, again, error);
    }
    return status == TERN_OK ? trn_care_run(care, TRN_SQL_SUMS_REMARK, &definition, 1, error)
                             : status;
}

/* 0: none. */
static tern_status read_definition(tern_care *care, int64_t *ret_definition, tern_care_error *error)
{
    tern_statement *row = NULL;
    bool found = false;
    tern_status status = trn_care_bind(care, TRN_SQL_SUMS_MARKED, NULL, 0, &row, error);

    if (status == TERN_OK) {
        status = tern_statement_step(row, &found, trn_engine_error(error));
        *ret_definition = status == TERN_OK && found ? tern_statement_value(row, 0).integer : 0;
        tern_statement_reset(row);
    }
    return status;
}

tern_status trn_sums_open(tern_care *care, bool anew, tern_care_error *error)
{
    static const char text[] = "CREATE TABLE IF NOT EXISTS care_mark(definition INTEGER NOT NULL, "
                               "since TEXT NOT NULL)";
    int64_t definition = 0;
    tern_tx *tx = NULL;
    tern_status status = trn_care_begin(care, false, &tx, error);

    if (status != TERN_OK) {
        return status;
    }
    status = run_text(care, text, error);
    if (status == TERN_OK && !anew) {
        status = read_definition(care, &definition, error);
    }
    if (status == TERN_OK && (definition == DAYS_ALONE || definition == UNDATED)) {
        status = add_tables(care, definition, error);
    } else if (status == TERN_OK && definition != DEFINITION) {
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
                                   : trn_window_end(dose->scheduled_us, dose->grace_minutes);
}

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

    if (dose->slot.size == TRN_PRN_SLOT_BYTES) {
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
    if (status == TERN_OK) {
        status = trn_care_run(care, TRN_SQL_SUMS_TOTAL, key, 2, error);
    }
    return status == TERN_OK ? trn_care_run(care, TRN_SQL_SUMS_DATE, key, 2, error) : status;
}

static tern_status
sum_day(tern_care *care, const tern_id *patient, const char *date, tern_care_error *error)
{
    const tern_value key[] = {tern_value_id(patient), tern_value_text(date)};
    struct day day = {.groups = NULL};
    tern_status status = trn_dose_visit(care, patient, date, INT64_MAX, count_dose, &day, error);

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
        status = trn_care_run(care, TRN_SQL_SUMS_DROP_DATE, key, 2, error);
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
    int32_t number = 0;

    *ret_kept = false;
    if (!trn_day_parse(date, strlen(date), &number) ||
        since_us <= number * TRN_DAY_US - DAY_BEGINS_BEFORE_US) {
        return TERN_OK;
    }
    return trn_care_has(care, TRN_SQL_SUMS_HAS, key, 2, ret_kept, error);
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
                                          TRN_SQL_SUMS_GONE_MONTHS,
                                          TRN_SQL_SUMS_GONE_DATES,
                                          TRN_SQL_SUMS_GONE_AGAIN,
                                          TRN_SQL_SUMS_GONE_NOTES,
                                          TRN_SQL_SUMS_AGAIN_RULES,
                                          TRN_SQL_SUMS_FORGET_RULES};
    const tern_value key[] = {tern_value_id(it->patient), tern_value_text(it->today)};
    tern_status status = TERN_OK;

    for (size_t i = 0; i < sizeof(of_all) / sizeof(of_all[0]) && status == TERN_OK; i++) {
        status = trn_care_run(it->care, of_all[i], NULL, 0, error);
    }
    if (status == TERN_OK && !TRN_MUTANT(CARE_SUMS_STALE)) {
        status = trn_care_run(it->care, TRN_SQL_SUMS_AGAIN_DAYS, key, 2, error);
    }
    return status == TERN_OK ? trn_care_run(it->care, TRN_SQL_SUMS_FORGET_DAYS, key, 2, error)
                             : status;
}

static tern_status list_again(struct catching *it, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(it->patient),
                                 tern_value_text(it->today),
                                 tern_value_integer((int64_t)trn_portion(DAYS_AT_ONCE))};
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

/* Those of the days listed, which are in order. */
static tern_status sum_months(const struct catching *it, tern_care_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < it->count && status == TERN_OK; i++) {
        const tern_value key[] = {
            tern_value_id(it->patient),
            {.kind = TERN_TEXT, .data = it->dates[i], .size = MONTH_BYTES - 1}};

        if (i + 1 < it->count && memcmp(it->dates[i], it->dates[i + 1], MONTH_BYTES - 1) == 0) {
            continue;
        }
        status = trn_care_run(it->care, TRN_SQL_SUMS_DROP_MONTH, key, 2, error);
        if (status == TERN_OK) {
            status = trn_care_run(it->care, TRN_SQL_SUMS_MONTH, key, 2, error);
        }
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
    return status == TERN_OK ? sum_months(it, error) : status;
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

tern_status trn_sums_catch_up(tern_care *care,
                              const tern_id *patient,
                              const char *today,
                              tern_care_error *error)
{
    struct catching it = {.care = care, .patient = patient, .today = today};
    bool more = false;
    tern_status status = has_more(&it, &more, error);

    while (status == TERN_OK && more) {
        tern_tx *tx = NULL;

        status = trn_care_begin(care, false, &tx, error);
        if (status != TERN_OK) {
            return status;
        }
        status = read_reach(care, &it.since_us, error);
        if (status == TERN_OK) {
            status = take_notes(&it, error);
        }
        if (status == TERN_OK) {
            status = sum_again(&it, error);
        }
        status = trn_care_end(tx, status, error);
        if (status == TERN_OK) {
            status = has_more(&it, &more, error);
        }
    }
    return status;
}

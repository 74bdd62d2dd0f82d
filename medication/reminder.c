/*
 * Reminders: what is due next, beside what was listed last.
 *
 * Those of times that a patient has set are known by their grace, which is 0: they ring once.
 * Of what a reminder says only a hash is kept, and none once it is cancelled.
 * A cursor is a random number, the name of what is listed of a patient: every change gives it
 * another, so who brings any other number has been told something else, of whatever file, and is
 * told all.
 */
#include "tern/medication/reminder.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/mutant.h"
#include "medication/calendar.h"
#include "medication/internal.h"
#include "medication/plan.h"
#include "medication/window.h"
#include "tern/outbox.h"

enum { LISTED_MAX = TERN_REMINDERS, GRACE_MAX = 60 }; /* as many are set at a time */
enum { CLOCK_BYTES = 5 };                             /* "HH:MM" */
/* What is set stays so while the platform's clock is found no further off than that from where it
 * was. */
enum { OFFSET_TOLERANCE_US = 30 * 1000000 };
/* Local days that a read may look at, from the day before that of UTC on. */
enum { NAMED_DAYS = TERN_SCHEDULE_DAYS + 3, NAME_DIGITS = 2 * (int)sizeof(tern_id) };

struct entry {
    tern_id dose;
    tern_id medication; /* of one that is due */
    int64_t scheduled_us;
    int64_t grace_minutes;
    int64_t said;      /* a hash of it */
    int64_t offset_us; /* the true time minus the platform's, by which it rings */
    bool is_gone;
};

struct run {
    tern_care *care;
    const tern_id *patient;
    int64_t cursor; /* of what is listed; 0: nothing is */
    int64_t next;   /* what it is once something has changed */
    bool has_changed;
    bool is_all; /* the caller was told something else */
    int64_t now_us;
    int64_t offset_us;
    tern_id subject;  /* the medication whose times are looked at */
    int64_t said;     /* of it */
    tern_value names; /* of its time's reminders, as digits, from first_named on */
    int32_t first_named;
    struct entry due[TERN_REMINDERS]; /* by time and id */
    size_t due_count;
    struct entry listed[LISTED_MAX];
    size_t listed_count;
};

static tern_status
run_text(tern_care *care, const char *text, int64_t *ret_number, tern_care_error *error)
{
    tern_statement *statement = NULL;
    bool row = false;
    tern_status status = tern_statement_prepare(care->replica,
                                                text,
                                                strlen(text),
                                                &statement,
                                                trn_engine_error(error));

    if (status == TERN_OK) {
        status = tern_statement_step(statement, &row, trn_engine_error(error));
    }
    if (status == TERN_OK && row) {
        *ret_number = tern_statement_value(statement, 0).integer;
    }
    tern_statement_free(statement);
    return status;
}

static tern_status make_table(tern_care *care, tern_care_error *error)
{
    int64_t none = 0;

    return run_text(care,
                    "CREATE TABLE IF NOT EXISTS care_listed(patient_id BLOB NOT NULL, dose_id BLOB "
                    "NOT NULL, scheduled INTEGER NOT NULL, grace INTEGER NOT NULL, gone INTEGER "
                    "NOT NULL, said INTEGER, medication BLOB, since INTEGER NOT NULL, cursor "
                    "INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (patient_id, dose_id)) "
                    "WITHOUT ROWID",
                    &none,
                    error);
}

/* ---- What is said ---- */

/* FNV-1a of 64 bits: a change is to be seen, and nobody's forgery. */
static uint64_t add_said(uint64_t hash, tern_value value)
{
    static const uint64_t prime = UINT64_C(0x100000001b3);
    const uint8_t *bytes = value.data;

    for (size_t i = 0; value.kind == TERN_TEXT && i < value.size; i++) {
        hash = (hash ^ bytes[i]) * prime;
    }
    return (hash ^ (value.kind == TERN_TEXT ? 0xff : 0xfe)) * prime; /* in no UTF-8 */
}

static int64_t hash_said(tern_statement *row, int first, int count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (int i = 0; i < count; i++) {
        hash = add_said(hash, tern_statement_value(row, first + i));
    }
    return (int64_t)(hash >> 1);
}

/* ---- What is due ---- */

static bool is_over(const struct run *run, const struct entry *entry)
{
    return trn_window_has_passed(entry->scheduled_us, entry->grace_minutes, run->now_us);
}

static bool is_earlier(const struct entry *one, const struct entry *other)
{
    return one->scheduled_us != other->scheduled_us
               ? one->scheduled_us < other->scheduled_us
               : memcmp(&one->dose, &other->dose, sizeof(one->dose)) < 0;
}

static bool has_room(const struct run *run, const struct entry *entry)
{
    return run->due_count < TERN_REMINDERS || is_earlier(entry, &run->due[run->due_count - 1]);
}

/* Puts the entry into its place; where all are taken, the latest falls out. */
static void keep(struct run *run, const struct entry *entry)
{
    size_t at;

    if (!has_room(run, entry)) {
        return;
    }
    at = run->due_count < TERN_REMINDERS ? run->due_count++ : TERN_REMINDERS - 1;
    while (at > 0 && is_earlier(entry, &run->due[at - 1])) {
        run->due[at] = run->due[at - 1];
        at--;
    }
    run->due[at] = *entry;
}

/* The columns behind those of the regimen. */
enum { DOSE = TRN_SOURCE_COLUMNS, SCHEDULED, GRACE, DATE, SLOT, FLAGS, MEDICATION, SAID };

enum { SAID_COLUMNS = 3, PRN_SAID_COLUMNS = 2 };

static tern_status
look_at(struct run *run, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct entry entry = {.dose = trn_value_to_id(tern_statement_value(row, DOSE)),
                          .medication = trn_value_to_id(tern_statement_value(row, MEDICATION)),
                          .scheduled_us = tern_statement_value(row, SCHEDULED).integer,
                          .grace_minutes = tern_statement_value(row, GRACE).integer,
                          .said = hash_said(row, SAID, SAID_COLUMNS),
                          .offset_us = run->offset_us};
    tern_value date = tern_statement_value(row, DATE);
    tern_value slot = tern_statement_value(row, SLOT);
    struct trn_source source;
    int32_t day = 0;
    tern_status status = trn_source_read(run->care, row, 0, &source, error);

    if (status == TERN_OK && !is_over(run, &entry) && trn_day_parse(date.data, date.size, &day) &&
        trn_source_has(&source, false, day, slot)) {
        keep(run, &entry);
    }
    *ret_more = has_room(run, &entry);
    return status;
}

/* ---- Times that the patient has set ---- */

/* The columns behind those of the regimen. */
enum {
    PRN_MEDICATION = TRN_SOURCE_COLUMNS,
    PRN_TIME,
    PRN_SAID,
    PRN_NAMES = PRN_SAID + PRN_SAID_COLUMNS
};

/* Names a reminder that no dose has: no slot of one begins like that. */
static tern_status
name_prn(const struct run *run, int32_t day, tern_id *ret_id, tern_care_error *error)
{
    int32_t at = day - run->first_named;
    size_t from = (size_t)(at < 0 ? 0 : at) * NAME_DIGITS;

    if (at < 0 || from + NAME_DIGITS > run->names.size ||
        !trn_hex_decode((struct trn_slice){(const uint8_t *)run->names.data + from, NAME_DIGITS},
                        ret_id->bytes,
                        sizeof(ret_id->bytes))) {
        return trn_fail(trn_engine_error(error), TERN_ERR_INTERNAL, "a reminder has no name");
    }
    return TERN_OK;
}

static tern_status add_prn(struct run *run,
                           const struct trn_source *source,
                           int32_t day,
                           const struct trn_day_time *time,
                           tern_care_error *error)
{
    struct entry entry = {.medication = run->subject,
                          .said = run->said,
                          .offset_us = run->offset_us};
    tern_planned_dose dose;
    tern_status status =
        trn_plan_dose(&run->care->zones, source->zone, day, time, &dose, trn_engine_error(error));

    if (status != TERN_OK) {
        return trn_zone_failed(status, error);
    }
    entry.scheduled_us = dose.scheduled_us;
    if (is_over(run, &entry) || !has_room(run, &entry)) {
        return TERN_OK;
    }
    status = name_prn(run, day, &entry.dose, error);
    if (status == TERN_OK) {
        keep(run, &entry);
    }
    return status;
}

/* Another program may have written what is no time. */
static bool read_clock(tern_value text, struct trn_day_time *ret_time)
{
    trn_value_to_text(text, ret_time->slot, sizeof(ret_time->slot));
    return text.size == CLOCK_BYTES && ret_time->slot[2] == ':' &&
           tern_meal_parse(ret_time->slot, &ret_time->minute);
}

static tern_status
look_at_prn(void *context, tern_statement *row, bool *ret_more, tern_care_error *error)
{
    struct run *run = context;
    struct trn_day_time time;
    struct trn_source source;
    int32_t today = 0;
    tern_status status;

    (void)ret_more;
    if (!read_clock(tern_statement_value(row, PRN_TIME), &time)) {
        return TERN_OK;
    }
    run->subject = trn_value_to_id(tern_statement_value(row, PRN_MEDICATION));
    run->said = hash_said(row, PRN_SAID, PRN_SAID_COLUMNS);
    run->names = tern_statement_value(row, PRN_NAMES);
    status = trn_source_read(run->care, row, 0, &source, error);
    if (status == TERN_OK) {
        status = trn_care_local_day(run->care, source.zone, run->now_us, &today, NULL, error);
    }
    for (int32_t day = today; status == TERN_OK && day < today + TERN_SCHEDULE_DAYS; day++) {
        if (day >= source.rule.first_day &&
            (day <= source.rule.last_day || TRN_MUTANT(CARE_TIMES_OUTLAST))) {
            status = add_prn(run, &source, day, &time, error);
        }
    }
    return status;
}

enum { QUOTED_DATE = TRN_DATE_BYTES + 2 }; /* with a quote at both ends and a comma */

/* The days whose reminders are to have names, as a JSON array. */
static void write_days(struct run *run, char ret_days[NAMED_DAYS * QUOTED_DATE + 2])
{
    int64_t rest = 0;
    char *at = ret_days;

    run->first_named = (int32_t)trn_floor_divide(run->now_us, TRN_DAY_US, &rest) - 1;
    *at = '[';
    for (int32_t day = run->first_named; day < run->first_named + NAMED_DAYS; day++) {
        char date[TRN_DATE_BYTES];

        trn_day_format(day, date);
        at[1] = '"';
        memcpy(at + 2, date, TRN_DATE_BYTES - 1);
        at[TRN_DATE_BYTES + 1] = '"';
        at[QUOTED_DATE] = ',';
        at += QUOTED_DATE;
    }
    at[0] = ']';
    at[1] = '\0';
}

static tern_status read_prn(struct run *run, tern_care_error *error)
{
    char days[NAMED_DAYS * QUOTED_DATE + 2];
    tern_value values[] = {tern_value_id(run->patient), tern_value_null()};

    write_days(run, days);
    values[1] = tern_value_text(days);
    return trn_care_each(run->care,
                         TRN_SQL_PRN_TIMES,
                         values,
                         2,
                         TERN_PROBLEM_NONE,
                         look_at_prn,
                         run,
                         error);
}

static tern_status read_due(struct run *run, tern_care_error *error)
{
    const tern_id none = {{0}};
    const tern_value values[] = {tern_value_id(run->patient),
                                 tern_value_integer(run->now_us - GRACE_MAX * TRN_MINUTE_US),
                                 tern_value_integer(INT64_MAX),
                                 tern_value_id(&none),
                                 tern_value_integer(INT64_MIN),
                                 tern_value_integer(-1)};
    tern_statement *row = NULL;
    bool more = true;
    tern_status status = trn_care_bind(run->care, TRN_SQL_WAITING, values, 6, &row, error);

    while (status == TERN_OK && more) {
        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            status = look_at(run, row, &more, error);
        }
    }
    if (row != NULL) {
        tern_statement_reset(row);
    }
    return status;
}

/* ---- What was listed ---- */

/* The column behind those of the entry. */
enum { CURSOR = 7 };

static void read_entry(tern_statement *row, struct entry *entry)
{
    *entry = (struct entry){.dose = trn_value_to_id(tern_statement_value(row, 0)),
                            .scheduled_us = tern_statement_value(row, 1).integer,
                            .grace_minutes = tern_statement_value(row, 2).integer,
                            .is_gone = tern_statement_value(row, 3).integer != 0,
                            .said = tern_statement_value(row, 4).integer,
                            .medication = trn_value_to_id(tern_statement_value(row, 5)),
                            .offset_us = tern_statement_value(row, 6).integer};
}

static tern_status read_listed(struct run *run, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(run->patient), tern_value_integer(LISTED_MAX)};
    tern_statement *row = NULL;
    bool more = true;
    tern_status status = trn_care_bind(run->care, TRN_SQL_REMINDERS, values, 2, &row, error);

    while (status == TERN_OK && more) {
        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            read_entry(row, &run->listed[run->listed_count++]);
            run->cursor = tern_statement_value(row, CURSOR).integer;
        }
    }
    if (row != NULL) {
        tern_statement_reset(row);
    }
    return status;
}

static struct entry *find(struct entry *entries, size_t count, const tern_id *dose)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&entries[i].dose, dose, sizeof(*dose)) == 0) {
            return &entries[i];
        }
    }
    return NULL;
}

static tern_status put(struct run *run, const struct entry *entry, tern_care_error *error)
{
    const tern_value values[] = {
        tern_value_id(run->patient),
        tern_value_id(&entry->dose),
        tern_value_integer(entry->scheduled_us),
        tern_value_integer(entry->grace_minutes),
        tern_value_integer(entry->is_gone),
        entry->is_gone ? tern_value_null() : tern_value_integer(entry->said),
        entry->is_gone ? tern_value_null() : tern_value_id(&entry->medication),
        tern_value_integer(run->next),
        tern_value_integer(entry->offset_us)};

    run->has_changed = true;
    return trn_care_run(run->care, TRN_SQL_REMINDER_PUT, values, 9, error);
}

static bool rings_alike(const struct entry *one, const struct entry *other)
{
    uint64_t apart_us = one->offset_us > other->offset_us
                            ? (uint64_t)one->offset_us - (uint64_t)other->offset_us
                            : (uint64_t)other->offset_us - (uint64_t)one->offset_us;

    return one->scheduled_us == other->scheduled_us && one->grace_minutes == other->grace_minutes &&
           apart_us <= OFFSET_TOLERANCE_US;
}

static tern_status settle_due(struct run *run, tern_care_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < run->due_count && status == TERN_OK; i++) {
        const struct entry *due = &run->due[i];
        const struct entry *listed = find(run->listed, run->listed_count, &due->dose);

        if (listed == NULL || !rings_alike(listed, due) || listed->said != due->said) {
            status = put(run, due, error);
        }
    }
    return status;
}

static tern_status settle_listed(struct run *run, tern_care_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < run->listed_count && status == TERN_OK; i++) {
        struct entry *listed = &run->listed[i];
        const tern_value key[] = {tern_value_id(run->patient), tern_value_id(&listed->dose)};

        if (find(run->due, run->due_count, &listed->dose) != NULL) {
            continue;
        }
        if (is_over(run, listed) || TRN_MUTANT(CARE_CANCEL_UNTOLD)) {
            status = trn_care_run(run->care, TRN_SQL_REMINDER_DROP, key, 2, error);
        } else {
            listed->is_gone = true;
            status = put(run, listed, error);
        }
    }
    return status;
}

/* What is listed has another name once it is something else. */
static tern_status name_listed(const struct run *run, tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(run->patient), tern_value_integer(run->next)};

    return run->has_changed ? trn_care_run(run->care, TRN_SQL_REMINDER_NAME, values, 2, error)
                            : TERN_OK;
}

static tern_status settle(struct run *run, tern_care_error *error)
{
    tern_status status = settle_due(run, error);

    if (status == TERN_OK) {
        status = settle_listed(run, error);
    }
    return status == TERN_OK ? name_listed(run, error) : status;
}

/* What was cancelled is let go of by the next read, and the list has another name then: between the
 * commit and the visits of the read that cancelled it another one may have come. */
static tern_status tidy(struct run *run, tern_care_error *error)
{
    const tern_value patient = tern_value_id(run->patient);
    tern_status status =
        trn_care_has(run->care, TRN_SQL_REMINDER_GONE, &patient, 1, &run->has_changed, error);

    return status == TERN_OK && run->has_changed
               ? trn_care_run(run->care, TRN_SQL_REMINDER_TIDY, &patient, 1, error)
               : status;
}

static tern_status prepare(struct run *run, tern_care_error *error)
{
    tern_clock_state clock = {.size = sizeof(clock)};
    tern_status status = make_table(run->care, error);

    if (status == TERN_OK) {
        status = tidy(run, error);
    }
    if (status == TERN_OK) {
        status = run_text(run->care, "SELECT random()&0x7fffffffffffffff|1", &run->next, error);
    }
    if (status == TERN_OK) {
        status = tern_replica_read_clock(run->care->replica, &clock, trn_engine_error(error));
    }
    run->now_us = clock.now_us;
    run->offset_us =
        clock.server_offset_known && !TRN_MUTANT(CARE_RINGS_BY_SERVER) ? clock.server_offset_us : 0;
    return status;
}

static tern_status refresh(struct run *run, tern_care_error *error)
{
    tern_tx *tx = NULL;
    tern_status status = trn_care_begin(run->care, false, &tx, error);

    if (status != TERN_OK) {
        return status;
    }
    status = prepare(run, error);
    if (status == TERN_OK) {
        status = read_due(run, error);
    }
    if (status == TERN_OK) {
        status = read_prn(run, error);
    }
    if (status == TERN_OK) {
        status = read_listed(run, error);
    }
    if (status == TERN_OK) {
        status = settle(run, error);
    }
    return trn_care_end(tx, status, error);
}

/* ---- Listing ---- */

/* The columns behind that. */
enum { NAME = CURSOR + 1, NAME_KHMER, DOSAGE };

static void fill(tern_statement *row, tern_reminder *ret_reminder)
{
    struct entry entry;
    uint64_t first_us; /* an offset is of whatever a server says */

    read_entry(row, &entry);
    first_us = (uint64_t)entry.scheduled_us - (uint64_t)entry.offset_us;
    *ret_reminder = (tern_reminder){.dose = entry.dose,
                                    .is_cancelled = entry.is_gone,
                                    .scheduled_us = entry.scheduled_us,
                                    .rings = 1 + TERN_REMINDER_REPEATS,
                                    .is_prn = entry.grace_minutes == 0,
                                    .medication = entry.medication,
                                    .medicine_name = tern_statement_value(row, NAME),
                                    .medicine_name_khmer = tern_statement_value(row, NAME_KHMER),
                                    .dosage = tern_statement_value(row, DOSAGE)};
    if (ret_reminder->is_prn) {
        ret_reminder->rings = 1;
    }
    for (int i = 0; i <= TERN_REMINDER_REPEATS; i++) {
        ret_reminder->at_us[i] =
            (int64_t)(first_us +
                      (uint64_t)(i * entry.grace_minutes * TRN_MINUTE_US / TERN_REMINDER_REPEATS));
    }
}

/* What another read changes or lets go of meanwhile bears another cursor, so the next tells all. */
static tern_status visit(const struct run *run,
                         tern_reminder_visitor visitor,
                         void *context,
                         bool *ret_goes_on,
                         tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(run->patient),
                                 tern_value_integer(run->is_all),
                                 tern_value_integer(run->next)};
    tern_statement *row = NULL;
    bool more = true;
    tern_status status = trn_care_bind(run->care, TRN_SQL_REMINDERS_TOLD, values, 3, &row, error);

    *ret_goes_on = true;
    while (status == TERN_OK && more && *ret_goes_on) {
        tern_reminder reminder;

        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            fill(row, &reminder);
            *ret_goes_on = visitor(context, &reminder);
        }
    }
    if (row != NULL) {
        tern_statement_reset(row);
    }
    return status;
}

static tern_status tell(struct run *run,
                        int64_t *cursor,
                        tern_reminder_visitor visitor,
                        void *context,
                        bool *ret_is_all,
                        tern_care_error *error)
{
    bool is_told = false;
    tern_status status;

    run->is_all = *cursor == 0 || (*cursor != run->cursor && !TRN_MUTANT(CARE_CURSOR_BELIEVED));
    status = visit(run, visitor, context, &is_told, error);
    if (status == TERN_OK && is_told) {
        *cursor = run->has_changed ? run->next : run->cursor;
        *ret_is_all = run->is_all;
    }
    return status;
}

tern_status tern_reminders_read(tern_care *care,
                                const tern_id *patient,
                                int64_t *cursor,
                                tern_reminder_visitor visitor,
                                void *context,
                                bool *ret_is_all,
                                tern_care_error *error)
{
    struct run *run;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || cursor == NULL || visitor == NULL || ret_is_all == NULL) {
        return trn_care_misuse(error, "tern_reminders_read");
    }
    *ret_is_all = false;
    run = trn_calloc(1, sizeof(*run));
    if (run == NULL) {
        return trn_fail_nomem(trn_engine_error(error));
    }
    run->care = care;
    run->patient = patient != NULL ? patient : &care->user;
    status = refresh(run, error);
    if (status == TERN_OK) {
        status = tell(run, cursor, visitor, context, ret_is_all, error);
    }
    trn_free(run);
    return status;
}

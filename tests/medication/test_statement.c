/* Every read of the library goes by an index: no table of the document is ever scanned. And it
 * takes as many statements for many rows as for one. */
#include "tests/medication/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "medication/internal.h"
#include "tern/medication/adherence.h"
#include "tern/medication/alert.h"
#include "tern/medication/audit.h"
#include "tern/medication/reminder.h"

static void expect_indexed(tern_reader *reader, const char *text)
{
    tern_statement *statement = NULL;
    tern_error error = {0};
    char made[256] = ""; /* the part of the statement whose rows were made last */
    char sql[4096];
    bool row = true;

    (void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", text);
    if (tern_reader_prepare(reader, sql, strlen(sql), &statement, &error) != TERN_OK) {
        fail_msg("%s: %s", error.message, text);
    }
    while (row) {
        CHECK_INT(tern_statement_step(statement, &row, &error), TERN_OK);
        if (row) {
            char detail[256];

            trn_value_to_text(tern_statement_value(statement, 3), detail, sizeof(detail));
            if (strncmp(detail, "CO-ROUTINE ", 11) == 0) {
                memcpy(made, detail + 11, strlen(detail + 11) + 1);
            }
            if (strstr(detail, "AUTOMATIC") != NULL) { /* made for the read, of all rows */
                fail_msg("%s: %s", detail, text);
            }
            if (strncmp(detail, "SCAN ", 5) == 0 && strcmp(detail + 5, made) != 0 &&
                strstr(detail, "CONSTANT ROW") == NULL && strstr(detail, "SCAN k") == NULL &&
                strstr(detail, "VIRTUAL TABLE") == NULL &&
                strncmp(detail, "SCAN (subquery-", 15) != 0) {
                fail_msg("%s: %s", detail, text);
            }
        }
    }
    tern_statement_free(statement);
}

static bool ignore(void *context, const tern_adherence *sum)
{
    (void)context;
    return sum->missed >= 0;
}

static bool pass(void *context, const tern_reminder *reminder)
{
    (void)context;
    return !reminder->is_cancelled;
}

TEST(every_read_goes_by_an_index)
{
    tern_reader *reader = NULL;
    int64_t cursor = 0;
    bool all = false;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    CHECK_INT(tern_adherence_read(care, NULL, ignore, NULL, NULL, NULL), TERN_OK);
    CHECK_INT(tern_reminders_read(care, NULL, &cursor, pass, NULL, &all, NULL), TERN_OK);
    CHECK_INT(tern_reader_open(care_replica, &reader, NULL), TERN_OK);
    for (unsigned i = 0; i < TRN_SQL_READS; i++) {
        expect_indexed(reader, trn_sql_text((enum trn_sql)i));
    }
    tern_reader_close(reader);
    care_end();
}

/* ---- How many statements a read takes ---- */

static struct {
    int statements;
    int rows;
    tern_id prescription; /* of many medicines */
    tern_id edited;       /* of many versions */
    tern_care_error error;
} seen;

/* Statements of triggers come as comments. */
static int note_statement(unsigned kind, void *context, void *statement, void *text)
{
    (void)kind;
    (void)context;
    (void)statement;
    seen.statements += strncmp(text, "--", 2) != 0;
    return 0;
}

static int watch(sqlite3 *db, const char **ret_message, const struct sqlite3_api_routines *routines)
{
    (void)ret_message;
    (void)routines;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, note_statement, NULL);
}

#define COUNTER(name, type)                                                                        \
    static bool name(void *context, const type *row)                                               \
    {                                                                                              \
        (void)context;                                                                             \
        seen.rows += row != NULL;                                                                  \
        return true;                                                                               \
    }

COUNTER(count_dose, tern_dose)
COUNTER(count_prescription, tern_prescription_row)
COUNTER(count_medication, tern_medication)
COUNTER(count_version, tern_prescription_version)
COUNTER(count_reminder, tern_reminder)
COUNTER(count_sum, tern_adherence)
COUNTER(count_audit, tern_audit_entry)
COUNTER(count_alert, tern_alert)

static bool count_part(void *context,
                       const tern_prescription_row *prescription,
                       const tern_medication *medication)
{
    (void)prescription;
    return count_medication(context, medication);
}

static tern_status list_doses(void)
{
    return tern_dose_list(care, NULL, "2026-03-02", count_dose, NULL, &seen.error);
}

static tern_status list_prescriptions(void)
{
    return tern_prescription_list(care, NULL, 0, count_prescription, NULL, &seen.error);
}

static tern_status read_prescription(void)
{
    return tern_prescription_read(care, &seen.prescription, count_part, NULL, &seen.error);
}

static tern_status list_versions(void)
{
    return tern_prescription_versions(care, &seen.edited, count_version, NULL, &seen.error);
}

static tern_status list_snapshot(void)
{
    return tern_prescription_snapshot(care,
                                      &seen.prescription,
                                      1,
                                      count_medication,
                                      NULL,
                                      &seen.error);
}

static tern_status list_medications(void)
{
    return tern_medication_list(care, NULL, 0, count_medication, NULL, &seen.error);
}

static tern_status list_reminders(void)
{
    int64_t cursor = 0;
    bool all = false;

    return tern_reminders_read(care, NULL, &cursor, count_reminder, NULL, &all, &seen.error);
}

static tern_status list_adherence(void)
{
    const tern_adherence_query query = {.size = sizeof(query), .by = TERN_ADHERENCE_MEDICATION};

    return tern_adherence_read(care, &query, count_sum, NULL, NULL, &seen.error);
}

static tern_status list_audit(void)
{
    tern_audit_cursor cursor = {0};

    return tern_audit_read(care, NULL, &cursor, count_audit, NULL, NULL, &seen.error);
}

static tern_status list_alerts(void)
{
    tern_alert_cursor cursor = {0};

    return tern_alert_list(care, false, 100, &cursor, count_alert, NULL, &seen.error);
}

static tern_status (*const reads[])(void) = {list_doses,
                                             list_prescriptions,
                                             read_prescription,
                                             list_versions,
                                             list_snapshot,
                                             list_medications,
                                             list_reminders,
                                             list_adherence,
                                             list_audit,
                                             list_alerts};

enum { MANY = 50, READS = sizeof(reads) / sizeof(reads[0]) };

static void prescribe_many(size_t count)
{
    tern_medicine medicines[2 * MANY];

    for (size_t i = 0; i < count; i++) {
        medicines[2 * i] =
            (tern_medicine){.name = "a medicine", .morning_dosage = "{\"amount\":1}"};
        medicines[2 * i + 1] = (tern_medicine){.name = "as needed", .is_prn = true};
    }
    care_prescription.medicines = medicines;
    care_prescription.medicine_count = 2 * count;
    seen.prescription = care_prescribe();
    fixture_run(care_replica, "UPDATE medications SET prn_times = '[\"07:00\"]' WHERE is_prn");
}

static void live_through(size_t count)
{
    char sql[512];

    care_begin("2026-03-02 05:00");
    prescribe_many(count);
    care_prescription.medicines = &care_medicine;
    care_prescription.medicine_count = 1;
    for (size_t i = 0; i < count; i++) {
        care_ok(tern_prescription_create(care, &care_prescription, NULL, &seen.edited, &seen.error),
                &seen.error);
    }
    for (size_t i = 1; i < count; i++) {
        care_ok(tern_prescription_edit(care,
                                       &seen.edited,
                                       &care_prescription,
                                       "why",
                                       NULL,
                                       &seen.error),
                &seen.error);
    }
    (void)snprintf(sql,
                   sizeof(sql),
                   "INSERT INTO notifications(id, recipient_id, type, title, message, data, "
                   "about_id) SELECT tern_key('notifications', u.id, 'PRESCRIPTION_UPDATE', m.id), "
                   "u.id, 'PRESCRIPTION_UPDATE', 'a title', 'a text', '{}', m.id FROM users u "
                   "JOIN medications m LIMIT %zu",
                   count);
    fixture_run(care_replica, sql);
    care_clock("2026-03-02 12:00");
}

/* Once for what is compiled or summed up the first time, and once more that counts. */
static void count_statements(size_t rows, int ret_counts[READS])
{
    live_through(rows);
    for (size_t i = 0; i < READS; i++) {
        care_ok(reads[i](), &seen.error);
        seen.statements = 0;
        seen.rows = 0;
        care_ok(reads[i](), &seen.error);
        ret_counts[i] = seen.statements;
        CHECK(seen.rows >= (int)rows && seen.statements > 0);
    }
    care_end();
}

TEST(a_read_takes_as_many_statements_for_many_rows_as_for_one)
{
    int one[READS];
    int many[READS];

    CHECK_INT(sqlite3_auto_extension((void (*)(void))watch), SQLITE_OK);
    count_statements(1, one);
    count_statements(MANY, many);
    CHECK_INT(sqlite3_cancel_auto_extension((void (*)(void))watch), 1);
    for (size_t i = 0; i < READS; i++) {
        if (one[i] != many[i]) {
            fail_msg("read %zu: %d statements for one, %d for many", i, one[i], many[i]);
        }
    }
}

TEST(calls_leave_everything_as_it_was_when_memory_runs_out)
{
    int64_t made = 0;

    care_begin("2026-03-02 05:00");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_care_error error;
        tern_id id = {{0}};
        tern_status status;

        status = tern_prescription_create(care, &care_prescription, NULL, &id, &error);
        CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && id.bytes[0] == 0));
        made += status == TERN_OK ? 1 : 0;
    }
    CHECK(made > 0);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescriptions"), made);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescription_versions"), made);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM audit_logs"), made);
    care_end();
}

/* ---- How far storing missed doses walks ---- */

static int64_t walked; /* steps of SQLite's machine */

static int count_step(void *context)
{
    (void)context;
    walked++;
    return 0;
}

static int
count_steps(sqlite3 *db, const char **ret_message, const struct sqlite3_api_routines *routines)
{
    (void)ret_message;
    (void)routines;
    sqlite3_progress_handler(db, 1, count_step, NULL);
    return SQLITE_OK;
}

enum { LIMIT = 20, TAKEN = 1800 };

/* Steps of SQLite's machine that one call takes behind so many doses that were taken, and what it
 * says. */
static int64_t steps_behind(int taken, bool *ret_more)
{
    tern_medicine medicines[TAKEN / 60];
    tern_missed_cursor cursor = {.scheduled_us = 0};
    uint32_t missed = 9;
    int64_t steps;

    care_begin("2026-03-02 05:00");
    for (int i = 0; i < taken / 60; i++) {
        medicines[i] = care_medicine;
    }
    care_prescription.medicines = medicines;
    care_prescription.medicine_count = (size_t)(taken / 60);
    (void)care_prescribe();
    fixture_run(care_replica,
                "UPDATE dose_events SET status='TAKEN_ON_TIME', taken_at=scheduled_time");
    care_clock("2026-04-20 12:00");
    care_ok(tern_doses_infer_missed(care, NULL, LIMIT, &cursor, &missed, ret_more, &seen.error),
            &seen.error);
    cursor = (tern_missed_cursor){.scheduled_us = 0};
    walked = 0;
    care_ok(tern_doses_infer_missed(care, NULL, LIMIT, &cursor, &missed, ret_more, &seen.error),
            &seen.error);
    steps = walked;
    CHECK_INT(missed, 0);
    for (int calls = 1; *ret_more; calls++) {
        CHECK(calls <= taken / LIMIT);
        care_ok(tern_doses_infer_missed(care, NULL, LIMIT, &cursor, &missed, ret_more, &seen.error),
                &seen.error);
    }
    care_end();
    return steps;
}

TEST(storing_missed_doses_walks_a_bounded_number_of_rows_whatever_they_say)
{
    bool more = false;
    int64_t few;
    int64_t many;

    CHECK_INT(sqlite3_auto_extension((void (*)(void))count_steps), SQLITE_OK);
    few = steps_behind(60, &more);
    many = steps_behind(TAKEN, &more);
    CHECK_INT(sqlite3_cancel_auto_extension((void (*)(void))count_steps), 1);
    if (few == 0 || many > few + few / 10) {
        fail_msg("%lld steps behind few doses, %lld behind many", (long long)few, (long long)many);
    }
}

/* ---- What a day's list looks up of older versions ---- */

static bool ignore_dose(void *context, const tern_dose *dose)
{
    *(size_t *)context += dose->status != TERN_DOSE_DUE ? 1 : 0;
    return true;
}

/* Steps of a list of a day whose doses have all been taken, before so many edits. */
static int64_t steps_of_a_day(int edits)
{
    tern_medicine medicines[10];
    size_t doses = 0;
    int64_t steps;

    care_begin("2026-03-02 05:00");
    for (size_t i = 0; i < 10; i++) {
        medicines[i] = care_medicine;
    }
    care_prescription.medicines = medicines;
    care_prescription.medicine_count = 10;
    seen.edited = care_prescribe();
    fixture_run(care_replica,
                "UPDATE dose_events SET status='TAKEN_ON_TIME', taken_at=scheduled_time");
    care_clock("2026-03-05 12:00");
    for (int i = 0; i < edits; i++) {
        care_ok(tern_prescription_edit(care,
                                       &seen.edited,
                                       &care_prescription,
                                       "why",
                                       NULL,
                                       &seen.error),
                &seen.error);
    }
    care_ok(tern_dose_list(care, NULL, "2026-03-03", ignore_dose, &doses, &seen.error),
            &seen.error);
    walked = 0;
    care_ok(tern_dose_list(care, NULL, "2026-03-03", ignore_dose, &doses, &seen.error),
            &seen.error);
    steps = walked;
    CHECK_INT(doses, 40);
    care_end();
    return steps;
}

TEST(a_days_list_looks_up_no_version_for_what_is_recorded)
{
    int64_t plain;
    int64_t edited;

    CHECK_INT(sqlite3_auto_extension((void (*)(void))count_steps), SQLITE_OK);
    plain = steps_of_a_day(0);
    edited = steps_of_a_day(3);
    CHECK_INT(sqlite3_cancel_auto_extension((void (*)(void))count_steps), 1);
    if (plain == 0 || edited > plain + plain / 5) {
        fail_msg("%lld steps, and %lld after edits", (long long)plain, (long long)edited);
    }
}

static int64_t asked;

static tern_status
count_asked(void *context, const char *zone, int64_t utc_us, int32_t *ret_offset_s, tern_error *to)
{
    const tern_zone_port *port = context;

    asked++;
    return port->offset(port->context, zone, utc_us, ret_offset_s, to);
}

/* How often the zone is asked for a day's list of so many medicines' doses. */
static int64_t asked_for_a_day(size_t medicines)
{
    static tern_medicine all[10];
    tern_zone_port port = {.offset = count_asked};
    tern_care_options options = {.size = sizeof(options), .zones = &port};
    tern_care *counted = NULL;
    int64_t before;

    care_begin("2026-03-02 05:00");
    for (size_t i = 0; i < medicines; i++) {
        all[i] = care_medicine;
    }
    care_prescription.medicines = all;
    care_prescription.medicine_count = medicines;
    (void)care_prescribe();
    port.context = (void *)(uintptr_t)care_zones();
    care_ok(tern_care_open(care_replica, &options, &counted, &seen.error), &seen.error);
    before = asked;
    seen.rows = 0;
    care_ok(tern_dose_list(counted, NULL, "2026-03-05", count_dose, NULL, &seen.error),
            &seen.error);
    CHECK_INT(seen.rows, 2 * medicines);
    tern_care_close(counted);
    care_end();
    return asked - before;
}

TEST(a_days_list_asks_the_zone_as_often_for_many_doses_as_for_one)
{
    CHECK_INT(asked_for_a_day(10), asked_for_a_day(1));
}

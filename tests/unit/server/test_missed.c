/* The server's job for missed doses, beside phones that record, infer and undo. */
#include "server/missed.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "server/rounds.h"
#include "tests/sim/disk.h"
#include "tests/unit/schema/documents.h"
#include "tests/unit/server/lab.h"

#define MINUTE_US (60 * LAB_SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

enum { GRACE = 30 };

/* ---- Zones ---- */

static tern_status
offset(void *context, const char *zone, int64_t utc_us, int32_t *ret_offset_s, tern_error *error)
{
    (void)context;
    (void)utc_us;
    (void)error;
    if (strcmp(zone, "Asia/Phnom_Penh") != 0) {
        return TERN_ERR_NOT_FOUND;
    }
    *ret_offset_s = 7 * 3600;
    return TERN_OK;
}

static void hand_in(void *context, int64_t now_us, struct trn_sync_call *call)
{
    const struct lab *lab = context;

    trn_server_handle(lab->server, now_us, call, 1);
}

static struct trn_missed_port port_of(struct lab *lab)
{
    return (
        struct trn_missed_port){.zones = {.offset = offset}, .context = lab, .hand_in = hand_in};
}

/* ---- A patient with a prescription ---- */

static const char morning[] = "{\"amount\":1,\"before_meal\":false}";

static void insert_user(struct phone *phone, const char *zone)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "users", phone->auth.user);

    lab_set(&change, "role", tern_value_text("PATIENT"));
    lab_set(&change, "time_zone", tern_value_text(zone));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

static void insert_prescription(struct phone *phone, tern_id id, const char *status)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "prescriptions", id);

    lab_set(&change, "patient_id", tern_value_id(&phone->auth.user));
    lab_set(&change, "patient_name", tern_value_text("x"));
    lab_set(&change, "start_date", tern_value_text("2026-01-01"));
    lab_set(&change, "status", tern_value_text(status));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

/* With a morning dosage, or by the words alone. */
static void insert_medication(struct phone *phone,
                              tern_id id,
                              tern_id prescription,
                              const char *timing,
                              bool prn)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "medications", id);

    lab_set(&change, "prescription_id", tern_value_id(&prescription));
    lab_set(&change, "row_number", tern_value_integer(1));
    lab_set(&change, "medicine_name", tern_value_text("Paracetamol"));
    lab_set(&change,
            "morning_dosage",
            timing == NULL ? tern_value_text(morning) : tern_value_null());
    lab_set(&change, "timing", tern_value_text(timing));
    lab_set(&change, "is_prn", tern_value_integer(prn ? 1 : 0));
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

/* A dose as a device generates it. */
static tern_id insert_dose(struct phone *phone,
                           tern_id prescription,
                           tern_id medication,
                           unsigned day,
                           const char *slot,
                           int64_t scheduled_us)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "dose_events", lab_id('?', 0));
    char date[24];
    bool derived = false;

    (void)snprintf(date, sizeof(date), "2026-%02u-%02u", 1 + day / 28, 1 + day % 28);
    lab_set(&change, "prescription_id", tern_value_id(&prescription));
    lab_set(&change, "medication_id", tern_value_id(&medication));
    lab_set(&change, "patient_id", tern_value_id(&phone->auth.user));
    lab_set(&change, "scheduled_time", tern_value_integer(scheduled_us));
    lab_set(&change, "local_date", tern_value_text(date));
    lab_set(&change, "slot", tern_value_text(slot));
    lab_set(&change, "time_period", tern_value_text("DAYTIME"));
    lab_set(&change, "grace_minutes", tern_value_integer(GRACE));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(phone, TRN_ENTRY_INFERRED);
    phone_change(phone, &change);
    phone_commit(phone);
    return change.id;
}

static void set_outcome(struct phone *phone,
                        tern_id dose,
                        int64_t base,
                        const char *status,
                        enum trn_operation operation,
                        enum trn_entry_kind kind)
{
    struct trn_change change = lab_change(phone->lab, operation, "dose_events", dose);

    change.base = base;
    lab_set(&change, "status", tern_value_text(status));
    if (strncmp(status, "TAKEN", 5) == 0) {
        lab_set(&change, "taken_at", tern_value_integer(phone->lab->now_us));
    }
    phone_begin(phone, kind);
    phone_change(phone, &change);
    phone_commit(phone);
}

struct ward {
    struct lab lab;
    struct phone phone; /* of the patient */
    struct trn_missed *job;
    tern_id prescription;
    tern_id medication;
};

static void open_job(struct ward *ward)
{
    const struct trn_missed_port port = port_of(&ward->lab);

    CHECK(trn_missed_open(ward->lab.db, &port, &ward->job, NULL) == TERN_OK);
}

static void start_on(struct ward *ward, const char *vfs)
{
    memset(ward, 0, sizeof(*ward));
    lab_open(&ward->lab);
    if (vfs != NULL) {
        ward->lab.vfs = vfs;
        lab_reopen(&ward->lab);
    }
    phone_open(&ward->phone, &ward->lab, 1, 1);
    ward->prescription = lab_id('p', 1);
    ward->medication = lab_id('m', 1);
    insert_user(&ward->phone, "Asia/Phnom_Penh");
    insert_prescription(&ward->phone, ward->prescription, "ACTIVE");
    insert_medication(&ward->phone, ward->medication, ward->prescription, NULL, false);
    phone_push(&ward->phone);
    open_job(ward);
}

static void start(struct ward *ward)
{
    start_on(ward, NULL);
}

static void end(struct ward *ward)
{
    trn_missed_close(ward->job);
    phone_close(&ward->phone);
    lab_close(&ward->lab);
}

/* A dose of the morning of a day from 2026-01-01 on, pushed; due at 07:30 there. */
static tern_id push_dose(struct ward *ward, unsigned day)
{
    tern_id id = insert_dose(&ward->phone,
                             ward->prescription,
                             ward->medication,
                             day,
                             "MORNING",
                             LAB_START_US + day * DAY_US + 30 * MINUTE_US);

    phone_push(&ward->phone);
    return id;
}

static struct trn_missed_report step(struct ward *ward)
{
    struct trn_missed_report report = {.missed = 0};
    tern_error error = {.status = TERN_OK};

    if (trn_missed_step(ward->job, ward->lab.now_us, &report, &error) != TERN_OK) {
        CHECK_TEXT(error.message, "no error");
    }
    return report;
}

static int64_t count_of(struct ward *ward, const char *status)
{
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM dose_events WHERE status='%s'", status);
    return lab_number(&ward->lab, sql);
}

/* The job's transactions. */
static int64_t transactions(struct ward *ward)
{
    return lab_number(&ward->lab,
                      "SELECT count(*) FROM tern_entry WHERE device NOT IN "
                      "(SELECT id FROM tern_device WHERE substr(id, 1, 1) = x'64')");
}

static int64_t audits(struct ward *ward)
{
    return lab_number(&ward->lab, "SELECT count(*) FROM sync_audit");
}

/* ---- Which doses ---- */

TEST(a_dose_is_missed_once_its_grace_has_passed_and_not_before)
{
    struct ward ward;
    int64_t due_us = LAB_START_US + 30 * MINUTE_US;

    start(&ward);
    (void)push_dose(&ward, 0);
    ward.lab.now_us = due_us + GRACE * MINUTE_US;
    CHECK_INT(step(&ward).missed, 0);
    CHECK_INT(count_of(&ward, "DUE"), 1);
    ward.lab.now_us++;
    CHECK_INT(step(&ward).missed, 1);
    CHECK_INT(count_of(&ward, "MISSED"), 1);
    CHECK_INT(step(&ward).missed, 0);
    CHECK_INT(transactions(&ward), 1);
    end(&ward);
}

TEST(what_the_job_stores_is_inferred_and_has_a_receipt_as_any)
{
    struct ward ward;

    start(&ward);
    (void)push_dose(&ward, 0);
    (void)push_dose(&ward, 1);
    ward.lab.now_us = LAB_START_US + 3 * DAY_US;
    CHECK_INT(step(&ward).missed, 2);
    CHECK_INT(lab_number(&ward.lab,
                         "SELECT count(*) FROM tern_entry WHERE kind = 0 AND verdict = 0"
                         " AND ordinal = 1 AND length(body) > 0 AND device = sender"
                         " AND substr(device, 1, 1) <> x'64'"),
              1);
    CHECK_INT(lab_number(&ward.lab,
                         "SELECT sum(updated_at = (SELECT max(time) FROM tern_entry))"
                         " FROM dose_events"),
              2);
    end(&ward);
}

TEST(what_nothing_yields_any_more_stays_due)
{
    static const char *const broken[] = {
        "UPDATE prescriptions SET status = 'PAUSED'",
        "UPDATE prescriptions SET deleted_at = 1",
        "UPDATE prescriptions SET end_date = '2026-01-01', start_date = '2026-01-01'",
        "UPDATE medications SET deleted_at = 1",
        "UPDATE medications SET is_prn = 1",
        "UPDATE medications SET morning_dosage = NULL, night_dosage = '{}'",
        "UPDATE medications SET morning_dosage = 'null'",
        "UPDATE medications SET morning_dosage = '5'",
        "UPDATE medications SET morning_dosage = '\"one\"', timing = '08:00'",
        "UPDATE medications SET morning_dosage = '[]', night_dosage = '{}'",
        "UPDATE medications SET duration = 1",
        "UPDATE medications SET timing = 'mon'",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct ward ward;

        start(&ward);
        (void)push_dose(&ward, 1); /* a Friday */
        lab_write(&ward.lab, broken[i]);
        ward.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(step(&ward).missed, 0);
        CHECK_INT(count_of(&ward, "DUE"), 1);
        CHECK_INT(transactions(&ward), 0);
        end(&ward);
    }
}

/* The day of the dose that push_dose(1) makes. */
static void set_spans(struct ward *ward, const char *status, int64_t from_us, int64_t until_us)
{
    char sql[200];

    (void)snprintf(sql,
                   sizeof(sql),
                   "UPDATE prescriptions SET status = '%s', active_spans = '0,%lld'||iif(%lld=0, "
                   "'', ',%lld')",
                   status,
                   (long long)from_us,
                   (long long)until_us,
                   (long long)until_us);
    lab_write(&ward->lab, sql);
}

TEST(what_passed_in_a_pause_is_not_missed_and_what_passed_before_it_is)
{
    int64_t ends_us = LAB_START_US + DAY_US + 60 * MINUTE_US;
    const struct {
        const char *status;
        int64_t from_us;
        int64_t until_us; /* 0: not resumed */
        int64_t missed;
    } cases[] = {
        {"PAUSED", ends_us, 0, 0},
        {"PAUSED", ends_us + 1, 0, 1},
        {"INACTIVE", ends_us + 1, 0, 1},
        {"ACTIVE", ends_us, ends_us + 1, 0},
        {"ACTIVE", ends_us - 2, ends_us, 1},
        {"ACTIVE", ends_us + 1, ends_us + 2, 1},
        {"ACTIVE", ends_us - 2, 0, 1}, /* contradicts the status: not believed */
        {"PAUSED", ends_us + 1, ends_us + 2, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward ward;

        start(&ward);
        (void)push_dose(&ward, 1);
        set_spans(&ward, cases[i].status, cases[i].from_us, cases[i].until_us);
        ward.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(step(&ward).missed, cases[i].missed);
        end(&ward);
    }
}

static void insert_version(struct ward *ward, int64_t number, int64_t created_us, const char *says)
{
    struct trn_change change =
        lab_change(&ward->lab, TRN_OP_INSERT, "prescription_versions", lab_id('?', 0));
    char id[TRN_ID_TEXT_SIZE + 1];
    char snapshot[400];
    bool derived = false;

    trn_id_format(&ward->medication, id);
    (void)snprintf(snapshot, sizeof(snapshot), "[{\"id\":\"%s\"%s}]", id, says);
    lab_set(&change, "prescription_id", tern_value_id(&ward->prescription));
    lab_set(&change, "version_number", tern_value_integer(number));
    lab_set(&change, "created_at", tern_value_integer(created_us));
    lab_set(&change, "medications_snapshot", tern_value_text(snapshot));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(&ward->phone, TRN_ENTRY_RECORDED);
    phone_change(&ward->phone, &change);
    phone_commit(&ward->phone);
}

TEST(a_dose_is_judged_by_the_version_that_was_in_force_when_it_passed)
{
    static const struct {
        const char *first;  /* what the first version says, beside the id */
        int64_t second_us;  /* when the second was written, from the grace's end on */
        const char *change; /* what the second changed */
        int64_t missed;
    } cases[] = {
        {",\"morning_dosage\":{\"amount\":1}", 1, "morning_dosage = NULL", 1},
        {",\"morning_dosage\":{\"amount\":1}", 0, "morning_dosage = NULL", 0},
        {",\"morning_dosage\":{\"amount\":1}", 1, "deleted_at = 1", 1},
        {",\"morning_dosage\":null", 1, "row_number = 1", 0},
        {",\"morning_dosage\":5", 1, "row_number = 1", 0},
        {",\"morning_dosage\":\"one\",\"night_dosage\":{}", 1, "row_number = 1", 0},
        {",\"morning_dosage\":null", 0, "row_number = 1", 1},
        {",\"morning_dosage\":{\"amount\":1},\"duration\":1", 1, "row_number = 1", 0},
        {",\"morning_dosage\":{\"amount\":1},\"timing\":\"mon\"", 1, "row_number = 1", 0},
        {",\"morning_dosage\":{\"amount\":1},\"is_prn\":true", 1, "row_number = 1", 0},
        {",\"morning_dosage\":{\"amount\":1},\"end_date\":\"2026-01-01\"", 1, "row_number = 1", 0},
        {",\"morning_dosage\":{\"amount\":1},\"start_date\":\"2026-01-03\"",
         1,
         "row_number = 1",
         0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward ward;
        char sql[200];

        start(&ward);
        (void)push_dose(&ward, 1); /* a Friday */
        insert_version(&ward, 1, LAB_START_US, cases[i].first);
        insert_version(&ward, 2, LAB_START_US + DAY_US + 60 * MINUTE_US + cases[i].second_us, "");
        phone_push(&ward.phone);
        lab_write(&ward.lab, "UPDATE prescriptions SET current_version = 2");
        (void)snprintf(sql, sizeof(sql), "UPDATE medications SET %s", cases[i].change);
        lab_write(&ward.lab, sql);
        ward.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(step(&ward).missed, cases[i].missed);
        end(&ward);
    }
}

/* Of what names no start the day on which it was put in force is asked, and not the one on which it
 * was made. */
TEST(a_course_counts_from_the_day_on_which_it_was_put_in_force)
{
    static const struct {
        const char *begins_on;
        int64_t missed;
    } cases[] = {{"'2026-01-02'", 1}, {"'2026-01-03'", 0}, {"NULL", 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward ward;
        char sql[200];

        start(&ward);
        (void)push_dose(&ward, 1);
        (void)snprintf(sql,
                       sizeof(sql),
                       "UPDATE prescriptions SET start_date = NULL, begins_on = %s, "
                       "created_at = 1764547200000000", /* a month before */
                       cases[i].begins_on);
        lab_write(&ward.lab, sql);
        lab_write(&ward.lab, "UPDATE medications SET duration = 1");
        ward.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(step(&ward).missed, cases[i].missed);
        end(&ward);
    }
}

/* Patients write their own prescriptions, and the schema bounds a version's number by 1 alone. */
TEST(a_current_version_that_has_no_row_is_not_counted_down_from)
{
    static const struct {
        const char *first; /* what the only version says, if there is one */
        int64_t missed;
    } cases[] = {{NULL, 1}, {"", 0}, {",\"morning_dosage\":{\"amount\":1}", 1}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ward ward;

        start(&ward);
        (void)push_dose(&ward, 1);
        if (cases[i].first != NULL) {
            insert_version(&ward, 1, LAB_START_US, cases[i].first);
            phone_push(&ward.phone);
        }
        lab_write(&ward.lab, "UPDATE prescriptions SET current_version = 2147483647");
        ward.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(step(&ward).missed, cases[i].missed);
        end(&ward);
    }
}

TEST(a_dosage_that_is_none_is_told_and_stops_no_other_dose)
{
    struct trn_missed_report report;
    struct ward ward;

    start(&ward);
    (void)push_dose(&ward, 1);
    lab_write(&ward.lab, "UPDATE medications SET morning_dosage = '5', night_dosage = '{}'");
    ward.lab.now_us = LAB_START_US + 10 * DAY_US;
    report = step(&ward);
    CHECK_INT(report.missed, 0);
    CHECK_INT(report.undosed, 1);
    CHECK_INT(report.unread, 0);
    lab_write(&ward.lab, "UPDATE medications SET morning_dosage = '{}', night_dosage = '5'");
    report = step(&ward);
    CHECK_INT(report.missed, 1);
    CHECK_INT(report.undosed, 0);
    end(&ward);
}

TEST(words_meals_and_zones_of_each_patient_are_gone_by)
{
    struct ward ward;
    struct phone other;
    tern_id prescription = lab_id('p', 2);
    tern_id medication = lab_id('m', 2);

    start(&ward);
    phone_open(&other, &ward.lab, 2, 2);
    insert_user(&other, "Asia/Phnom_Penh");
    insert_prescription(&other, prescription, "ACTIVE");
    insert_medication(&other, medication, prescription, "08:00; 20:30", false);
    (void)insert_dose(&other, prescription, medication, 0, "08:00", LAB_START_US + HOUR_US);
    (void)insert_dose(&other, prescription, medication, 0, "09:00", LAB_START_US + 2 * HOUR_US);
    phone_push(&other);
    (void)push_dose(&ward, 0);
    ward.lab.now_us = LAB_START_US + DAY_US;
    CHECK_INT(step(&ward).missed, 2);
    CHECK_INT(transactions(&ward), 2); /* one a patient */
    CHECK_INT(lab_number(&ward.lab,
                         "SELECT count(*) FROM dose_events WHERE slot = '09:00' AND "
                         "status = 'DUE'"),
              1);
    phone_close(&other);
    end(&ward);
}

/* Another patient's dose was pushed as well. */
static void start_with_another(struct ward *ward, struct phone *other, const char *zone)
{
    const tern_id prescription = lab_id('p', 2);
    const tern_id medication = lab_id('m', 2);

    start(ward);
    phone_open(other, &ward->lab, 2, 2);
    insert_user(other, zone);
    insert_prescription(other, prescription, "ACTIVE");
    insert_medication(other, medication, prescription, NULL, false);
    (void)insert_dose(other, prescription, medication, 0, "MORNING", LAB_START_US);
    phone_push(other);
}

TEST(a_zone_that_cannot_be_read_stops_nobody_else_and_is_never_taken_for_another)
{
    struct ward ward;
    struct phone other;
    struct trn_missed_report report;

    start_with_another(&ward, &other, "Mars/Olympus");
    lab_write(&ward.lab,
              "UPDATE prescriptions SET start_date = NULL, created_at = 1767225600000000");
    (void)push_dose(&ward, 0);
    ward.lab.now_us = LAB_START_US + DAY_US;
    report = step(&ward);
    CHECK_INT(report.missed, 1);
    CHECK_INT(report.unread, 1);
    CHECK_INT(count_of(&ward, "DUE"), 1);
    phone_close(&other);
    end(&ward);
}

TEST(a_patient_whose_transaction_is_refused_holds_nobody_else_up)
{
    struct ward ward;
    struct phone other;
    struct trn_missed_report report;

    start_with_another(&ward, &other, "Asia/Phnom_Penh");
    lab_write(&ward.lab,
              "INSERT INTO tern_erased(id, number, flags) SELECT id, 1, 1 FROM dose_events");
    (void)push_dose(&ward, 0);
    ward.lab.now_us = LAB_START_US + DAY_US;
    report = step(&ward);
    CHECK_INT(report.missed, 1);
    CHECK_INT(report.refused, 1);
    CHECK_INT(count_of(&ward, "DUE"), 1);
    CHECK_INT(count_of(&ward, "MISSED"), 1);
    phone_close(&other);
    end(&ward);
}

TEST(what_is_refused_again_leaves_no_other_receipt_until_the_next_day)
{
    struct ward ward;
    struct phone other;
    int64_t before;

    start_with_another(&ward, &other, "Asia/Phnom_Penh");
    lab_write(&ward.lab,
              "INSERT INTO tern_erased(id, number, flags) SELECT id, 1, 1 FROM dose_events");
    ward.lab.now_us = LAB_START_US + 2 * HOUR_US;
    CHECK_INT(step(&ward).refused, 1);
    before = transactions(&ward);
    for (int round = 0; round < 3; round++) {
        ward.lab.now_us += HOUR_US;
        CHECK_INT(step(&ward).refused, 1);
    }
    CHECK_INT(transactions(&ward), before);
    (void)push_dose(&ward, 0); /* what it finds beside it is stored all the same */
    CHECK_INT(step(&ward).missed, 1);
    CHECK_INT(transactions(&ward), before + 1);
    ward.lab.now_us += DAY_US;
    CHECK_INT(step(&ward).refused, 1);
    CHECK_INT(transactions(&ward), before + 2);
    lab_write(&ward.lab, "DELETE FROM tern_erased");
    ward.lab.now_us += DAY_US;
    CHECK_INT(step(&ward).missed, 1);
    CHECK_INT(count_of(&ward, "DUE"), 0);
    phone_close(&other);
    end(&ward);
}

/* Opens the patient's record to one more family member, by an operator. */
static void open_to_family(struct ward *ward, struct phone *operator, unsigned number)
{
    const tern_id user = lab_id('f', number);
    struct trn_change change = lab_change(&ward->lab, TRN_OP_INSERT, "users", user);

    lab_set(&change, "role", tern_value_text("FAMILY_MEMBER"));
    phone_begin(operator, TRN_ENTRY_RECORDED);
    phone_change(operator, & change);
    phone_commit(operator);
    phone_insert_connection(operator, ward->phone.auth.user, user, "ACCEPTED");
    phone_push(operator);
}

static void check_told(struct ward *ward, int64_t alerts)
{
    const struct trn_missed_report report = step(ward);

    CHECK_INT(report.refused, 0);
    CHECK_INT(report.alerts, alerts);
    CHECK_INT(step(ward).alerts, 0);
}

static void open_operator(struct ward *ward, struct phone *operator)
{
    start(ward);
    phone_open(operator, & ward->lab, 9, 9);
    operator->auth.power = TRN_POWER_OPERATOR;
    ward->lab.now_us = LAB_START_US + 2 * HOUR_US;
}

TEST(each_to_whom_a_record_is_opened_in_the_course_of_a_day_is_told_on_that_day)
{
    struct ward ward;
    struct phone operator;
    tern_id dose;

    open_operator(&ward, &operator);
    dose = push_dose(&ward, 0);
    set_outcome(&ward.phone, dose, 0, "MISSED", TRN_OP_UPDATE, TRN_ENTRY_INFERRED);
    phone_push(&ward.phone);
    check_told(&ward, 1); /* the patient */
    for (unsigned number = 1; number <= 3; number++) {
        ward.lab.now_us += HOUR_US;
        open_to_family(&ward, &operator, number);
        check_told(&ward, 1);
    }
    CHECK_INT(lab_number(&ward.lab, "SELECT count(DISTINCT recipient_id) FROM notifications"), 4);
    phone_close(&operator);
    end(&ward);
}

TEST(each_is_told_as_well_of_a_dose_that_the_job_stored_itself)
{
    struct ward ward;
    struct phone operator;

    open_operator(&ward, &operator);
    (void)push_dose(&ward, 0);
    open_to_family(&ward, &operator, 1);
    check_told(&ward, 2);
    for (unsigned number = 2; number <= 3; number++) {
        ward.lab.now_us += HOUR_US;
        open_to_family(&ward, &operator, number);
        check_told(&ward, 1);
    }
    CHECK_INT(count_of(&ward, "MISSED"), 1);
    CHECK_INT(lab_number(&ward.lab, "SELECT count(DISTINCT recipient_id) FROM notifications"), 4);
    phone_close(&operator);
    end(&ward);
}

/* The job for an hour from now on, by a clock of the test's own; how many steps it took. */
static unsigned work_an_hour(struct ward *ward, int64_t interval_s)
{
    struct trn_rounds rounds = {.interval_s = interval_s};
    const int64_t end_us = ward->lab.now_us + HOUR_US;
    unsigned steps = 0;

    while (ward->lab.now_us < end_us) {
        const struct trn_missed_report report = step(ward);

        ward->lab.now_us += trn_rounds_wait_s(&rounds, &report) * LAB_SECOND_US;
        steps++;
    }
    return steps;
}

TEST(the_job_waits_five_minutes_behind_a_refusal_and_by_its_interval_behind_none)
{
    struct ward ward;
    struct phone other;

    start_with_another(&ward, &other, "Asia/Phnom_Penh");
    lab_write(&ward.lab,
              "INSERT INTO tern_erased(id, number, flags) SELECT id, 1, 1 FROM dose_events");
    ward.lab.now_us = LAB_START_US + DAY_US;
    CHECK_INT(work_an_hour(&ward, 60), 12);
    CHECK_INT(work_an_hour(&ward, 600), 6); /* longer rounds stay as long as they are */
    lab_write(&ward.lab, "DELETE FROM tern_erased");
    ward.lab.now_us = LAB_START_US + 2 * DAY_US;
    CHECK_INT(work_an_hour(&ward, 60), 60);
    phone_close(&other);
    end(&ward);
}

TEST(a_refusal_anywhere_in_a_round_counts_at_its_end_and_no_longer)
{
    struct trn_rounds rounds = {.interval_s = 60};
    const struct trn_missed_report refused = {.refused = 1, .more = true};
    const struct trn_missed_report more = {.more = true};
    const struct trn_missed_report last = {.more = false};

    CHECK_INT(trn_rounds_wait_s(&rounds, &refused), 0);
    CHECK_INT(trn_rounds_wait_s(&rounds, &more), 0);
    CHECK_INT(trn_rounds_wait_s(&rounds, &last), TRN_ROUNDS_RETRY_S);
    CHECK_INT(trn_rounds_wait_s(&rounds, &last), 60);
    CHECK_INT(trn_rounds_wait_s(&rounds, NULL), TRN_ROUNDS_RETRY_S);
    CHECK_INT(trn_rounds_wait_s(&rounds, &last), 60);
}

/* ---- Records ---- */

TEST(a_record_made_offline_wins_whether_it_comes_before_the_job_or_after)
{
    for (int after = 0; after < 2; after++) {
        struct ward ward;
        tern_id dose;
        int64_t base;

        start(&ward);
        dose = push_dose(&ward, 0);
        base = lab_number(&ward.lab, "SELECT max(number) FROM tern_entry");
        ward.lab.now_us = LAB_START_US + 2 * HOUR_US;
        set_outcome(&ward.phone, dose, base, "TAKEN_LATE", TRN_OP_UPDATE, TRN_ENTRY_RECORDED);
        ward.lab.now_us += HOUR_US;
        if (after == 0) {
            phone_push(&ward.phone);
        }
        CHECK_INT(step(&ward).missed, after);
        if (after == 1) {
            CHECK_INT(count_of(&ward, "MISSED"), 1);
            phone_push(&ward.phone);
        }
        CHECK_INT(count_of(&ward, "TAKEN_LATE"), 1);
        CHECK_INT(lab_number(&ward.lab, "SELECT count(*) FROM dose_events"), 1);
        CHECK_INT(audits(&ward), after);
        CHECK_INT(step(&ward).missed, 0);
        CHECK_INT(count_of(&ward, "TAKEN_LATE"), 1);
        end(&ward);
    }
}

TEST(devices_and_the_job_that_infer_the_same_make_one_row_and_no_conflict)
{
    struct ward ward;
    struct phone second;
    tern_id dose;
    int64_t base;

    start(&ward);
    dose = push_dose(&ward, 0);
    base = lab_number(&ward.lab, "SELECT max(number) FROM tern_entry");
    phone_open(&second, &ward.lab, 1, 2);
    phone_push(&second); /* so that it knows the epoch */
    ward.lab.now_us = LAB_START_US + 2 * HOUR_US;
    set_outcome(&ward.phone, dose, base, "MISSED", TRN_OP_UPDATE, TRN_ENTRY_INFERRED);
    set_outcome(&second, dose, base, "MISSED", TRN_OP_UPDATE, TRN_ENTRY_INFERRED);
    CHECK_INT(step(&ward).missed, 1);
    phone_push(&ward.phone);
    phone_push(&second);
    CHECK_INT(count_of(&ward, "MISSED"), 1);
    CHECK_INT(lab_number(&ward.lab, "SELECT count(*) FROM dose_events"), 1);
    CHECK_INT(audits(&ward), 0);
    CHECK_INT(step(&ward).missed, 0);
    phone_close(&second);
    end(&ward);
}

TEST(a_dose_that_somebody_made_due_again_is_left_to_them)
{
    struct ward ward;
    tern_id dose;

    start(&ward);
    dose = push_dose(&ward, 0);
    ward.lab.now_us = LAB_START_US + HOUR_US;
    set_outcome(&ward.phone, dose, 0, "TAKEN_LATE", TRN_OP_UPDATE, TRN_ENTRY_RECORDED);
    set_outcome(&ward.phone, dose, 0, "DUE", TRN_OP_UNDO, TRN_ENTRY_RECORDED);
    phone_push(&ward.phone);
    CHECK_INT(count_of(&ward, "DUE"), 1);
    ward.lab.now_us += DAY_US;
    CHECK_INT(step(&ward).missed, 0);
    CHECK_INT(transactions(&ward), 0);
    CHECK_INT(count_of(&ward, "DUE"), 1);
    end(&ward);
}

/* ---- Steps ---- */

enum { MANY = 2 * TRN_MISSED_STEP_DOSES + 50 };

/* Doses of days past, a few weeks a push. */
static void write_many(struct ward *ward)
{
    for (unsigned day = 0; day < MANY; day += 28) {
        for (unsigned i = day; i < day + 28 && i < MANY; i++) {
            (void)insert_dose(&ward->phone,
                              ward->prescription,
                              ward->medication,
                              i,
                              "MORNING",
                              LAB_START_US + i * DAY_US);
        }
        phone_push(&ward->phone);
    }
    ward->lab.now_us = LAB_START_US + 400 * DAY_US;
}

TEST(a_step_is_bounded_and_the_next_goes_on_where_it_stopped)
{
    struct ward ward;
    struct trn_missed_report report;
    unsigned steps = 0;

    start(&ward);
    write_many(&ward);
    do {
        report = step(&ward);
        steps++;
        CHECK(report.looked_at <= TRN_MISSED_STEP_DOSES);
        CHECK_INT(report.missed, report.looked_at);
    } while (report.more);
    CHECK_INT(steps, 3);
    CHECK_INT(count_of(&ward, "MISSED"), MANY);
    CHECK_INT(transactions(&ward), 3);
    CHECK_INT(step(&ward).looked_at, 0);
    end(&ward);
}

/* Each version is looked at once a step, and a patient makes as many as they like. */
TEST(a_step_is_bounded_however_many_versions_a_prescription_has)
{
    struct ward ward;
    struct trn_missed_report report;

    start(&ward);
    insert_version(&ward, 1, LAB_START_US, "");
    phone_push(&ward.phone);
    write_many(&ward);
    lab_write(&ward.lab,
              "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
              " INSERT INTO prescription_versions(id, created_at, prescription_id, version_number,"
              " medications_snapshot, updated_at, tern_v) SELECT randomblob(16), created_at,"
              " prescription_id, i, medications_snapshot, updated_at, tern_v"
              " FROM prescription_versions, n");
    for (int i = 0; i < 3; i++) {
        report = step(&ward);
        CHECK_INT(report.looked_at, 1);
        CHECK(report.more);
    }
    lab_write(&ward.lab, "DELETE FROM prescription_versions WHERE version_number > 101");
    CHECK_INT(step(&ward).looked_at, TRN_MISSED_STEP_DOSES);
    end(&ward);
}

TEST(a_round_goes_on_behind_doses_that_stay_due_and_the_next_begins_anew)
{
    struct ward ward;

    start(&ward);
    write_many(&ward);
    lab_write(&ward.lab, "UPDATE prescriptions SET status = 'PAUSED'");
    CHECK(step(&ward).more);
    CHECK(step(&ward).more);
    CHECK(!step(&ward).more);
    lab_write(&ward.lab, "UPDATE prescriptions SET status = 'ACTIVE'");
    CHECK_INT(step(&ward).missed, TRN_MISSED_STEP_DOSES);
    end(&ward);
}

TEST(a_restart_between_steps_keeps_the_device_and_doubles_nothing)
{
    struct ward ward;

    start(&ward);
    write_many(&ward);
    for (int i = 0; i < 4; i++) {
        (void)step(&ward);
        trn_missed_close(ward.job);
        lab_reopen(&ward.lab);
        open_job(&ward);
    }
    CHECK_INT(count_of(&ward, "MISSED"), MANY);
    CHECK_INT(transactions(&ward), 3);
    CHECK_INT(lab_number(&ward.lab, "SELECT count(*) FROM tern_device"), 2);
    CHECK_INT(lab_number(&ward.lab,
                         "SELECT max(last_ordinal) FROM tern_device"
                         " WHERE substr(id, 1, 1) <> x'64'"),
              3);
    end(&ward);
}

TEST(waiting_doses_are_found_by_an_index_of_these_alone)
{
    struct ward ward;

    start(&ward);
    CHECK(strstr(lab_text(&ward.lab,
                          "SELECT sql FROM sqlite_schema"
                          " WHERE name = 'tern_waiting_dose_events_DUE'"),
                 "WHERE \"status\" = 'DUE'") != NULL);
    CHECK(strstr(lab_text(&ward.lab,
                          "SELECT sql FROM sqlite_schema"
                          " WHERE name = 'tern_waiting_dose_events_MISSED'"),
                 "WHERE \"status\" = 'MISSED'") != NULL);
    CHECK_TEXT(lab_plan(&ward.lab,
                        "SELECT scheduled_time, id FROM dose_events"
                        " INDEXED BY tern_waiting_dose_events_DUE WHERE status = 'DUE'"
                        " AND deleted_at IS NULL AND (scheduled_time, id) > (?1, ?2)"
                        " AND scheduled_time < ?3 ORDER BY scheduled_time, id LIMIT ?4"),
               "SEARCH dose_events USING INDEX tern_waiting_dose_events_DUE"
               " ((scheduled_time,id)>(?,?) AND scheduled_time<?)");
    end(&ward);
}

/* The server's operations, and how many rows of versions they read. */
static struct {
    struct trn_db_ops ops;
    tern_status (*row_read)(struct trn_db_view *view,
                            const struct trn_table *table,
                            const tern_id *id,
                            bool *ret_found,
                            struct trn_row *ret_row,
                            tern_error *error);
    unsigned versions;
} counting;

static tern_status count_row_read(struct trn_db_view *view,
                                  const struct trn_table *table,
                                  const tern_id *id,
                                  bool *ret_found,
                                  struct trn_row *ret_row,
                                  tern_error *error)
{
    counting.versions += strcmp(table->name, "prescription_versions") == 0 ? 1 : 0;
    return counting.row_read(view, table, id, ret_found, ret_row, error);
}

TEST(a_step_reads_the_versions_of_a_prescription_once_and_not_for_each_dose)
{
    enum { DOSES = 20, VERSIONS = 15 };
    struct ward ward;
    const struct trn_db_ops *ops;

    start(&ward);
    for (unsigned i = 1; i <= DOSES; i++) {
        (void)push_dose(&ward, i);
    }
    for (int i = 1; i <= VERSIONS; i++) {
        insert_version(&ward, i, LAB_START_US + i * DAY_US, ",\"morning_dosage\":{\"amount\":1}");
    }
    phone_push(&ward.phone);
    lab_write(&ward.lab, "UPDATE prescriptions SET current_version = 15");
    ward.lab.now_us = LAB_START_US + 40 * DAY_US;
    ops = ward.lab.db->ops;
    counting.ops = *ops;
    counting.row_read = ops->row_read;
    counting.versions = 0;
    counting.ops.row_read = count_row_read;
    ward.lab.db->ops = &counting.ops;
    CHECK_INT(step(&ward).missed, DOSES);
    ward.lab.db->ops = ops;
    /* Each version once, and for a dose the snapshot that it is judged by; the step's own request
     * reads none. */
    CHECK(counting.versions <= VERSIONS + DOSES);
    end(&ward);
}

TEST(versions_are_found_by_an_index)
{
    struct ward ward;

    start(&ward);
    CHECK(strstr(lab_plan(&ward.lab,
                          "SELECT id FROM prescription_versions WHERE prescription_id = ?1"),
                 "SEARCH prescription_versions USING") != NULL);
    end(&ward);
}

TEST(a_schema_document_without_doses_is_told)
{
    struct lab lab;
    struct trn_missed *job = NULL;
    tern_error error = {.status = TERN_OK};
    struct trn_schema *notes = documents_notes("", "");
    const struct trn_missed_port port = port_of(&lab);
    struct trn_db foreign;

    lab_open(&lab);
    foreign = *lab.db;
    foreign.schema = notes;
    CHECK_INT(trn_missed_open(&foreign, &port, &job, &error), TERN_ERR_MISUSE);
    CHECK(job == NULL);
    trn_schema_free(notes);
    lab_close(&lab);
}

/* ---- Failures ---- */

TEST(a_step_that_runs_out_of_memory_stores_all_or_nothing)
{
    struct ward ward;
    unsigned failed = 0;

    start(&ward);
    (void)push_dose(&ward, 0);
    (void)push_dose(&ward, 1);
    ward.lab.now_us = LAB_START_US + 3 * DAY_US;
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_missed_report report = {.missed = 0};
        tern_status status = trn_missed_step(ward.job, ward.lab.now_us, &report, NULL);

        harness_fault_suspend();
        failed += status != TERN_OK ? 1 : 0;
        CHECK_INT(count_of(&ward, "MISSED") % 2, 0);
        if (status == TERN_OK && report.missed == 2) {
            lab_write(&ward.lab, "UPDATE dose_events SET status = 'DUE'");
        }
        harness_fault_resume();
    }
    CHECK(failed > 0);
    end(&ward);
}

TEST(a_power_cut_at_any_write_of_a_step_doubles_nothing_and_the_next_start_goes_on)
{
    struct ward ward;
    unsigned nth = 0;
    bool cut = true;

    disk_begin(false);
    start_on(&ward, DISK_VFS);
    while (cut) {
        struct trn_missed_report report;
        tern_status status;
        int64_t stored;

        (void)push_dose(&ward, 2 * nth);
        (void)push_dose(&ward, 2 * nth + 1);
        nth++;
        ward.lab.now_us = LAB_START_US + 2 * nth * DAY_US;
        disk_settle();
        disk_cut_at(nth);
        status = trn_missed_step(ward.job, ward.lab.now_us, &report, NULL);
        cut = disk_is_cut();
        CHECK(cut || status == TERN_OK);
        trn_missed_close(ward.job);
        lab_cut(&ward.lab);
        disk_restore();
        lab_reopen(&ward.lab);
        open_job(&ward);
        stored = count_of(&ward, "MISSED");
        CHECK(stored == 2 * nth || (cut && stored == 2 * nth - 2));
        CHECK_INT(transactions(&ward), stored / 2);
        (void)step(&ward);
        CHECK_INT(count_of(&ward, "MISSED"), 2 * nth);
        CHECK_INT(transactions(&ward), nth);
        CHECK_INT(audits(&ward), 0);
    }
    end(&ward);
    disk_end();
    CHECK(nth > 2);
}

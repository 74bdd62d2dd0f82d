/* Which doses the server's job calls missed, beside phones that record, infer and undo, and who is
 * told. */
#include <stdio.h>
#include <string.h>

#include "server/rounds.h"
#include "tests/unit/server/job.h"

/* ---- Which doses ---- */

TEST(a_dose_is_missed_once_its_grace_has_passed_and_not_before)
{
    struct job job;
    int64_t due_us = LAB_START_US + 30 * MINUTE_US;

    job_start(&job);
    (void)job_push_dose(&job, 0);
    job.lab.now_us = due_us + GRACE * MINUTE_US;
    CHECK_INT(job_step(&job).missed, 0);
    CHECK_INT(job_count(&job, "DUE"), 1);
    job.lab.now_us++;
    CHECK_INT(job_step(&job).missed, 1);
    CHECK_INT(job_count(&job, "MISSED"), 1);
    CHECK_INT(job_step(&job).missed, 0);
    CHECK_INT(job_transactions(&job), 1);
    job_end(&job);
}

TEST(what_the_job_stores_is_inferred_and_has_a_receipt_as_any)
{
    struct job job;

    job_start(&job);
    (void)job_push_dose(&job, 0);
    (void)job_push_dose(&job, 1);
    job.lab.now_us = LAB_START_US + 3 * DAY_US;
    CHECK_INT(job_step(&job).missed, 2);
    CHECK_INT(lab_number(&job.lab,
                         "SELECT count(*) FROM tern_entry WHERE kind = 0 AND verdict = 0"
                         " AND ordinal = 1 AND length(body) > 0 AND device = sender"
                         " AND substr(device, 1, 1) <> x'64'"),
              1);
    CHECK_INT(lab_number(&job.lab,
                         "SELECT sum(updated_at = (SELECT max(time) FROM tern_entry))"
                         " FROM dose_events"),
              2);
    job_end(&job);
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
        struct job job;

        job_start(&job);
        (void)job_push_dose(&job, 1); /* a Friday */
        lab_write(&job.lab, broken[i]);
        job.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(job_step(&job).missed, 0);
        CHECK_INT(job_count(&job, "DUE"), 1);
        CHECK_INT(job_transactions(&job), 0);
        job_end(&job);
    }
}

static void write_turn(struct job *job, int64_t at_us, bool begins)
{
    char sql[300];

    (void)snprintf(sql,
                   sizeof(sql),
                   "INSERT INTO prescription_turns(id, created_at, prescription_id, turned_at, "
                   "begins, updated_at, tern_v) SELECT randomblob(16), created_at, id, %lld, %d, "
                   "updated_at, tern_v FROM prescriptions",
                   (long long)at_us,
                   begins);
    lab_write(&job->lab, sql);
}

static void set_turns(struct job *job, const char *status, int64_t from_us, int64_t until_us)
{
    char sql[80];

    (void)snprintf(sql, sizeof(sql), "UPDATE prescriptions SET status = '%s'", status);
    lab_write(&job->lab, sql);
    write_turn(job, from_us, false);
    if (until_us != 0) {
        write_turn(job, until_us, true);
    }
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
        /* The last one contradicts the status, which is believed behind it. */
        {"ACTIVE", ends_us - 2, 0, 1},
        {"PAUSED", ends_us - 2, ends_us, 0},
        {"PAUSED", ends_us + 1, ends_us + 2, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct job job;

        job_start(&job);
        (void)job_push_dose(&job, 1);
        set_turns(&job, cases[i].status, cases[i].from_us, cases[i].until_us);
        job.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(job_step(&job).missed, cases[i].missed);
        job_end(&job);
    }
}

/* Two versions of a prescription, and how many doses are missed then. */
struct versions {
    const char *first;  /* what the first version says, beside the id */
    int64_t second_us;  /* when the second was written, from the grace's end on */
    const char *change; /* what the second changed */
    int64_t missed;
};

static void check_versions(const struct versions *versions)
{
    struct job job;
    char sql[200];

    job_start(&job);
    (void)job_push_dose(&job, 1); /* a Friday */
    job_insert_version(&job, 1, LAB_START_US, versions->first);
    job_insert_version(&job, 2, LAB_START_US + DAY_US + 60 * MINUTE_US + versions->second_us, "");
    phone_push(&job.phone);
    lab_write(&job.lab, "UPDATE prescriptions SET current_version = 2");
    (void)snprintf(sql, sizeof(sql), "UPDATE medications SET %s", versions->change);
    lab_write(&job.lab, sql);
    job.lab.now_us = LAB_START_US + 10 * DAY_US;
    CHECK_INT(job_step(&job).missed, versions->missed);
    job_end(&job);
}

TEST(a_dose_is_judged_by_the_version_that_was_in_force_when_it_passed)
{
    static const struct versions cases[] = {
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
        check_versions(&cases[i]);
    }
}

TEST(what_stands_in_one_dosage_takes_nothing_of_its_version_away)
{
    static const struct versions cases[] = {
        {",\"morning_dosage\":{},\"note\":99999999999999999999999", 1, "morning_dosage = NULL", 1},
        {",\"morning_dosage\":{},\"night_dosage\":{\"amount\":1e999}",
         1,
         "morning_dosage = NULL",
         1},
        {",\"morning_dosage\":{},\"night_dosage\":{\"unit\":\"\\u0000\"}",
         1,
         "morning_dosage = NULL",
         1},
        {",\"morning_dosage\":{},\"night_dosage\":{\"unit\":\"\\ud800\"}",
         1,
         "morning_dosage = NULL",
         1},
        {",\"morning_dosage\":{\"amount\":1e999},\"duration\":1,\"first_minute\":400",
         1,
         "row_number = 1",
         0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_versions(&cases[i]);
    }
}

/* Of what names no start the first day on which it was put in force is asked, and not the one on
 * which it was made. */
TEST(a_course_counts_from_the_day_on_which_it_was_put_in_force)
{
    static const struct {
        const char *days; /* on which it was put in force */
        int64_t missed;
    } cases[] = {{"('2026-01-02', 0)", 1},
                 {"('2026-01-03', 0)", 0},
                 {"('2026-01-02', 0), ('2026-01-03', 0)", 1},
                 {"('2026-01-02', 1), ('2026-01-03', 1)", 1},
                 {"('2026-01-01', 0), ('2026-01-02', 1), ('2026-01-02', 0)", 1},
                 {"('2026-01-02', 0), ('2026-01-03', 1)", 0},
                 {"('2026-01-02', 0), ('2026-01-01', 0)", 0},
                 {NULL, 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct job job;
        char sql[400];

        job_start(&job);
        (void)job_push_dose(&job, 1);
        lab_write(&job.lab,
                  "UPDATE prescriptions SET start_date = NULL, "
                  "created_at = 1764547200000000"); /* a month before */
        if (cases[i].days != NULL) {
            (void)snprintf(
                sql,
                sizeof(sql),
                "INSERT INTO prescription_beginnings(id, created_at, prescription_id, "
                "begins_on, is_taken, updated_at, tern_v) SELECT randomblob(16), created_at, id, "
                "column1, column2, updated_at, tern_v FROM prescriptions, (VALUES %s)",
                cases[i].days);
            lab_write(&job.lab, sql);
        }
        lab_write(&job.lab, "UPDATE medications SET duration = 1");
        job.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(job_step(&job).missed, cases[i].missed);
        job_end(&job);
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
        struct job job;

        job_start(&job);
        (void)job_push_dose(&job, 1);
        if (cases[i].first != NULL) {
            job_insert_version(&job, 1, LAB_START_US, cases[i].first);
            phone_push(&job.phone);
        }
        lab_write(&job.lab, "UPDATE prescriptions SET current_version = 2147483647");
        job.lab.now_us = LAB_START_US + 10 * DAY_US;
        CHECK_INT(job_step(&job).missed, cases[i].missed);
        job_end(&job);
    }
}

TEST(a_dosage_that_is_none_is_told_and_stops_no_other_dose)
{
    struct trn_missed_report report;
    struct job job;

    job_start(&job);
    (void)job_push_dose(&job, 1);
    lab_write(&job.lab, "UPDATE medications SET morning_dosage = '5', night_dosage = '{}'");
    job.lab.now_us = LAB_START_US + 10 * DAY_US;
    report = job_step(&job);
    CHECK_INT(report.missed, 0);
    CHECK_INT(report.undosed, 1);
    CHECK_INT(report.unread, 0);
    lab_write(&job.lab, "UPDATE medications SET morning_dosage = '{}', night_dosage = '5'");
    report = job_step(&job);
    CHECK_INT(report.missed, 1);
    CHECK_INT(report.undosed, 0);
    job_end(&job);
}

TEST(a_dosage_of_another_program_is_one_also_where_its_amount_is_beyond_all_numbers)
{
    static const char *const dosages[] = {"{\"amount\":1e999}",
                                          "{\"amount\":99999999999999999999999}",
                                          "{\"unit\":\"\\u0000\"}",
                                          "{\"unit\":\"\\udead\"}"};

    for (size_t i = 0; i < sizeof(dosages) / sizeof(dosages[0]); i++) {
        struct trn_missed_report report;
        struct job job;
        char sql[200];

        job_start(&job);
        (void)job_push_dose(&job, 1);
        (void)
            snprintf(sql, sizeof(sql), "UPDATE medications SET morning_dosage = '%s'", dosages[i]);
        lab_write(&job.lab, sql);
        job.lab.now_us = LAB_START_US + 10 * DAY_US;
        report = job_step(&job);
        CHECK_INT(report.missed, 1);
        CHECK_INT(report.undosed, 0);
        job_end(&job);
    }
}

TEST(words_meals_and_zones_of_each_patient_are_gone_by)
{
    struct job job;
    struct phone other;
    tern_id prescription = lab_id('p', 2);
    tern_id medication = lab_id('m', 2);

    job_start(&job);
    phone_open(&other, &job.lab, 2, 2);
    job_insert_user(&other, "Asia/Phnom_Penh");
    job_insert_prescription(&other, prescription, "ACTIVE");
    job_insert_medication(&other, medication, prescription, "08:00; 20:30", false);
    (void)job_insert_dose(&other, prescription, medication, 0, "08:00", LAB_START_US + HOUR_US);
    (void)job_insert_dose(&other, prescription, medication, 0, "09:00", LAB_START_US + 2 * HOUR_US);
    phone_push(&other);
    (void)job_push_dose(&job, 0);
    job.lab.now_us = LAB_START_US + DAY_US;
    CHECK_INT(job_step(&job).missed, 2);
    CHECK_INT(job_transactions(&job), 2); /* one a patient */
    CHECK_INT(lab_number(&job.lab,
                         "SELECT count(*) FROM dose_events WHERE slot = '09:00' AND "
                         "status = 'DUE'"),
              1);
    phone_close(&other);
    job_end(&job);
}

/* Another patient's dose was pushed as well. */
static void start_with_another(struct job *job, struct phone *other, const char *zone)
{
    const tern_id prescription = lab_id('p', 2);
    const tern_id medication = lab_id('m', 2);

    job_start(job);
    phone_open(other, &job->lab, 2, 2);
    job_insert_user(other, zone);
    job_insert_prescription(other, prescription, "ACTIVE");
    job_insert_medication(other, medication, prescription, NULL, false);
    (void)job_insert_dose(other, prescription, medication, 0, "MORNING", LAB_START_US);
    phone_push(other);
}

TEST(a_zone_that_cannot_be_read_stops_nobody_else_and_is_never_taken_for_another)
{
    struct job job;
    struct phone other;
    struct trn_missed_report report;

    start_with_another(&job, &other, "Mars/Olympus");
    lab_write(&job.lab,
              "UPDATE prescriptions SET start_date = NULL, created_at = 1767225600000000");
    (void)job_push_dose(&job, 0);
    job.lab.now_us = LAB_START_US + DAY_US;
    report = job_step(&job);
    CHECK_INT(report.missed, 1);
    CHECK_INT(report.unread, 1);
    CHECK_INT(job_count(&job, "DUE"), 1);
    phone_close(&other);
    job_end(&job);
}

TEST(a_patient_whose_transaction_is_refused_holds_nobody_else_up)
{
    struct job job;
    struct phone other;
    struct trn_missed_report report;

    start_with_another(&job, &other, "Asia/Phnom_Penh");
    lab_write(&job.lab,
              "INSERT INTO tern_erased(id, number, flags) SELECT id, 1, 1 FROM dose_events");
    (void)job_push_dose(&job, 0);
    job.lab.now_us = LAB_START_US + DAY_US;
    report = job_step(&job);
    CHECK_INT(report.missed, 1);
    CHECK_INT(report.refused, 1);
    CHECK_INT(job_count(&job, "DUE"), 1);
    CHECK_INT(job_count(&job, "MISSED"), 1);
    phone_close(&other);
    job_end(&job);
}

TEST(what_is_refused_again_leaves_no_other_receipt_until_the_next_day)
{
    struct job job;
    struct phone other;
    int64_t before;

    start_with_another(&job, &other, "Asia/Phnom_Penh");
    lab_write(&job.lab,
              "INSERT INTO tern_erased(id, number, flags) SELECT id, 1, 1 FROM dose_events");
    job.lab.now_us = LAB_START_US + 2 * HOUR_US;
    CHECK_INT(job_step(&job).refused, 1);
    before = job_transactions(&job);
    for (int round = 0; round < 3; round++) {
        job.lab.now_us += HOUR_US;
        CHECK_INT(job_step(&job).refused, 1);
    }
    CHECK_INT(job_transactions(&job), before);
    (void)job_push_dose(&job, 0); /* what it finds beside it is stored all the same */
    CHECK_INT(job_step(&job).missed, 1);
    CHECK_INT(job_transactions(&job), before + 1);
    job.lab.now_us += DAY_US;
    CHECK_INT(job_step(&job).refused, 1);
    CHECK_INT(job_transactions(&job), before + 2);
    lab_write(&job.lab, "DELETE FROM tern_erased");
    job.lab.now_us += DAY_US;
    CHECK_INT(job_step(&job).missed, 1);
    CHECK_INT(job_count(&job, "DUE"), 0);
    phone_close(&other);
    job_end(&job);
}

/* Opens the patient's record to one more family member, by an operator. */
static void open_to_family(struct job *job, struct phone *operator, unsigned number)
{
    const tern_id user = lab_id('f', number);
    struct trn_change change = lab_change(&job->lab, TRN_OP_INSERT, "users", user);

    lab_set(&change, "role", tern_value_text("FAMILY_MEMBER"));
    phone_begin(operator, TRN_ENTRY_RECORDED);
    phone_change(operator, & change);
    phone_commit(operator);
    phone_insert_connection(operator, job->phone.auth.user, user, "ACCEPTED");
    phone_push(operator);
}

static void check_told(struct job *job, int64_t alerts)
{
    const struct trn_missed_report report = job_step(job);

    CHECK_INT(report.refused, 0);
    CHECK_INT(report.alerts, alerts);
    CHECK_INT(job_step(job).alerts, 0);
}

static void open_operator(struct job *job, struct phone *operator)
{
    job_start(job);
    phone_open(operator, & job->lab, 9, 9);
    operator->auth.power = TRN_POWER_OPERATOR;
    job->lab.now_us = LAB_START_US + 2 * HOUR_US;
}

TEST(each_to_whom_a_record_is_opened_in_the_course_of_a_day_is_told_on_that_day)
{
    struct job job;
    struct phone operator;
    tern_id dose;

    open_operator(&job, &operator);
    dose = job_push_dose(&job, 0);
    job_set_outcome(&job.phone, dose, 0, "MISSED", TRN_OP_UPDATE, TRN_ENTRY_INFERRED);
    phone_push(&job.phone);
    check_told(&job, 1); /* the patient */
    for (unsigned number = 1; number <= 3; number++) {
        job.lab.now_us += HOUR_US;
        open_to_family(&job, &operator, number);
        check_told(&job, 1);
    }
    CHECK_INT(lab_number(&job.lab, "SELECT count(DISTINCT recipient_id) FROM notifications"), 4);
    phone_close(&operator);
    job_end(&job);
}

TEST(each_is_told_as_well_of_a_dose_that_the_job_stored_itself)
{
    struct job job;
    struct phone operator;

    open_operator(&job, &operator);
    (void)job_push_dose(&job, 0);
    open_to_family(&job, &operator, 1);
    check_told(&job, 2);
    for (unsigned number = 2; number <= 3; number++) {
        job.lab.now_us += HOUR_US;
        open_to_family(&job, &operator, number);
        check_told(&job, 1);
    }
    CHECK_INT(job_count(&job, "MISSED"), 1);
    CHECK_INT(lab_number(&job.lab, "SELECT count(DISTINCT recipient_id) FROM notifications"), 4);
    phone_close(&operator);
    job_end(&job);
}

/* The job for an hour from now on, by a clock of the test's own; how many steps it took. */
static unsigned work_an_hour(struct job *job, int64_t interval_s)
{
    struct trn_rounds rounds = {.interval_s = interval_s};
    const int64_t end_us = job->lab.now_us + HOUR_US;
    unsigned steps = 0;

    while (job->lab.now_us < end_us) {
        const struct trn_missed_report report = job_step(job);

        job->lab.now_us += trn_rounds_wait_s(&rounds, &report) * LAB_SECOND_US;
        steps++;
    }
    return steps;
}

TEST(the_job_waits_five_minutes_behind_a_refusal_and_by_its_interval_behind_none)
{
    struct job job;
    struct phone other;

    start_with_another(&job, &other, "Asia/Phnom_Penh");
    lab_write(&job.lab,
              "INSERT INTO tern_erased(id, number, flags) SELECT id, 1, 1 FROM dose_events");
    job.lab.now_us = LAB_START_US + DAY_US;
    CHECK_INT(work_an_hour(&job, 60), 12);
    CHECK_INT(work_an_hour(&job, 600), 6); /* longer rounds stay as long as they are */
    lab_write(&job.lab, "DELETE FROM tern_erased");
    job.lab.now_us = LAB_START_US + 2 * DAY_US;
    CHECK_INT(work_an_hour(&job, 60), 60);
    phone_close(&other);
    job_end(&job);
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
        struct job job;
        tern_id dose;
        int64_t base;

        job_start(&job);
        dose = job_push_dose(&job, 0);
        base = lab_number(&job.lab, "SELECT max(number) FROM tern_entry");
        job.lab.now_us = LAB_START_US + 2 * HOUR_US;
        job_set_outcome(&job.phone, dose, base, "TAKEN_LATE", TRN_OP_UPDATE, TRN_ENTRY_RECORDED);
        job.lab.now_us += HOUR_US;
        if (after == 0) {
            phone_push(&job.phone);
        }
        CHECK_INT(job_step(&job).missed, after);
        if (after == 1) {
            CHECK_INT(job_count(&job, "MISSED"), 1);
            phone_push(&job.phone);
        }
        CHECK_INT(job_count(&job, "TAKEN_LATE"), 1);
        CHECK_INT(lab_number(&job.lab, "SELECT count(*) FROM dose_events"), 1);
        CHECK_INT(job_audits(&job), after);
        CHECK_INT(job_step(&job).missed, 0);
        CHECK_INT(job_count(&job, "TAKEN_LATE"), 1);
        job_end(&job);
    }
}

TEST(devices_and_the_job_that_infer_the_same_make_one_row_and_no_conflict)
{
    struct job job;
    struct phone second;
    tern_id dose;
    int64_t base;

    job_start(&job);
    dose = job_push_dose(&job, 0);
    base = lab_number(&job.lab, "SELECT max(number) FROM tern_entry");
    phone_open(&second, &job.lab, 1, 2);
    phone_push(&second); /* so that it knows the epoch */
    job.lab.now_us = LAB_START_US + 2 * HOUR_US;
    job_set_outcome(&job.phone, dose, base, "MISSED", TRN_OP_UPDATE, TRN_ENTRY_INFERRED);
    job_set_outcome(&second, dose, base, "MISSED", TRN_OP_UPDATE, TRN_ENTRY_INFERRED);
    CHECK_INT(job_step(&job).missed, 1);
    phone_push(&job.phone);
    phone_push(&second);
    CHECK_INT(job_count(&job, "MISSED"), 1);
    CHECK_INT(lab_number(&job.lab, "SELECT count(*) FROM dose_events"), 1);
    CHECK_INT(job_audits(&job), 0);
    CHECK_INT(job_step(&job).missed, 0);
    phone_close(&second);
    job_end(&job);
}

TEST(a_dose_that_somebody_made_due_again_is_left_to_them)
{
    struct job job;
    tern_id dose;

    job_start(&job);
    dose = job_push_dose(&job, 0);
    job.lab.now_us = LAB_START_US + HOUR_US;
    job_set_outcome(&job.phone, dose, 0, "TAKEN_LATE", TRN_OP_UPDATE, TRN_ENTRY_RECORDED);
    job_set_outcome(&job.phone, dose, 0, "DUE", TRN_OP_UNDO, TRN_ENTRY_RECORDED);
    phone_push(&job.phone);
    CHECK_INT(job_count(&job, "DUE"), 1);
    job.lab.now_us += DAY_US;
    CHECK_INT(job_step(&job).missed, 0);
    CHECK_INT(job_transactions(&job), 0);
    CHECK_INT(job_count(&job, "DUE"), 1);
    job_end(&job);
}

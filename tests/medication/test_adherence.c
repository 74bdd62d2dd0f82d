/* Adherence: the sums kept by day are what a second, simpler reckoning makes of the raw rows. */
#include "tern/medication/adherence.h"

#include "tern/medication/settings.h"
#include "tests/medication/reckoning.h"

#include <stdio.h>
#include <string.h>

static tern_care_error error;

static bool keep(void *context, const tern_adherence *adherence)
{
    *(tern_adherence *)context = *adherence;
    return true;
}

static tern_adherence read_all(const char *first, const char *last)
{
    tern_adherence_query query = {.size = sizeof(query), .first_date = first, .last_date = last};
    tern_adherence sum = {.on_time = -1};

    care_ok(tern_adherence_read(care, &query, keep, &sum, NULL, &error), &error);
    return sum;
}

static void expect(const char *sums)
{
    const tern_adherence sum = read_all(NULL, NULL);
    char text[128];

    (void)snprintf(text,
                   sizeof(text),
                   "%lld on time, %lld late, %lld skipped, %lld missed: %lld of %lld",
                   (long long)sum.on_time,
                   (long long)sum.late,
                   (long long)sum.skipped,
                   (long long)sum.missed,
                   (long long)sum.taken,
                   (long long)sum.scheduled);
    CHECK_TEXT(text, sums);
}

static void take(const char *date, const char *slot)
{
    tern_id id = care_dose(date, slot);

    care_ok(tern_dose_take(care, &id, NULL, NULL, &error), &error);
}

TEST(a_dose_counts_once_it_has_a_record_or_its_grace_has_passed)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    expect("0 on time, 0 late, 0 skipped, 0 missed: 0 of 0");
    (void)care_prescribe();
    expect("0 on time, 0 late, 0 skipped, 0 missed: 0 of 0");
    care_clock("2026-03-02 06:30");
    take("2026-03-02", "MORNING");
    expect("1 on time, 0 late, 0 skipped, 0 missed: 1 of 1");
    care_clock("2026-03-02 18:59");
    expect("1 on time, 0 late, 0 skipped, 0 missed: 1 of 1");
    care_clock("2026-03-02 19:01");
    expect("1 on time, 0 late, 0 skipped, 1 missed: 1 of 2");
    take("2026-03-02", "NIGHT");
    expect("1 on time, 1 late, 0 skipped, 0 missed: 2 of 2");
    id = care_dose("2026-03-02", "NIGHT");
    care_ok(tern_dose_undo(care, &id, &error), &error);
    care_ok(tern_dose_skip(care, &id, NULL, false, &error), &error);
    expect("1 on time, 0 late, 1 skipped, 0 missed: 1 of 2");
    care_clock("2026-03-05 05:00");
    expect("1 on time, 0 late, 1 skipped, 4 missed: 1 of 6");
    CHECK_INT(read_all("2026-03-03", "2026-03-03").missed, 2);
    CHECK_INT(read_all("2026-03-03", "2027-03-03").missed, 4);
    care_end();
}

TEST(what_a_prescription_no_longer_yields_does_not_count)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    id = care_prescribe();
    care_clock("2026-03-02 12:00");
    expect("0 on time, 0 late, 0 skipped, 1 missed: 0 of 1");
    care_ok(tern_prescription_pause(care, &id, &error), &error);
    care_clock("2026-03-04 12:00");
    expect("0 on time, 0 late, 0 skipped, 1 missed: 0 of 1");
    care_ok(tern_prescription_resume(care, &id, &error), &error);
    expect("0 on time, 0 late, 0 skipped, 1 missed: 0 of 1");
    care_clock("2026-03-04 20:00");
    expect("0 on time, 0 late, 0 skipped, 2 missed: 0 of 2");
    care_end();
}

TEST(another_meal_time_hides_no_dose_that_was_missed)
{
    care_begin("2026-03-02 05:00");
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    care_medicine.frequency = "every 6 hours";
    (void)care_prescribe();
    care_clock("2026-03-04 05:00");
    expect("0 on time, 0 late, 0 skipped, 8 missed: 0 of 8");
    care_ok(tern_settings_set_meals(care, "08:15", NULL, NULL, &error), &error);
    expect("0 on time, 0 late, 0 skipped, 8 missed: 0 of 8");
    care_clock("2026-03-04 05:10");
    care_ok(tern_settings_set_time_zone(care, "Asia/Tokyo", &error), &error);
    expect("0 on time, 0 late, 0 skipped, 8 missed: 0 of 8");
    care_end();
}

TEST(another_handle_and_a_program_without_this_layer_are_seen)
{
    tern_replica_options options = fixture_options();
    tern_care_options zoned = {.size = sizeof(zoned), .zones = care_zones()};

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-03 05:00");
    expect("0 on time, 0 late, 0 skipped, 2 missed: 0 of 2");
    tern_care_close(care);
    tern_replica_close(care_replica);
    CHECK_INT(tern_replica_open(care_path(), &options, &care_replica, NULL), TERN_OK);
    fixture_run(care_replica,
                "UPDATE dose_events SET status = 'SKIPPED' WHERE local_date = '2026-03-02'");
    tern_replica_close(care_replica);
    CHECK_INT(tern_replica_open(care_path(), &options, &care_replica, NULL), TERN_OK);
    zoned.zones = care_zones();
    care_ok(tern_care_open(care_replica, &zoned, &care, &error), &error);
    expect("0 on time, 0 late, 2 skipped, 0 missed: 0 of 2");
    care_end();
}

TEST(sums_of_another_definition_are_made_anew)
{
    tern_care_options zoned = {.size = sizeof(zoned)};

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-03 05:00");
    expect("0 on time, 0 late, 0 skipped, 2 missed: 0 of 2");
    fixture_run(care_replica, "UPDATE care_total SET missed = 7");
    expect("0 on time, 0 late, 0 skipped, 14 missed: 0 of 14");
    fixture_run(care_replica, "UPDATE care_mark SET definition = 0");
    tern_care_close(care);
    zoned.zones = care_zones();
    care_ok(tern_care_open(care_replica, &zoned, &care, &error), &error);
    expect("0 on time, 0 late, 0 skipped, 2 missed: 0 of 2");
    fixture_run(care_replica, "UPDATE care_total SET missed = 7");
    care_ok(tern_adherence_rebuild(care, &error), &error);
    expect("0 on time, 0 late, 0 skipped, 2 missed: 0 of 2");
    care_end();
}

TEST(a_read_without_changes_looks_at_no_dose)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-20 05:00");
    expect("0 on time, 0 late, 0 skipped, 36 missed: 0 of 36");
    fixture_run(care_replica, "UPDATE care_total SET missed = 2 * missed");
    care_clock("2026-03-20 08:00");
    expect("0 on time, 0 late, 0 skipped, 74 missed: 0 of 74");
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM care_again"), 0);
    care_end();
}

/* Each of them, but for those that would end before they begin. */
static void compare_spans(const char *const firsts[4], const char *const lasts[4])
{
    for (int i = 0; i < 16; i++) {
        const char *first = firsts[i / 4];
        const char *last = lasts[i % 4];

        if (strcmp(first, last) <= 0) {
            reckoning_compare_span(&care_prescription.patient, NULL, first, last, 0);
        }
    }
}

TEST(a_span_is_the_same_whichever_months_of_it_are_whole)
{
    static const char *const firsts[] = {"2026-02-20", "2026-03-01", "2026-03-02", "2026-04-01"};
    static const char *const lasts[] = {"2026-03-30", "2026-03-31", "2026-04-01", "2026-04-30"};
    tern_id prescription;
    tern_id id;

    care_begin("2026-02-25 05:00");
    care_prescription.start_date = "2026-02-25";
    prescription = care_prescribe();
    care_clock("2026-03-26 05:00");
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    care_clock("2026-03-31 18:40");
    take("2026-03-31", "NIGHT");
    for (int i = 1; i < 3; i++) {
        id = care_dose(firsts[i], "MORNING");
        care_ok(tern_dose_skip(care, &id, NULL, false, &error), &error);
    }
    /* The morning's dose of the last day is open still while its month is whole. */
    care_clock("2026-03-31 06:59");
    reckoning_compare_span(&care_prescription.patient, NULL, "2026-03-01", "2026-03-31", 0);
    care_clock("2026-03-31 07:01");
    reckoning_compare_span(&care_prescription.patient, NULL, "2026-03-01", "2026-03-31", 0);
    care_clock("2026-05-02 12:00");
    compare_spans(firsts, lasts);
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    compare_spans(firsts, lasts);
    care_end();
}

TEST(a_whole_month_is_read_without_its_days)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-04-10 05:00");
    expect("0 on time, 0 late, 0 skipped, 40 missed: 0 of 40");
    fixture_run(care_replica, "DELETE FROM care_total WHERE local_date < '2026-04-01'");
    CHECK_INT(read_all("2026-03-01", "2026-03-31").missed, 60);
    CHECK_INT(read_all("2026-03-02", "2026-03-31").missed, 0);
    care_end();
}

/* The tables as definition 1 had them. */
static void take_months_away(void)
{
    const tern_care_options zoned = {.size = sizeof(zoned), .zones = care_zones()};

    tern_care_close(care);
    fixture_run(care_replica, "DROP TABLE care_month");
    fixture_run(care_replica, "DROP TABLE care_date");
    fixture_run(care_replica, "DROP INDEX care_day_medication");
    fixture_run(care_replica,
                "CREATE INDEX care_day_medication ON care_day(patient_id, medication_id, "
                "local_date)");
    fixture_run(care_replica, "UPDATE care_mark SET definition = 1");
    care_ok(tern_care_open(care_replica, &zoned, &care, &error), &error);
}

TEST(sums_that_had_no_months_keep_their_days_and_gain_months)
{
    int64_t read = 0;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-04-10 05:00");
    expect("0 on time, 0 late, 0 skipped, 40 missed: 0 of 40");
    /* As of a day that had records alone; the others are summed again by the rules of now. */
    fixture_run(care_replica,
                "UPDATE care_day SET late = 5 WHERE local_date = '2026-03-05' AND night = 0");
    fixture_run(care_replica, "UPDATE care_day SET passes = 0 WHERE local_date = '2026-03-05'");
    fixture_run(care_replica, "UPDATE care_total SET passes = 0 WHERE local_date = '2026-03-05'");
    take_months_away();
    CHECK_INT(read_all("2026-03-01", "2026-03-31").late, 5);
    CHECK_INT(read_all("2026-03-01", "2026-03-31").missed, 60);
    take_months_away();
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_adherence sum = {.on_time = -1};
        tern_status status = tern_adherence_read(care, NULL, keep, &sum, NULL, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        read += status == TERN_OK;
    }
    CHECK(read > 0);
    CHECK_INT(read_all("2026-03-01", "2026-03-31").late, 5);
    care_end();
}

TEST(sums_of_the_definition_before_are_those_of_the_rules_of_now)
{
    tern_care_options options = {.size = sizeof(options)};

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-20 05:00");
    expect("0 on time, 0 late, 0 skipped, 36 missed: 0 of 36");
    options.zones = care_zones();
    tern_care_close(care);
    fixture_run(care_replica, "UPDATE care_day SET missed = 7");
    fixture_run(care_replica, "UPDATE care_total SET missed = 7");
    fixture_run(care_replica, "DROP TABLE care_date");
    fixture_run(care_replica, "UPDATE care_mark SET definition = 2");
    care_ok(tern_care_open(care_replica, &options, &care, &error), &error);
    expect("0 on time, 0 late, 0 skipped, 36 missed: 0 of 36");
    reckoning_compare(&care_prescription.patient, "2026-03-01", 0);
    care_end();
}

TEST(sums_of_dates_that_an_earlier_library_left_are_made_anew)
{
    const tern_care_options options = {.size = sizeof(options), .zones = care_zones()};

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-20 05:00");
    expect("0 on time, 0 late, 0 skipped, 36 missed: 0 of 36");
    tern_care_close(care);
    /* It made its own tables again, and did not know this one. */
    fixture_run(care_replica, "UPDATE care_date SET missed = 7");
    fixture_run(care_replica, "UPDATE care_mark SET definition = 2");
    care_ok(tern_care_open(care_replica, &options, &care, &error), &error);
    expect("0 on time, 0 late, 0 skipped, 36 missed: 0 of 36");
    reckoning_compare(&care_prescription.patient, "2026-03-01", 0);
    care_end();
}

TEST(a_dosage_that_becomes_none_and_one_again_is_counted_as_it_is)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-12 05:00");
    expect("0 on time, 0 late, 0 skipped, 20 missed: 0 of 20");
    fixture_run(care_replica, "UPDATE medications SET morning_dosage = '5'");
    expect("0 on time, 0 late, 0 skipped, 10 missed: 0 of 10");
    fixture_run(care_replica, "UPDATE medications SET morning_dosage = '{\"amount\":1}'");
    expect("0 on time, 0 late, 0 skipped, 20 missed: 0 of 20");
    care_end();
}

TEST(dates_and_queries_that_are_none_are_refused)
{
    tern_adherence_query query = {.size = sizeof(query), .first_date = "2026-02-30"};
    tern_adherence sum;

    care_begin("2026-03-02 05:00");
    CHECK(tern_adherence_read(care, &query, keep, &sum, NULL, &error) != TERN_OK);
    CHECK_INT(error.problem, TERN_PROBLEM_DATE);
    query = (tern_adherence_query){.size = sizeof(query), .by = (tern_adherence_by)4};
    CHECK_INT(tern_adherence_read(care, &query, keep, &sum, NULL, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_adherence_read(NULL, NULL, keep, &sum, NULL, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_adherence_rebuild(NULL, &error), TERN_ERR_MISUSE);
    care_end();
}

/* ---- Random histories ---- */

static bool pick_dose(uint64_t *state, tern_id *id)
{
    const char *sql = "SELECT id FROM dose_events WHERE scheduled_time < ?1 ORDER BY "
                      "scheduled_time DESC LIMIT 1 OFFSET ?2";
    tern_statement *statement = NULL;
    bool row = false;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(statement,
                                  1,
                                  tern_value_integer(fixture_clock.wall_us + 3600000000),
                                  NULL),
              TERN_OK);
    CHECK_INT(tern_statement_bind(statement,
                                  2,
                                  tern_value_integer((int64_t)(reckoning_random(state) % 12)),
                                  NULL),
              TERN_OK);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    if (row) {
        memcpy(id->bytes, tern_statement_value(statement, 0).data, sizeof(id->bytes));
    }
    tern_statement_free(statement);
    return row;
}

/* Whether a call is refused is not the matter here. */
static void may_fail(tern_status status)
{
    CHECK(status != TERN_ERR_NOMEM);
}

static void act(uint64_t *state, const tern_id *prescription)
{
    const tern_dose_act insist = {.size = sizeof(insist), .insist = true};
    tern_missed_cursor cursor = {.scheduled_us = 0};
    bool more = false;
    tern_id id;

    switch (reckoning_random(state) % 12) {
    case 0:
    case 1:
    case 2:
    case 3:
        if (pick_dose(state, &id)) {
            may_fail(tern_dose_take(care, &id, &insist, NULL, &error));
        }
        break;
    case 4:
        if (pick_dose(state, &id)) {
            may_fail(tern_dose_skip(care, &id, NULL, false, &error));
        }
        break;
    case 5:
        if (pick_dose(state, &id)) {
            may_fail(tern_dose_undo(care, &id, &error));
        }
        break;
    case 6:
        may_fail(tern_doses_infer_missed(care, NULL, 5, &cursor, NULL, &more, &error));
        break;
    case 7:
        may_fail(tern_prescription_pause(care, prescription, &error));
        break;
    case 8:
        may_fail(tern_prescription_resume(care, prescription, &error));
        break;
    case 9:
        may_fail(tern_settings_set_meals(care,
                                         reckoning_random(state) % 2 == 0 ? "6-7AM" : "08:00",
                                         NULL,
                                         NULL,
                                         &error));
        break;
    case 10:
        care_prescription.end_date = reckoning_random(state) % 2 == 0 ? "2026-03-15" : NULL;
        care_medicine.duration_days = reckoning_random(state) % 2 == 0 ? 11 : 0;
        may_fail(
            tern_prescription_edit(care, prescription, &care_prescription, "why", NULL, &error));
        break;
    default:
        care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
        reckoning_compare_plan(&care_prescription.patient, *state);
    }
}

static void live(uint64_t seed)
{
    uint64_t state = seed;
    tern_id prescription;

    care_begin("2026-03-02 05:00");
    prescription = care_prescribe();
    care_medicine.frequency = "every 5 hours";
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    (void)care_prescribe();
    for (int i = 0; i < 90; i++) {
        act(&state, &prescription);
        fixture_clock.wall_us += (int64_t)(reckoning_random(&state) % (16 * 60)) * 60000000;
        if (i % 5 == 0) {
            reckoning_compare(&care_prescription.patient, "2026-02-20", seed);
        }
    }
    reckoning_compare(&care_prescription.patient, "2026-02-20", seed);
    care_ok(tern_adherence_rebuild(care, &error), &error);
    reckoning_compare(&care_prescription.patient, "2026-02-20", seed);
    care_end();
}

TEST(sums_are_what_a_second_reckoning_makes_of_the_rows_of_random_histories)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        live(seed);
    }
}

/* A proof that cannot fail proves nothing. */
TEST(the_second_reckoning_notices_a_wrong_sum_a_wrong_row_and_a_wrong_time)
{
    const tern_id *patient = &care_prescription.patient;
    char says[RECKONING_SAYS_BYTES];

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-09 05:00");
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK(reckoning_agrees(patient, NULL, "2026-03-01", NULL, says));
    CHECK(reckoning_plan_agrees(patient, says));
    fixture_run(
        care_replica,
        "UPDATE care_day SET passes = 0, missed = missed + 1 WHERE local_date = '2026-03-05'");
    CHECK(!reckoning_agrees(patient, NULL, "2026-03-01", NULL, says));
    care_ok(tern_adherence_rebuild(care, &error), &error);
    CHECK(reckoning_agrees(patient, NULL, "2026-03-01", NULL, says));
    fixture_run(care_replica,
                "UPDATE dose_events SET scheduled_time = scheduled_time + 60000000 WHERE "
                "local_date = '2026-03-12' AND slot = 'NIGHT'");
    CHECK(!reckoning_plan_agrees(patient, says));
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK(reckoning_plan_agrees(patient, says));
    fixture_run(care_replica, "DELETE FROM dose_events WHERE local_date = '2026-03-14'");
    CHECK(!reckoning_plan_agrees(patient, says));
    care_end();
}

TEST(sums_are_whole_or_the_same_as_before_when_memory_runs_out)
{
    int64_t read = 0;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-04 05:00");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_adherence sum = {.on_time = -1};
        tern_status status = tern_adherence_read(care, NULL, keep, &sum, NULL, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK(status != TERN_OK || sum.missed == 4);
        read += status == TERN_OK;
    }
    CHECK(read > 0);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_adherence_rebuild(care, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
    }
    expect("0 on time, 0 late, 0 skipped, 4 missed: 0 of 4");
    care_end();
}

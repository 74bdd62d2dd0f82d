/* The day from which a prescription counts that names none: that on which it is put in force. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/settings.h"

static tern_care_error error;

static int64_t number(const char *sql)
{
    return fixture_number(care_replica, sql);
}

/* A draft of two doses a day without a start, written long before it is put in force. */
static tern_id write_draft(void)
{
    tern_id id = {{0}};

    care_begin("2026-03-02 05:00");
    care_prescription.start_date = NULL;
    care_medicine.duration_days = 3;
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    return id;
}

static void put_in_force(const tern_id *id)
{
    care_ok(tern_prescription_activate(care, id, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
}

TEST(a_course_without_a_start_is_as_long_however_late_it_is_put_in_force)
{
    tern_id id = write_draft();

    care_clock("2026-03-20 05:00");
    put_in_force(&id);
    CHECK_TEXT(care_day("2026-03-20"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-22"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-23"), "");
    CHECK_INT(number("SELECT count(*) FROM dose_events"), 6);
    care_end();
}

TEST(a_rhythm_counts_from_the_day_on_which_it_is_put_in_force_in_any_zone)
{
    tern_id id = write_draft();

    care_medicine.frequency = "every 2 days";
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "less", NULL, &error), &error);
    care_clock("2026-03-21 05:00"); /* in UTC it is the day before */
    put_in_force(&id);
    care_ok(tern_settings_set_time_zone(care, "America/Los_Angeles", &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-20"), "");
    CHECK_TEXT(care_day("2026-03-21"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-22"), "");
    CHECK_TEXT(care_day("2026-03-23"), "MORNING DUE, NIGHT DUE");
    care_end();
}

TEST(a_start_that_was_named_stands_however_late_it_is_put_in_force)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    care_medicine.duration_days = 3;
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    care_clock("2026-03-04 05:00");
    put_in_force(&id);
    CHECK_TEXT(care_day("2026-03-04"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-05"), "");
    CHECK_INT(number("SELECT count(*) FROM prescription_beginnings"), 0);
    care_end();
}

TEST(what_passed_of_it_stays_missed_after_a_pause_and_an_edit)
{
    tern_id id = write_draft();

    care_clock("2026-03-20 05:00");
    put_in_force(&id);
    care_clock("2026-03-21 05:00");
    care_ok(tern_prescription_pause(care, &id, &error), &error);
    care_ok(tern_prescription_resume(care, &id, &error), &error);
    care_medicine.night_dosage = NULL;
    care_prescription.medicines = &care_medicine;
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "less", NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-20"), "MORNING MISSED, NIGHT MISSED");
    CHECK_INT(number("SELECT count(*) FROM prescription_beginnings WHERE begins_on='2026-03-20'"),
              1);
    care_end();
}

static bool check_start(void *context, const tern_prescription_row *row)
{
    CHECK_INT(row->start_date.kind, TERN_NULL);
    CHECK_INT(row->begins_on.size, 10);
    CHECK(memcmp(row->begins_on.data, "2026-03-20", 10) == 0);
    *(int *)context += 1;
    return true;
}

TEST(the_day_is_read_beside_the_start_that_nobody_named)
{
    tern_id id = write_draft();
    int seen = 0;

    care_clock("2026-03-20 05:00");
    put_in_force(&id);
    care_ok(tern_prescription_list(care, NULL, 0, check_start, &seen, &error), &error);
    CHECK_INT(seen, 1);
    care_end();
}

static void check_beginning(const char *wall, int offset_days, const char *day)
{
    tern_id id = write_draft();
    char sql[120];

    care_compare_clock(offset_days * INT64_C(86400));
    care_clock(wall);
    put_in_force(&id);
    (void)snprintf(sql,
                   sizeof(sql),
                   "SELECT count(*) FROM prescription_beginnings WHERE begins_on='%s'",
                   day);
    CHECK_INT(number(sql), 1);
    care_end();
}

TEST(a_clock_that_is_suspect_lets_nothing_begin_later_than_it_is_or_before_it_was_written)
{
    check_beginning("2025-03-21 09:00", 365, "2026-03-02");  /* behind: when it was written */
    check_beginning("2026-03-21 09:00", 365, "2026-03-21");  /* was behind, and was put right */
    check_beginning("2027-03-21 09:00", -365, "2026-03-21"); /* ahead */
}

TEST(a_clock_that_is_right_says_the_day_whatever_clock_wrote_the_draft)
{
    tern_id id = write_draft();

    /* It came of a clock that was three days ahead. */
    care_change_file("UPDATE prescriptions SET created_at=created_at+3*86400000000");
    care_clock("2026-03-03 05:00");
    put_in_force(&id);
    CHECK_INT(number("SELECT count(*) FROM prescription_beginnings WHERE begins_on='2026-03-03'"),
              1);
    CHECK_TEXT(care_day("2026-03-03"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-06"), "");
    care_end();
}

TEST(what_is_over_by_its_end_begins_no_later_than_it)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    care_prescription.start_date = NULL;
    care_prescription.end_date = "2026-03-04";
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    care_clock("2026-03-20 05:00");
    put_in_force(&id);
    CHECK_INT(number("SELECT count(*) FROM prescription_beginnings"), 0);
    CHECK_INT(number("SELECT count(*) FROM dose_events"), 0);
    care_end();
}

TEST(an_edit_that_names_no_start_leaves_the_day_and_one_that_does_overrules_it)
{
    tern_id id = write_draft();

    care_clock("2026-03-20 05:00");
    put_in_force(&id);
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error), &error);
    CHECK_INT(number("SELECT count(*) FROM prescription_beginnings WHERE begins_on='2026-03-20'"),
              1);
    care_prescription.start_date = "2026-03-25";
    care_ok(tern_prescription_edit(care, &id, &care_prescription, "later", NULL, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-24"), "");
    CHECK_TEXT(care_day("2026-03-25"), "MORNING DUE, NIGHT DUE");
    care_end();
}

TEST(what_is_taken_up_again_begins_on_the_day_on_which_it_is_put_in_force)
{
    tern_id id = write_draft();
    tern_id again;

    put_in_force(&id);
    care_ok(tern_prescription_end(care, &id, &error), &error);
    care_clock("2026-04-01 05:00");
    care_ok(tern_prescription_retake(care, &id, NULL, NULL, NULL, &again, &error), &error);
    care_clock("2026-04-20 05:00");
    put_in_force(&again);
    CHECK_TEXT(care_day("2026-04-22"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-04-23"), "");
    care_end();
}

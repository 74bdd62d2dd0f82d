/* What a person enters that cannot stand: it is refused where it is entered, in words that are true
 * of it, and changes nothing. */
#include "tests/medication/fixture.h"

#include "tern/medication/audit.h"
#include "tern/medication/settings.h"

static tern_care_error error;

/* The call failed by this problem. */
static void refused(tern_status status, tern_problem problem)
{
    CHECK(status != TERN_OK);
    CHECK_TEXT(tern_problem_code(error.problem), tern_problem_code(problem));
    CHECK_INT(error.error.status, status);
}

/* ---- Dates ---- */

static tern_status end_on(const tern_id *id, const char *end_date)
{
    care_prescription.start_date = NULL;
    care_prescription.end_date = end_date;
    return tern_prescription_edit(care, id, &care_prescription, "why", NULL, &error);
}

TEST(an_edit_that_leaves_the_start_does_not_end_before_it)
{
    tern_id id;

    care_begin("2026-03-02 06:00");
    id = care_prescribe();
    refused(end_on(&id, "2026-03-01"), TERN_PROBLEM_END_DATE);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    care_ok(end_on(&id, "2026-03-02"), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-03"), "");
    care_end();
}

TEST(nor_before_the_day_on_which_it_was_put_in_force)
{
    tern_id id;

    care_begin("2026-03-02 06:00");
    care_prescription.start_date = NULL;
    id = care_prescribe();
    refused(end_on(&id, "2026-01-01"), TERN_PROBLEM_END_DATE);
    CHECK_TEXT(care_day("2026-03-02"), "MORNING DUE, NIGHT DUE");
    care_ok(end_on(&id, "2026-03-02"), &error);
    care_end();
}

TEST(a_draft_that_has_not_begun_may_end_on_any_day)
{
    tern_id id = {{0}};

    care_begin("2026-03-02 06:00");
    care_prescription.start_date = NULL;
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    care_ok(end_on(&id, "2026-01-01"), &error);
    care_end();
}

/* ---- Zones ---- */

TEST(what_is_another_zone_on_each_machine_is_nobodys)
{
    tern_schedule_report report;
    tern_id id;

    care_begin("2026-03-02 06:00");
    id = care_prescribe();
    refused(tern_settings_set_time_zone(care, "localtime", &error), TERN_PROBLEM_ZONE);
    care_ok(tern_settings_set_time_zone(care, "Asia/Phnom_Penh", &error), &error);
    /* As it comes by a sync. */
    fixture_run(care_replica, "UPDATE users SET time_zone='localtime'");
    refused(tern_schedule_generate(care, NULL, &report, &error), TERN_PROBLEM_ZONE);
    refused(tern_audit_access(care, &care_prescription.patient, NULL, &error), TERN_PROBLEM_ZONE);
    CHECK_INT(tern_prescription_pause(care, &id, &error), TERN_OK);
    care_end();
}

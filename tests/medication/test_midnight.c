/* Doses that are taken behind the midnight of their local day. */
#include "tests/medication/fixture.h"

#include "tern/medication/settings.h"
#include "tests/medication/reckoning.h"

static tern_care_error error;

static tern_schedule_report generate(void)
{
    tern_schedule_report report = {0};

    care_ok(tern_schedule_generate(care, NULL, &report, &error), &error);
    reckoning_compare_plan(&care_prescription.patient, 0);
    return report;
}

/* Half an hour after the meal of 23:45; from the day before on, put in force now. */
static void prescribe(const char *now)
{
    care_begin(now);
    care_ok(tern_settings_set_meals(care, NULL, NULL, "23:45", &error), &error);
    (void)care_prescribe();
}

TEST(a_dose_of_yesterday_that_is_still_to_come_is_made)
{
    prescribe("2026-03-03 00:05");
    CHECK_TEXT(care_day("2026-03-02"), "NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-03"), "MORNING DUE, NIGHT DUE");
    CHECK_TEXT(care_day("2026-03-01"), "");
    CHECK_INT(generate().made, 0);
    care_clock("2026-03-03 00:44");
    CHECK_INT(generate().made, 0);
    care_end();
}

TEST(one_whose_grace_runs_is_made_and_none_that_has_passed)
{
    prescribe("2026-03-03 00:44");
    CHECK_TEXT(care_day("2026-03-02"), "NIGHT DUE");
    care_end();
    prescribe("2026-03-03 00:46");
    CHECK_TEXT(care_day("2026-03-02"), "");
    care_end();
}

TEST(one_that_begins_today_has_none_of_yesterday)
{
    care_begin("2026-03-03 00:05");
    care_ok(tern_settings_set_meals(care, NULL, NULL, "23:45", &error), &error);
    care_prescription.start_date = NULL;
    (void)care_prescribe();
    CHECK_TEXT(care_day("2026-03-02"), "");
    CHECK_TEXT(care_day("2026-03-03"), "MORNING DUE, NIGHT DUE");
    care_end();
}

TEST(a_dose_of_yesterday_moves_with_its_meal)
{
    prescribe("2026-03-03 00:05");
    care_ok(tern_settings_set_meals(care, NULL, NULL, "23:55", &error), &error);
    CHECK(generate().moved > 0);
    CHECK_INT(fixture_number(care_replica,
                             "SELECT scheduled_time FROM dose_events WHERE "
                             "local_date='2026-03-02' AND slot='NIGHT'"),
              care_time("2026-03-03 00:25"));
    care_end();
}

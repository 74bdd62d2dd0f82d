/* Hours that an edit makes shorter after another had made them longer than a day. */
#include "tests/medication/fixture.h"

#include "tern/medication/prescription.h"

static void edit(const tern_id *id, const char *start_date, const char *frequency)
{
    tern_care_error error;

    care_medicine.id = care_id("SELECT id FROM medications");
    care_medicine.frequency = frequency;
    care_prescription.start_date = start_date;
    care_ok(tern_prescription_edit(care, id, &care_prescription, "other hours", NULL, &error),
            &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
}

/* Of three a day from 07:00 these hours were made after a dose of 07:00. */
static tern_id prescribe(const char *longer)
{
    tern_id id;

    care_begin("2026-03-02 05:00");
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    care_medicine.frequency = "every 8 hours";
    id = care_prescribe();
    care_clock("2026-03-03 10:00");
    edit(&id, NULL, longer);
    CHECK_INT(fixture_number(care_replica, "SELECT first_minute FROM medications"), 1860);
    return id;
}

TEST(hours_that_become_shorter_go_on_from_the_last_dose_where_the_edit_names_the_next_day)
{
    tern_id id = prescribe("every 36 hours");

    care_clock("2026-03-04 20:00");
    edit(&id, "2026-03-05", "every 6 hours");
    CHECK_TEXT(care_day("2026-03-04"), "19:00 MISSED");
    CHECK_TEXT(care_day("2026-03-05"), "01:00 DUE, 07:00 DUE, 13:00 DUE, 19:00 DUE");
    care_end();
}

TEST(so_do_those_that_have_no_dose_where_the_last_one_was)
{
    tern_id id = prescribe("every 36 hours");

    care_clock("2026-03-04 20:00");
    edit(&id, "2026-03-05", "every 5 hours");
    CHECK_TEXT(care_day("2026-03-05"), "00:00 DUE, 05:00 DUE, 10:00 DUE, 15:00 DUE, 20:00 DUE");
    care_end();
}

TEST(hours_that_begin_further_ahead_begin_on_the_day_that_the_edit_names)
{
    tern_id id = prescribe("every 36 hours");

    care_clock("2026-03-04 20:00");
    edit(&id, "2026-03-07", "every 6 hours");
    CHECK_TEXT(care_day("2026-03-05"), "");
    CHECK_TEXT(care_day("2026-03-07"), "01:00 DUE, 07:00 DUE, 13:00 DUE, 19:00 DUE");
    care_end();
}

TEST(hours_go_on_from_a_last_dose_that_lies_further_back_than_their_own_period)
{
    tern_id id = prescribe("every 96 hours");

    care_clock("2026-03-06 10:00");
    edit(&id, "2026-03-07", "every 6 hours");
    CHECK_TEXT(care_day("2026-03-07"), "01:00 DUE, 07:00 DUE, 13:00 DUE, 19:00 DUE");
    care_end();
}

/* Reminders: each call lists what differs from what was listed before, and nothing else. */
#include "tern/medication/reminder.h"

#include "tern/medication/settings.h"
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

static tern_care_error error;
static int set;
static int cancelled;
static tern_reminder last;

static bool count(void *context, const tern_reminder *reminder)
{
    (void)context;
    set += !reminder->is_cancelled;
    cancelled += reminder->is_cancelled;
    last = *reminder;
    return true;
}

static void expect(int64_t *cursor, int expected_set, int expected_cancelled)
{
    set = 0;
    cancelled = 0;
    care_ok(tern_reminders_read(care, NULL, cursor, count, NULL, &error), &error);
    CHECK_INT(set, expected_set);
    CHECK_INT(cancelled, expected_cancelled);
}

TEST(only_the_difference_is_listed)
{
    int64_t cursor = 0;
    int64_t other = 0;
    tern_id prescription;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    expect(&cursor, 0, 0);
    prescription = care_prescribe();
    expect(&cursor, 60, 0);
    expect(&cursor, 0, 0);
    care_clock("2026-03-02 06:30");
    dose = care_dose("2026-03-02", "MORNING");
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    expect(&cursor, 0, 1);
    CHECK(memcmp(&last.dose, &dose, sizeof(dose)) == 0);
    care_ok(tern_dose_undo(care, &dose, &error), &error);
    expect(&cursor, 1, 0);
    CHECK_INT(last.at_us[0], care_time("2026-03-02 06:30"));
    CHECK_INT(last.at_us[1], care_time("2026-03-02 06:40"));
    CHECK_INT(last.at_us[3], care_time("2026-03-02 07:00"));
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    expect(&cursor, 0, 60);
    care_ok(tern_prescription_resume(care, &prescription, &error), &error);
    expect(&cursor, 60, 0);
    expect(&other, 60, 0);
    care_ok(tern_settings_set_meals(care, NULL, NULL, "19:00", &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    expect(&cursor, 30, 0);
    care_clock("2026-03-02 12:00");
    expect(&cursor, 0, 0);
    expect(&cursor, 0, 0);
    care_end();
}

TEST(at_most_a_hundred_are_set_and_later_ones_come_as_they_near)
{
    int64_t cursor = 0;

    care_begin("2026-03-02 05:00");
    care_medicine.frequency = "every 2 hours";
    care_medicine.morning_dosage = NULL;
    care_medicine.night_dosage = NULL;
    (void)care_prescribe();
    expect(&cursor, 100, 0);
    care_clock("2026-03-03 05:45");
    expect(&cursor, 12, 0);
    care_end();
}

TEST(reminders_are_listed_whole_or_not_at_all_when_memory_runs_out)
{
    int64_t cursor = 0;
    int64_t read = 0;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    CHECK_INT(tern_reminders_read(care, NULL, NULL, count, NULL, &error), TERN_ERR_MISUSE);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_reminders_read(care, NULL, &cursor, count, NULL, &error);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK((cursor != 0) >= (status == TERN_OK));
        read += status == TERN_OK;
    }
    CHECK(read > 0);
    expect(&cursor, 0, 0);
    care_end();
}

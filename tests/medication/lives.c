/* Dice decide what is done, and to what. */
#include "tests/medication/lives.h"

#include <string.h>

#include "tern/medication/settings.h"
#include "tests/medication/reckoning.h"

#define HOUR_US (INT64_C(3600) * 1000000)

static tern_care_error error;

static int64_t now_us(void)
{
    return fixture_number(care_replica, "SELECT tern_now()");
}

unsigned life_roll(struct life *life, unsigned below)
{
    return (unsigned)(reckoning_random(&life->state) % below);
}

/* One of the ids that the SQL gives with the clock as its parameter, by dice; false for none. */
static bool pick(struct life *life, const char *sql, tern_id *ret_id)
{
    tern_statement *row = NULL;
    unsigned count = 0;
    bool more = true;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &row, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(row, 1, tern_value_integer(now_us() + HOUR_US), NULL), TERN_OK);
    while (more) {
        CHECK_INT(tern_statement_step(row, &more, NULL), TERN_OK);
        if (more && life_roll(life, ++count) == 0) {
            memcpy(ret_id, tern_statement_value(row, 0).data, sizeof(*ret_id));
        }
    }
    tern_statement_free(row);
    return count > 0;
}

static bool pick_dose(struct life *life, tern_id *ret_id)
{
    return pick(life,
                "SELECT id FROM dose_events WHERE scheduled_time < ?1 AND deleted_at IS NULL "
                "ORDER BY scheduled_time DESC LIMIT 24",
                ret_id);
}

static bool pick_prescription(struct life *life, tern_id *ret_id)
{
    return pick(life, "SELECT id FROM prescriptions WHERE ?1 > 0 AND status <> 'INACTIVE'", ret_id);
}

/* Whether a call is refused is not the matter here; that it does not fail is. */
static void may_refuse(tern_status status)
{
    if (status != TERN_OK && error.problem == TERN_PROBLEM_NONE) {
        fail_msg("%s: %s", tern_status_code(status), error.error.message);
    }
}

void life_act_on_dose(struct life *life)
{
    const tern_dose_act insist = {.size = sizeof(insist),
                                  .taken_us = now_us() - life_roll(life, 600) * (HOUR_US / 60),
                                  .insist = true,
                                  .was_offline = life_roll(life, 2) == 0};
    tern_id dose;

    if (!pick_dose(life, &dose)) {
        return;
    }
    switch (life_roll(life, 6)) {
    case 0:
        may_refuse(tern_dose_skip(care, &dose, "felt ill", false, &error));
        break;
    case 1:
        may_refuse(tern_dose_undo(care, &dose, &error));
        if (life->leaves_none_due) {
            may_refuse(tern_dose_skip(care, &dose, NULL, false, &error));
        }
        break;
    default:
        may_refuse(tern_dose_take(care, &dose, &insist, NULL, &error));
    }
}

/* Another dosage of the one medication, and an end or a duration. */
static void edit(struct life *life, const tern_id *id)
{
    static const char dosage[] = "{\"amount\":1,\"before_meal\":true}";
    const char *sql = "SELECT id FROM medications WHERE prescription_id = ?1";
    tern_medicine medicine = {.name = "another",
                              .morning_dosage = life_roll(life, 2) == 0 ? dosage : NULL,
                              .night_dosage = dosage,
                              .duration_days = life_roll(life, 3) == 0 ? 4000 : 0};
    const tern_prescription changed = {.size = sizeof(changed),
                                       .patient = life->patient,
                                       .patient_name = "a patient",
                                       .patient_age = -1,
                                       .start_date = "2026-02-01",
                                       .end_date = life_roll(life, 3) == 0 ? "2026-03-09" : NULL,
                                       .medicines = &medicine,
                                       .medicine_count = 1};
    tern_statement *row = NULL;
    bool found = false;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &row, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(row, 1, tern_value_id(id), NULL), TERN_OK);
    CHECK_INT(tern_statement_step(row, &found, NULL), TERN_OK);
    if (found && life_roll(life, 3) > 0) { /* else another medicine takes its place */
        memcpy(&medicine.id, tern_statement_value(row, 0).data, sizeof(medicine.id));
    }
    tern_statement_free(row);
    may_refuse(tern_prescription_edit(care, id, &changed, "why", NULL, &error));
}

void life_act_on_prescription(struct life *life)
{
    tern_id id;

    if (!pick_prescription(life, &id)) {
        return;
    }
    switch (life_roll(life, 6)) {
    case 0:
        may_refuse(tern_prescription_end(care, &id, &error));
        break;
    case 1:
    case 2:
        may_refuse(tern_prescription_pause(care, &id, &error));
        break;
    case 3:
        may_refuse(tern_prescription_resume(care, &id, &error));
        break;
    default:
        edit(life, &id);
    }
}

void life_act_on_settings(struct life *life)
{
    static const char *const zones[] = {"Asia/Phnom_Penh", "Asia/Tokyo", "America/New_York"};
    static const int32_t graces[] = {10, 20, 30, 60};

    switch (life_roll(life, 4)) {
    case 0:
        may_refuse(tern_settings_set_time_zone(care, zones[life_roll(life, 3)], &error));
        break;
    case 1:
        may_refuse(tern_settings_set_grace(care, graces[life_roll(life, 4)], &error));
        break;
    case 2:
        may_refuse(tern_settings_set_meals(care, NULL, NULL, NULL, &error));
        fixture_run(care_replica, "DELETE FROM meal_time_preferences");
        break;
    default:
        may_refuse(tern_settings_set_meals(care,
                                           life_roll(life, 2) == 0 ? "6-7AM" : "08:00",
                                           NULL,
                                           "20:15",
                                           &error));
    }
}

void life_compare(struct life *life, const char *first)
{
    tern_id medication;

    reckoning_compare_span(&life->patient, NULL, first, NULL, life->seed);
    if (pick(life, "SELECT DISTINCT medication_id FROM dose_events WHERE ?1 > 0", &medication)) {
        reckoning_compare_span(&life->patient, &medication, first, NULL, life->seed);
    }
}

/* Which day is settled by the first recorded dose of a draft that two devices put in force, and
 * what settles none. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tests/medication/pair.h"

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)
#define EVENING_US (10 * HOUR_US + HOUR_US / 2)

static tern_care_error error;
static char told[512];

static bool tell(void *context, const tern_dose *dose)
{
    static const char *const names[] = {"DUE", "TAKEN", "LATE", "MISSED", "SKIPPED"};

    (void)context;
    (void)snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s;", names[dose->status]);
    return true;
}

static const char *day(struct care_device *device, const char *date)
{
    const tern_id patient = world_user('p');

    told[0] = '\0';
    care_ok(tern_dose_list(device->care, &patient, date, tell, NULL, &error), &error);
    return told;
}

static void generate(struct care_device *device)
{
    care_ok(tern_schedule_generate(device->care, NULL, NULL, &error), &error);
}

static void put_in_force(struct care_device *device, const tern_id *id)
{
    care_ok(tern_prescription_activate(device->care, id, &error), &error);
    generate(device);
}

/* Both know the draft, of a dose a night; the phone puts it in force, and the tablet three days
 * later, in the morning. Neither has heard of the other. */
static tern_id put_in_force_twice(struct care_pair *pair, const char *frequency)
{
    tern_id id = {{0}};

    care_pair_begin(pair);
    pair->prescription.start_date = NULL;
    pair->medicine.morning_dosage = NULL;
    pair->medicine.frequency = frequency;
    care_ok(tern_prescription_create(pair->phone.care, &pair->prescription, NULL, &id, &error),
            &error);
    care_pair_sync(pair);
    put_in_force(&pair->phone, &id);
    world_pass(&pair->world, 3 * DAY_US);
    put_in_force(&pair->tablet, &id);
    return id;
}

/* The tablet hears of the phone's day, and lists nothing anew. */
static void hear(struct care_pair *pair)
{
    device_sync_well(&pair->phone.device);
    device_sync_well(&pair->tablet.device);
}

static tern_id dose_of(struct care_device *device, const char *date)
{
    char sql[100];

    (void)
        snprintf(sql, sizeof(sql), "SELECT quote(id) FROM dose_events WHERE local_date='%s'", date);
    return care_pair_id(device, sql);
}

static void take(struct care_device *device, const char *date)
{
    const tern_id dose = dose_of(device, date);
    tern_dose_status status = TERN_DOSE_DUE;

    care_ok(tern_dose_take(device->care, &dose, NULL, &status, &error), &error);
    CHECK_INT(status, TERN_DOSE_TAKEN_ON_TIME);
}

static const char *beginnings(struct care_device *device)
{
    return device_ask(&device->device,
                      "SELECT substr(begins_on,9),is_taken FROM prescription_beginnings "
                      "ORDER BY is_taken,begins_on");
}

static void edit(struct care_pair *pair, const tern_id *id)
{
    pair->medicine.id = care_pair_id(&pair->tablet, "SELECT quote(id) FROM medications");
    care_ok(tern_prescription_edit(pair->tablet.care, id, &pair->prescription, "why", NULL, &error),
            &error);
}

/* ---- Which day ---- */

static void check_every_other_day(struct care_device *device)
{
    generate(device);
    CHECK_TEXT(beginnings(device), "20,0;23,0;23,1");
    CHECK_TEXT(day(device, "2025-11-23"), "TAKEN;");
    CHECK_TEXT(day(device, "2025-11-24"), "");
    CHECK_TEXT(day(device, "2025-11-25"), "DUE;");
}

TEST(a_dose_settles_the_day_under_which_it_exists_whenever_the_other_was_heard_of)
{
    for (unsigned order = 0; order < 4; order++) {
        struct care_pair pair;

        (void)put_in_force_twice(&pair, "every 2 days");
        world_pass(&pair.world, EVENING_US);
        if ((order & 1) != 0) {
            hear(&pair);
        }
        take(&pair.tablet, "2025-11-23");
        device_sync_well((order & 2) != 0 ? &pair.tablet.device : &pair.phone.device);
        care_pair_sync(&pair);
        check_every_other_day(&pair.phone);
        check_every_other_day(&pair.tablet);
        care_pair_end(&pair);
    }
}

TEST(a_dose_that_exists_under_both_days_settles_the_one_that_stands)
{
    struct care_pair pair;

    (void)put_in_force_twice(&pair, "every 3 days");
    hear(&pair);
    world_pass(&pair.world, EVENING_US);
    take(&pair.tablet, "2025-11-23");
    CHECK_TEXT(beginnings(&pair.tablet), "20,0;23,0;20,1");
    care_pair_end(&pair);
}

TEST(a_dose_that_is_recorded_in_a_pause_settles_its_day_as_well)
{
    struct care_pair pair;
    tern_id dose;
    tern_id id = put_in_force_twice(&pair, "every 2 days");

    hear(&pair);
    dose = dose_of(&pair.tablet, "2025-11-23");
    care_ok(tern_prescription_pause(pair.tablet.care, &id, &error), &error);
    care_ok(tern_dose_skip(pair.tablet.care, &dose, "paused", false, &error), &error);
    CHECK_TEXT(beginnings(&pair.tablet), "20,0;23,0;23,1");
    care_pair_end(&pair);
}

TEST(a_dose_that_exists_under_none_of_the_days_settles_none_and_the_next_one_does)
{
    struct care_pair pair;
    tern_id id = put_in_force_twice(&pair, NULL);

    hear(&pair);
    world_pass(&pair.world, DAY_US);
    pair.medicine.frequency = "once a week"; /* 20, 27; 23, 30 */
    edit(&pair, &id);
    world_pass(&pair.world, EVENING_US);
    take(&pair.tablet, "2025-11-24");
    CHECK_TEXT(beginnings(&pair.tablet), "20,0;23,0");
    world_pass(&pair.world, 6 * DAY_US);
    take(&pair.tablet, "2025-11-30");
    CHECK_TEXT(beginnings(&pair.tablet), "20,0;23,0;23,1");
    care_pair_end(&pair);
}

/* ---- What settles none ---- */

TEST(what_is_taken_as_needed_settles_no_day_however_it_is_recorded)
{
    tern_id id;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    care_prescription.start_date = NULL;
    care_medicine.is_prn = true;
    id = care_prescribe();
    care_clock("2026-03-02 09:00");
    id = care_id("SELECT id FROM medications");
    care_ok(tern_dose_take_prn(care, &id, NULL, &dose, &error), &error);
    care_ok(tern_dose_undo(care, &dose, &error), &error);
    care_ok(tern_dose_take(care, &dose, NULL, NULL, &error), &error);
    care_ok(tern_dose_undo(care, &dose, &error), &error);
    care_ok(tern_dose_skip(care, &dose, "why", false, &error), &error);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescription_beginnings"), 1);
    CHECK_INT(fixture_number(care_replica, "SELECT sum(is_taken) FROM prescription_beginnings"), 0);
    care_end();
}

/* What a form hands back that asks for another diagnosis alone: the start as it was read. */
struct form {
    char start[11];
    tern_medicine medicine;
    tern_prescription prescription;
};

static bool fill_form(void *context,
                      const tern_prescription_row *prescription,
                      const tern_medication *medication)
{
    struct form *form = context;

    CHECK_INT(prescription->begins_on.size, 10);
    if (prescription->start_date.kind == TERN_TEXT) {
        memcpy(form->start, prescription->start_date.data, 10);
    }
    form->medicine.id = medication->id;
    form->prescription.base_version = prescription->version;
    return true;
}

static void
read_form(struct care_pair *pair, struct care_device *device, const tern_id *id, struct form *form)
{
    *form = (struct form){.medicine = pair->medicine, .prescription = pair->prescription};
    care_ok(tern_prescription_read(device->care, id, fill_form, form, &error), &error);
    form->prescription.medicines = &form->medicine;
    form->prescription.diagnosis = "another";
    form->prescription.start_date = form->start[0] != '\0' ? form->start : NULL;
}

static void hand_back(struct care_device *device, const tern_id *id, const struct form *form)
{
    care_ok(tern_prescription_edit(device->care, id, &form->prescription, "why", NULL, &error),
            &error);
}

TEST(a_form_that_is_handed_back_as_it_was_read_names_no_start)
{
    struct care_pair pair;
    struct form form;
    tern_id id = put_in_force_twice(&pair, "every 2 days");

    world_pass(&pair.world, EVENING_US);
    take(&pair.tablet, "2025-11-23");
    read_form(&pair, &pair.phone, &id, &form);
    CHECK_TEXT(form.start, "");
    care_pair_sync(&pair); /* while the form is open */
    CHECK_TEXT(beginnings(&pair.phone), "20,0;23,0;23,1");
    hand_back(&pair.phone, &id, &form);
    care_pair_sync(&pair);
    CHECK_TEXT(device_ask(&pair.tablet.device, "SELECT start_date,diagnosis FROM prescriptions"),
               "null,another");
    check_every_other_day(&pair.phone);
    check_every_other_day(&pair.tablet);
    care_pair_end(&pair);
}

TEST(a_start_that_an_edit_names_stays_named)
{
    struct care_pair pair;
    struct form form;
    tern_id id = put_in_force_twice(&pair, "every 2 days");

    hear(&pair);
    read_form(&pair, &pair.tablet, &id, &form);
    form.prescription.start_date = "2025-11-23";
    hand_back(&pair.tablet, &id, &form);
    read_form(&pair, &pair.tablet, &id, &form);
    CHECK_TEXT(form.start, "2025-11-23");
    hand_back(&pair.tablet, &id, &form);
    CHECK_TEXT(device_ask(&pair.tablet.device, "SELECT start_date FROM prescriptions"),
               "2025-11-23");
    care_pair_end(&pair);
}

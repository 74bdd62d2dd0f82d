/* One prescription that several turn without hearing of each other: what had passed until then is
 * the same for everybody, in whatever order they sync. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tests/medication/pair.h"

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)

enum { DEVICES = 3, ORDERS = 6 };

static tern_care_error error;
static char told[64];

/* A patient with two devices, and their doctor, who all know the prescription. */
struct practice {
    struct care_pair pair;
    struct care_device doctor;
    tern_id prescription;
};

static void begin(struct practice *practice)
{
    care_pair_begin(&practice->pair);
    practice->pair.medicine.night_dosage = NULL;
    practice->prescription = care_pair_prescribe(&practice->pair, &practice->pair.phone);
    care_pair_sync(&practice->pair);
    care_pair_open_to(&practice->pair, 'd', "DOCTOR");
    care_device_begin(&practice->pair.world, &practice->doctor, "doctor", 'd');
    device_sync_well(&practice->doctor.device);
    device_sync_well(&practice->doctor.device);
}

static void end(struct practice *practice)
{
    care_device_end(&practice->doctor);
    care_pair_end(&practice->pair);
}

static void days(struct practice *practice, int count)
{
    world_pass(&practice->pair.world, count * DAY_US);
}

static void meet(struct practice *practice)
{
    device_sync_well(&practice->doctor.device);
    care_pair_sync(&practice->pair);
    device_sync_well(&practice->doctor.device);
    CHECK_INT(device_status(&practice->doctor.device).quarantined, 0);
}

/* The devices come one after another, in one of all orders, and then hear of each other. */
static void meet_in_order(struct practice *practice, int order)
{
    struct care_device *const devices[DEVICES] = {&practice->pair.phone,
                                                  &practice->pair.tablet,
                                                  &practice->doctor};
    const int first = order % DEVICES;
    const int second = (first + 1 + order / DEVICES) % DEVICES;

    device_sync_well(&devices[first]->device);
    device_sync_well(&devices[second]->device);
    device_sync_well(&devices[DEVICES - first - second]->device);
    meet(practice);
}

static bool tell(void *context, const tern_dose *dose)
{
    (void)context;
    (void)snprintf(told + strlen(told),
                   sizeof(told) - strlen(told),
                   "%s",
                   dose->status == TERN_DOSE_MISSED ? "m" : "d");
    return true;
}

static bool add(void *context, const tern_adherence *sum)
{
    *(int64_t *)context += sum->missed;
    return true;
}

/* The morning doses of eight days, from the 21st on: m one that was missed, d one that is to come,
 * - none. */
static const char *history(struct care_device *device)
{
    const tern_id patient = world_user('p');
    const tern_adherence_query query = {.size = sizeof(query), .patient = &patient};
    int64_t missed = 0;
    int64_t listed = 0;

    told[0] = '\0';
    for (int day = 21; day <= 28; day++) {
        const size_t before = strlen(told);
        char date[16];

        (void)snprintf(date, sizeof(date), "2025-11-%02d", day);
        care_ok(tern_dose_list(device->care, &patient, date, tell, NULL, &error), &error);
        if (strlen(told) == before) {
            (void)snprintf(told + before, sizeof(told) - before, "-");
        }
        listed += told[before] == 'm';
    }
    care_ok(tern_adherence_read(device->care, &query, add, &missed, NULL, &error), &error);
    CHECK_INT(missed, listed);
    return told;
}

static void check_all(struct practice *practice, const char *expected)
{
    CHECK_TEXT(history(&practice->pair.phone), expected);
    CHECK_TEXT(history(&practice->pair.tablet), expected);
    CHECK_TEXT(history(&practice->doctor), expected);
}

TEST(of_two_who_resume_the_earlier_ends_the_pause)
{
    for (int order = 0; order < ORDERS; order++) {
        struct practice practice;
        const tern_id *id = &practice.prescription;

        begin(&practice);
        days(&practice, 1);
        care_ok(tern_prescription_pause(practice.doctor.care, id, &error), &error);
        meet(&practice);
        days(&practice, 1);
        care_ok(tern_prescription_resume(practice.pair.phone.care, id, &error), &error);
        days(&practice, 2);
        CHECK_TEXT(history(&practice.pair.phone), "m-mmdddd");
        care_ok(tern_prescription_resume(practice.pair.tablet.care, id, &error), &error);
        days(&practice, 1);
        care_ok(tern_prescription_resume(practice.doctor.care, id, &error), &error);
        meet_in_order(&practice, order);
        check_all(&practice, "m-mmmddd");
        end(&practice);
    }
}

/* The phone resumes, misses two doses, and ends it; the doctor resumes what they had paused. */
TEST(what_one_resumed_and_ended_stays_where_another_resumes_later)
{
    for (int order = 0; order < ORDERS; order++) {
        struct practice practice;
        const tern_id *id = &practice.prescription;

        begin(&practice);
        days(&practice, 1);
        care_ok(tern_prescription_pause(practice.doctor.care, id, &error), &error);
        meet(&practice);
        days(&practice, 1);
        care_ok(tern_prescription_resume(practice.pair.phone.care, id, &error), &error);
        days(&practice, 2);
        care_ok(tern_prescription_end(practice.pair.phone.care, id, &error), &error);
        days(&practice, 1);
        care_ok(tern_prescription_resume(practice.doctor.care, id, &error), &error);
        days(&practice, 1);
        meet_in_order(&practice, order);
        check_all(&practice, "m-mm-mdd");
        end(&practice);
    }
}

/* Who ends it knows of the pause alone, and not that it was over. */
TEST(an_end_of_what_another_had_resumed_hides_nothing_of_before_it)
{
    for (int order = 0; order < ORDERS; order++) {
        struct practice practice;
        const tern_id *id = &practice.prescription;

        begin(&practice);
        days(&practice, 1);
        care_ok(tern_prescription_pause(practice.pair.phone.care, id, &error), &error);
        meet(&practice);
        days(&practice, 1);
        care_ok(tern_prescription_resume(practice.pair.tablet.care, id, &error), &error);
        days(&practice, 2);
        care_ok(tern_prescription_end(practice.doctor.care, id, &error), &error);
        days(&practice, 1);
        meet_in_order(&practice, order);
        check_all(&practice, "m-mm----");
        end(&practice);
    }
}

TEST(of_two_who_pause_the_earlier_begins_the_pause)
{
    for (int order = 0; order < ORDERS; order++) {
        struct practice practice;
        const tern_id *id = &practice.prescription;

        begin(&practice);
        days(&practice, 1);
        care_ok(tern_prescription_pause(practice.pair.tablet.care, id, &error), &error);
        days(&practice, 2);
        care_ok(tern_prescription_pause(practice.doctor.care, id, &error), &error);
        days(&practice, 1);
        meet_in_order(&practice, order);
        check_all(&practice, "m-------");
        care_ok(tern_prescription_resume(practice.pair.phone.care, id, &error), &error);
        meet(&practice);
        check_all(&practice, "m---dddd");
        end(&practice);
    }
}

/* An app knows the status alone. What it says holds from the last turn on, and what lies before
 * that stays; a turn that is made later leaves both as they are. */
TEST(a_status_without_a_turn_holds_behind_the_last_turn)
{
    struct practice practice;
    const tern_id *id = &practice.prescription;
    struct care_device *phone = &practice.pair.phone;

    begin(&practice);
    days(&practice, 1);
    care_ok(tern_prescription_pause(phone->care, id, &error), &error);
    days(&practice, 2);
    care_ok(tern_prescription_resume(phone->care, id, &error), &error);
    days(&practice, 1);
    CHECK_TEXT(history(phone), "m--mdddd");
    device_run(&phone->device, "UPDATE prescriptions SET status = 'PAUSED'");
    CHECK_TEXT(history(phone), "m-------");
    days(&practice, 1);
    care_ok(tern_prescription_resume(phone->care, id, &error), &error);
    days(&practice, 1);
    meet(&practice);
    check_all(&practice, "m----mdd");
    care_ok(tern_prescription_pause(phone->care, id, &error), &error);
    device_run(&phone->device, "UPDATE prescriptions SET status = 'ACTIVE'");
    days(&practice, 1);
    CHECK_TEXT(history(phone), "m----mmd");
    care_ok(tern_prescription_end(phone->care, id, &error), &error);
    meet(&practice);
    check_all(&practice, "m----mm-");
    end(&practice);
}

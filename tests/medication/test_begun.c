/* One draft without a start that two devices put in force without hearing of each other: the day
 * stands under which a dose was recorded, else the earlier one, whoever wrote it and whoever comes
 * first. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "server/missed.h"
#include "tern/medication/adherence.h"
#include "tern/medication/alert.h"
#include "tests/medication/pair.h"

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)

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

static bool add(void *context, const tern_adherence *sum)
{
    *(int64_t *)context += sum->missed;
    return true;
}

static int64_t missed(struct care_device *device)
{
    const tern_id patient = world_user('p');
    const tern_adherence_query query = {.size = sizeof(query), .patient = &patient};
    int64_t count = 0;

    care_ok(tern_adherence_read(device->care, &query, add, &count, NULL, &error), &error);
    return count;
}

static bool check_start(void *context, const tern_prescription_row *row)
{
    CHECK_INT(row->start_date.kind, TERN_NULL);
    CHECK_INT(row->begins_on.size, 10);
    CHECK(memcmp(row->begins_on.data, "2025-11-20", 10) == 0);
    *(int *)context += 1;
    return true;
}

/* ---- A weekly dose ---- */

static void put_in_force(struct care_device *device, const tern_id *id)
{
    care_ok(tern_prescription_activate(device->care, id, &error), &error);
    care_ok(tern_schedule_generate(device->care, NULL, NULL, &error), &error);
}

static void take(struct care_device *device)
{
    const tern_id dose =
        care_pair_id(device, "SELECT quote(id) FROM dose_events ORDER BY scheduled_time LIMIT 1");

    care_ok(tern_dose_take(device->care, &dose, NULL, NULL, &error), &error);
}

/* Both know the draft of a weekly dose, and the first puts it in force. */
static tern_id begin(struct care_pair *pair, struct care_device *first)
{
    tern_id id = {{0}};

    care_pair_begin(pair);
    pair->prescription.start_date = NULL;
    pair->medicine.morning_dosage = NULL;
    pair->medicine.frequency = "once a week";
    care_ok(tern_prescription_create(pair->phone.care, &pair->prescription, NULL, &id, &error),
            &error);
    care_pair_sync(pair);
    put_in_force(first, &id);
    return id;
}

/* The first takes the dose; the second knows the draft alone, puts it in force three days later,
 * and has missed the next one by the day after that. */
static tern_id begin_twice(struct care_pair *pair, bool on_tablet)
{
    struct care_device *first = on_tablet ? &pair->tablet : &pair->phone;
    struct care_device *second = on_tablet ? &pair->phone : &pair->tablet;
    const tern_id id = begin(pair, first);

    world_pass(&pair->world, 10 * HOUR_US + HOUR_US / 2); /* the evening */
    take(first);
    world_pass(&pair->world, 3 * DAY_US - 10 * HOUR_US - HOUR_US / 2);
    put_in_force(second, &id);
    world_pass(&pair->world, DAY_US);
    CHECK_INT(missed(second), 1);
    return id;
}

static void check_rhythm(struct care_device *device)
{
    int seen = 0;

    care_ok(tern_schedule_generate(device->care, NULL, NULL, &error), &error);
    CHECK_TEXT(day(device, "2025-11-20"), "TAKEN;");
    CHECK_TEXT(day(device, "2025-11-23"), "");
    CHECK_TEXT(day(device, "2025-11-27"), "DUE;");
    CHECK_TEXT(day(device, "2025-11-30"), "");
    CHECK_INT(missed(device), 0);
    care_ok(tern_prescription_list(device->care, NULL, 0, check_start, &seen, &error), &error);
    CHECK_INT(seen, 1);
}

TEST(of_two_who_put_a_draft_in_force_the_earlier_day_stands)
{
    for (unsigned order = 0; order < 4; order++) {
        struct care_pair pair;

        (void)begin_twice(&pair, (order & 1) != 0);
        device_sync_well((order & 2) != 0 ? &pair.tablet.device : &pair.phone.device);
        care_pair_sync(&pair);
        check_rhythm(&pair.phone);
        check_rhythm(&pair.tablet);
        care_pair_end(&pair);
    }
}

/* ---- What was guessed under the day that does not stand ---- */

static void store_missed(struct care_device *device)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    uint32_t missed = 0;
    bool more = false;

    care_ok(tern_doses_infer_missed(device->care, NULL, 100, &cursor, &missed, &more, &error),
            &error);
    CHECK_INT(missed, 1);
}

static uint32_t alerts(struct care_device *device)
{
    uint32_t made = 0;

    care_ok(tern_alerts_infer(device->care, 10, &made, NULL, &error), &error);
    return made;
}

static void hand_in(void *context, int64_t now_us, struct trn_sync_call *call)
{
    CHECK_INT(now_us, ((struct world *)context)->now_us);
    world_handle(context, call);
}

/* A whole round of the server's job. */
static struct trn_missed_report run_job(struct world *world)
{
    const struct trn_missed_port port = {.zones = *care_zones(),
                                         .context = world,
                                         .hand_in = hand_in};
    struct trn_missed_report all = {.more = true};
    struct trn_missed *job = NULL;

    CHECK(trn_missed_open(world->db, &port, &job, NULL) == TERN_OK);
    while (all.more) {
        struct trn_missed_report step = {.more = false};

        CHECK(trn_missed_step(job, world->now_us, &step, NULL) == TERN_OK);
        all.missed += step.missed;
        all.alerts += step.alerts;
        all.more = step.more;
    }
    trn_missed_close(job);
    return all;
}

TEST(a_guess_of_a_device_under_the_other_day_is_as_if_nobody_had_stored_it)
{
    for (unsigned order = 0; order < 4; order++) {
        struct care_pair pair;
        const bool on_tablet = (order & 1) != 0;

        (void)begin_twice(&pair, on_tablet);
        store_missed(on_tablet ? &pair.phone : &pair.tablet);
        CHECK_INT(missed(on_tablet ? &pair.phone : &pair.tablet), 1);
        device_sync_well((order & 2) != 0 ? &pair.tablet.device : &pair.phone.device);
        care_pair_sync(&pair);
        CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM dose_events WHERE status='MISSED'"),
                   "1");
        check_rhythm(&pair.phone);
        check_rhythm(&pair.tablet);
        CHECK_INT(alerts(&pair.phone) + alerts(&pair.tablet), 0);
        CHECK_INT(run_job(&pair.world).alerts, 0);
        CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM notifications"), "0");
        care_pair_end(&pair);
    }
}

/* Where the job hears of the later day first it guesses and tells; else it does neither. */
TEST(a_guess_of_the_job_under_the_other_day_is_as_if_nobody_had_stored_it)
{
    for (unsigned order = 0; order < 4; order++) {
        struct care_pair pair;
        const bool on_tablet = (order & 1) != 0;
        struct care_device *first = on_tablet ? &pair.tablet : &pair.phone;
        struct care_device *second = on_tablet ? &pair.phone : &pair.tablet;
        const bool late_first = (order & 2) != 0;
        struct trn_missed_report report;

        (void)begin_twice(&pair, on_tablet);
        device_sync_well(late_first ? &second->device : &first->device);
        report = run_job(&pair.world);
        CHECK_INT(report.missed, late_first ? 1 : 0);
        CHECK_INT(report.alerts, late_first ? 1 : 0);
        care_pair_sync(&pair);
        report = run_job(&pair.world);
        CHECK_INT(report.missed + report.alerts, 0);
        care_pair_sync(&pair);
        check_rhythm(first);
        check_rhythm(second);
        care_pair_end(&pair);
    }
}

/* ---- Doses under the later day alone ---- */

/* The first put it in force and lies in a drawer; of the second, three days later, doses are
 * taken. */
static void begin_in_a_drawer(struct care_pair *pair, bool on_tablet, bool stored)
{
    struct care_device *first = on_tablet ? &pair->tablet : &pair->phone;
    struct care_device *second = on_tablet ? &pair->phone : &pair->tablet;
    const tern_id id = begin(pair, first);

    world_pass(&pair->world, 3 * DAY_US);
    if (stored) {
        store_missed(first);
    }
    put_in_force(second, &id);
    world_pass(&pair->world, 10 * HOUR_US + HOUR_US / 2);
    take(second);
}

static void check_later_rhythm(struct care_device *device)
{
    care_ok(tern_schedule_generate(device->care, NULL, NULL, &error), &error);
    CHECK_TEXT(day(device, "2025-11-20"), "");
    CHECK_TEXT(day(device, "2025-11-23"), "TAKEN;");
    CHECK_TEXT(day(device, "2025-11-27"), "");
    CHECK_TEXT(day(device, "2025-11-30"), "DUE;");
    CHECK_INT(missed(device), 0);
}

TEST(the_day_stands_under_which_a_dose_was_recorded)
{
    for (unsigned order = 0; order < 8; order++) {
        struct care_pair pair;

        begin_in_a_drawer(&pair, (order & 1) != 0, (order & 4) != 0);
        device_sync_well((order & 2) != 0 ? &pair.tablet.device : &pair.phone.device);
        care_pair_sync(&pair);
        check_later_rhythm(&pair.phone);
        check_later_rhythm(&pair.tablet);
        care_pair_end(&pair);
    }
}

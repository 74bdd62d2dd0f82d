/* Alerts of the server's job beside those that devices make: one row each, in any order. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "server/missed.h"
#include "tern/medication/alert.h"
#include "tests/medication/pair.h"

#define MINUTE_US INT64_C(60000000)
/* From the world's beginning, 07:53 in Phnom Penh, to 19:03: the grace of the night's dose, 18:30,
 * has passed. */
#define UNTIL_MISSED_US (670 * MINUTE_US)

static const char texts[] = "SELECT hex(id), type, hex(about_id), title, message, data, is_read "
                            "FROM notifications ORDER BY id";
static const char audited[] = "SELECT count(*) FROM sync_audit WHERE table_name = 'notifications'";

static tern_care_error error;
static char told[2048];

static bool tell(void *context, const tern_alert *alert)
{
    static const char *const types[] = {"connection", "update", "missed", "urgent", "family"};
    size_t used = strlen(told);

    (void)context;
    (void)snprintf(told + used,
                   sizeof(told) - used,
                   "%s%s%s%s%s",
                   used > 0 ? ", " : "",
                   types[alert->type],
                   alert->is_late ? " late" : "",
                   alert->is_over ? " over" : "",
                   alert->is_read ? " read" : "");
    return true;
}

static const char *inbox(struct care_device *device)
{
    tern_alert_cursor cursor = {.created_us = 0};

    told[0] = '\0';
    care_ok(tern_alert_list(device->care, false, 10, &cursor, tell, NULL, &error), &error);
    return told;
}

static uint32_t infer(struct care_device *device)
{
    uint32_t made = 0;

    care_ok(tern_alerts_infer(device->care, 10, &made, NULL, &error), &error);
    return made;
}

/* ---- The job ---- */

static void hand_in(void *context, int64_t now_us, struct trn_sync_call *call)
{
    struct world *world = context;

    CHECK_INT(now_us, world->now_us);
    world_handle(world, call);
}

/* A whole round of a job that has just been started; how many alerts it made. */
static size_t run_job(struct world *world)
{
    const struct trn_missed_port port = {.zones = *care_zones(),
                                         .context = world,
                                         .hand_in = hand_in};
    struct trn_missed_report report = {.more = true};
    struct trn_missed *job = NULL;
    tern_error cause = {.status = TERN_OK};
    size_t alerts = 0;

    CHECK(trn_missed_open(world->db, &port, &job, NULL) == TERN_OK);
    while (report.more) {
        if (trn_missed_step(job, world->now_us, &report, &cause) != TERN_OK) {
            fail_msg("%s", cause.message);
        }
        alerts += report.alerts;
    }
    trn_missed_close(job);
    return alerts;
}

static const char *count_alerts(struct care_pair *pair)
{
    return world_ask(&pair->world, "SELECT count(*) FROM notifications");
}

/* A patient with a prescription that both devices hold; the night's dose has been missed. */
static tern_id begin(struct care_pair *pair)
{
    tern_id id;

    care_pair_begin(pair);
    id = care_pair_prescribe(pair, &pair->phone);
    care_pair_sync(pair);
    world_pass(&pair->world, UNTIL_MISSED_US);
    return id;
}

/* ---- One row ---- */

TEST(a_job_alone_makes_one_alert_and_says_what_a_device_would)
{
    struct care_pair pair;
    struct care_pair other;
    char by_device[1024];

    (void)begin(&other);
    CHECK_INT(infer(&other.phone), 1);
    (void)snprintf(by_device, sizeof(by_device), "%s", device_ask(&other.phone.device, texts));
    care_pair_end(&other);

    (void)begin(&pair);
    CHECK_INT(run_job(&pair.world), 1);
    CHECK_INT(run_job(&pair.world), 0);
    CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM dose_events WHERE status='MISSED'"),
               "1");
    CHECK_TEXT(world_ask(&pair.world,
                         "SELECT count(DISTINCT number) FROM tern_entry WHERE device = sender AND "
                         "device = user AND kind = 0"),
               "1");
    care_pair_sync(&pair);
    CHECK_TEXT(inbox(&pair.phone), "missed");
    CHECK_TEXT(inbox(&pair.tablet), "missed");
    CHECK_INT(infer(&pair.phone), 0);
    CHECK_TEXT(device_ask(&pair.phone.device, texts), device_ask(&pair.tablet.device, texts));
    CHECK_TEXT(device_ask(&pair.phone.device, texts), by_device);
    care_pair_end(&pair);
}

TEST(devices_and_the_job_that_infer_the_same_make_one_row_byte_for_byte_in_any_order)
{
    static const char *const orders[] = {"ptj", "pjt", "tpj", "tjp", "jpt", "jtp"};

    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct care_pair pair;
        char made[1024];

        (void)begin(&pair);
        CHECK_INT(infer(&pair.phone), 1);
        world_pass(&pair.world, MINUTE_US);
        CHECK_INT(infer(&pair.tablet), 1);
        (void)snprintf(made, sizeof(made), "%s", device_ask(&pair.phone.device, texts));
        CHECK_TEXT(device_ask(&pair.tablet.device, texts), made);
        for (const char *who = orders[i]; *who != '\0'; who++) {
            if (*who == 'j') {
                CHECK_INT(run_job(&pair.world), orders[i][0] == 'j' ? 1 : 0);
            } else {
                device_sync_well(*who == 'p' ? &pair.phone.device : &pair.tablet.device);
            }
            world_pass(&pair.world, MINUTE_US);
        }
        care_pair_sync(&pair);
        CHECK_TEXT(count_alerts(&pair), "1");
        CHECK_TEXT(device_ask(&pair.phone.device, texts), made);
        CHECK_TEXT(device_ask(&pair.tablet.device, texts), made);
        CHECK_TEXT(device_ask(&pair.phone.device, audited), "0");
        CHECK_INT(device_status(&pair.phone.device).quarantined, 0);
        care_pair_end(&pair);
    }
}

TEST(who_has_read_an_alert_offline_has_read_the_jobs)
{
    struct care_pair pair;

    (void)begin(&pair);
    CHECK_INT(infer(&pair.phone), 1);
    care_ok(tern_alerts_mark_read(pair.phone.care, &error), &error);
    world_pass(&pair.world, MINUTE_US);
    CHECK_INT(run_job(&pair.world), 1);
    care_pair_sync(&pair);
    CHECK_TEXT(inbox(&pair.phone), "missed read");
    CHECK_TEXT(inbox(&pair.tablet), "missed read");
    CHECK_TEXT(count_alerts(&pair), "1");
    care_pair_end(&pair);
}

TEST(an_alert_that_an_app_deleted_is_not_made_again_by_the_job)
{
    struct care_pair pair;

    (void)begin(&pair);
    CHECK_INT(infer(&pair.phone), 1);
    device_run(&pair.phone.device, "DELETE FROM notifications");
    device_sync_well(&pair.phone.device);
    CHECK_INT(run_job(&pair.world), 0);
    CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM dose_events WHERE status='MISSED'"),
               "1");
    care_pair_sync(&pair);
    CHECK_TEXT(inbox(&pair.phone), "");
    care_pair_end(&pair);
}

/* ---- Late ---- */

TEST(an_alert_of_the_job_is_late_more_than_an_hour_after_the_grace_and_not_before)
{
    static const struct {
        int64_t after_us; /* the end of the grace, 19:00 */
        const char *inbox;
    } cases[] = {{60 * MINUTE_US, "missed"}, {60 * MINUTE_US + 1, "missed late"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct care_pair pair;

        (void)begin(&pair);
        pair.world.now_us = care_time("2025-11-20 19:00") + cases[i].after_us;
        CHECK_INT(run_job(&pair.world), 1);
        care_pair_sync(&pair);
        CHECK_TEXT(inbox(&pair.phone), cases[i].inbox);
        CHECK((strstr(device_ask(&pair.phone.device, texts), "\"late\":true") != NULL) == (i == 1));
        CHECK((strstr(device_ask(&pair.phone.device, texts), "ផ្ញើក្រោយពេលភ្ជាប់បណ្ដាញវិញ") != NULL) ==
              (i == 1));
        care_pair_end(&pair);
    }
}

TEST(an_alert_made_in_time_by_a_device_is_not_made_late_by_the_job)
{
    struct care_pair pair;

    (void)begin(&pair);
    CHECK_INT(infer(&pair.phone), 1);
    device_sync_well(&pair.phone.device);
    world_pass(&pair.world, 200 * MINUTE_US);
    CHECK_INT(run_job(&pair.world), 0);
    care_pair_sync(&pair);
    CHECK_TEXT(inbox(&pair.tablet), "missed");
    care_pair_end(&pair);
}

TEST(doses_of_long_ago_are_missed_without_an_alert)
{
    struct care_pair pair;

    (void)begin(&pair);
    world_pass(&pair.world, 10 * 24 * 60 * MINUTE_US);
    CHECK_INT(run_job(&pair.world), 2); /* of the 21 that passed: of the last 24 hours */
    CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM dose_events WHERE status='MISSED'"),
               "21");
    CHECK_TEXT(count_alerts(&pair), "2");
    care_pair_end(&pair);
}

/* ---- Records ---- */

TEST(a_dose_recorded_before_the_job_gives_no_alert_and_one_recorded_offline_ends_it)
{
    for (int heard = 0; heard < 2; heard++) {
        struct care_pair pair;

        (void)begin(&pair);
        device_run(&pair.phone.device,
                   "UPDATE dose_events SET status = 'TAKEN_ON_TIME', taken_at = scheduled_time, "
                   "was_offline = 1 WHERE local_date = '2025-11-20'");
        if (heard == 1) {
            device_sync_well(&pair.phone.device);
        }
        CHECK_INT(run_job(&pair.world), heard == 1 ? 0 : 1);
        care_pair_sync(&pair);
        CHECK_TEXT(inbox(&pair.phone), heard == 1 ? "" : "missed over");
        CHECK_TEXT(inbox(&pair.tablet), heard == 1 ? "" : "missed over");
        CHECK_TEXT(
            world_ask(&pair.world, "SELECT count(*) FROM dose_events WHERE status='TAKEN_ON_TIME'"),
            "1");
        care_pair_end(&pair);
    }
}

/* ---- The family ---- */

TEST(the_job_tells_the_family_of_an_open_record_in_their_language_and_nobody_else)
{
    struct care_pair pair;
    struct care_device family;
    struct care_device doctor;

    care_pair_begin(&pair);
    care_pair_open_to(&pair, 'd', "DOCTOR");
    care_pair_open_to(&pair, 'f', "FAMILY_MEMBER");
    care_device_begin(&pair.world, &doctor, "doctor", 'd');
    care_device_begin(&pair.world, &family, "family", 'f');
    device_sync_well(&family.device);
    care_ok(tern_settings_set_language(family.care, TERN_ENGLISH, &error), &error);
    (void)care_pair_prescribe(&pair, &pair.phone);
    device_sync_well(&pair.phone.device);
    device_sync_well(&family.device);
    world_pass(&pair.world, UNTIL_MISSED_US);
    CHECK_INT(run_job(&pair.world), 2);
    device_sync_well(&family.device);
    device_sync_well(&doctor.device);
    care_pair_sync(&pair);
    CHECK_INT(infer(&family), 0);
    CHECK_TEXT(inbox(&family), "family");
    CHECK_TEXT(inbox(&pair.phone), "missed");
    CHECK_TEXT(inbox(&doctor), "");
    CHECK_TEXT(
        device_ask(&family.device, "SELECT message FROM notifications WHERE type = 'FAMILY_ALERT'"),
        "a patient: a medicine, November 20, 2025, 6:30 in the evening");
    care_device_end(&doctor);
    care_device_end(&family);
    care_pair_end(&pair);
}

/* The patient's app stores the outcome and tells the patient; nobody's device tells the family. */
TEST(the_job_tells_the_family_of_a_dose_that_the_patients_device_stored_as_missed)
{
    struct care_pair pair;
    struct care_device family;
    tern_missed_cursor cursor = {0};
    bool more = false;

    care_pair_begin(&pair);
    care_pair_open_to(&pair, 'f', "FAMILY_MEMBER");
    (void)care_pair_prescribe(&pair, &pair.phone);
    world_pass(&pair.world, UNTIL_MISSED_US);
    care_ok(tern_doses_infer_missed(pair.phone.care, NULL, 100, &cursor, NULL, &more, &error),
            &error);
    CHECK_INT(infer(&pair.phone), 1);
    care_pair_sync(&pair);
    CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM dose_events WHERE status='MISSED'"),
               "1");
    CHECK_TEXT(count_alerts(&pair), "1");
    CHECK_INT(run_job(&pair.world), 1);
    CHECK_TEXT(
        world_ask(&pair.world, "SELECT count(*) FROM notifications WHERE type = 'FAMILY_ALERT'"),
        "1");
    /* Nothing is left to tell, and nothing is written for it. */
    CHECK_INT(run_job(&pair.world), 0);
    CHECK_TEXT(world_ask(&pair.world,
                         "SELECT count(DISTINCT number) FROM tern_entry WHERE device = sender AND "
                         "device = user AND kind = 0"),
               "1");
    world_pass(&pair.world, 2 * 24 * 60 * MINUTE_US);
    care_device_begin(&pair.world, &family, "family", 'f');
    device_sync_well(&family.device);
    CHECK_TEXT(inbox(&family), "family");
    care_device_end(&family);
    care_pair_end(&pair);
}

TEST(the_job_tells_nobody_of_a_dose_stored_as_missed_more_than_a_day_after_it_was_due)
{
    struct care_pair pair;
    tern_missed_cursor cursor = {0};
    bool more = false;

    (void)begin(&pair);
    care_ok(tern_doses_infer_missed(pair.phone.care, NULL, 100, &cursor, NULL, &more, &error),
            &error);
    world_pass(&pair.world, care_time("2025-11-21 18:30") - pair.world.now_us);
    device_sync_well(&pair.phone.device);
    world_pass(&pair.world, 1);
    CHECK_INT(run_job(&pair.world), 1); /* the morning's of that day alone */
    CHECK_TEXT(count_alerts(&pair), "1");
    care_pair_end(&pair);
}

TEST(a_family_member_whose_device_infers_too_and_an_access_that_was_withdrawn)
{
    struct care_pair pair;
    struct care_device family;

    care_pair_begin(&pair);
    care_pair_open_to(&pair, 'f', "FAMILY_MEMBER");
    care_device_begin(&pair.world, &family, "family", 'f');
    (void)care_pair_prescribe(&pair, &pair.phone);
    device_sync_well(&pair.phone.device);
    world_pass(&pair.world, UNTIL_MISSED_US);
    device_sync_well(&family.device);
    CHECK_INT(infer(&family), 1);
    CHECK_INT(run_job(&pair.world), 2);
    world_pass(&pair.world, MINUTE_US);
    device_sync_well(&family.device);
    CHECK_TEXT(inbox(&family), "family");
    CHECK_TEXT(count_alerts(&pair), "2");
    CHECK_TEXT(device_ask(&family.device, audited), "0");

    device_sync_well(&pair.phone.device);
    device_run(&pair.phone.device, "UPDATE connections SET status = 'REVOKED'");
    device_sync_well(&pair.phone.device);
    world_pass(&pair.world, 24 * 60 * MINUTE_US);
    CHECK_INT(run_job(&pair.world), 2); /* both doses of the day: to the patient alone */
    CHECK_TEXT(
        world_ask(&pair.world, "SELECT count(*) FROM notifications WHERE type = 'FAMILY_ALERT'"),
        "1");
    care_device_end(&family);
    care_pair_end(&pair);
}

/* Alerts: one row each, however many devices and jobs infer them, in whatever order they meet. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/alert.h"
#include "tests/medication/pair.h"

#define MINUTE_US INT64_C(60000000)
/* From the world's beginning, 07:53 in Phnom Penh, to 19:03: the grace of the night's dose, 18:30,
 * has passed. */
#define UNTIL_MISSED_US (670 * MINUTE_US)

static const char rows[] = "SELECT type, is_read, title, message, data FROM notifications "
                           "WHERE deleted_at IS NULL ORDER BY created_at, id";
static const char audited[] = "SELECT count(*) FROM sync_audit WHERE table_name = 'notifications'";

static tern_care_error error;
static char told[2048];
static tern_id last;

static bool tell(void *context, const tern_alert *alert)
{
    static const char *const types[] = {"connection", "update", "missed", "urgent", "family"};
    size_t used = strlen(told);

    (void)snprintf(told + used,
                   sizeof(told) - used,
                   "%s%s%s%s%s",
                   used > 0 ? ", " : "",
                   types[alert->type],
                   alert->is_late ? " late" : "",
                   alert->is_over ? " over" : "",
                   alert->is_read ? " read" : "");
    CHECK(alert->title.size > 0 && alert->data.size > 0);
    CHECK((alert->read_us != 0) == alert->is_read);
    last = alert->id;
    return context == NULL;
}

static const char *inbox(struct care_device *device, bool unread)
{
    tern_alert_cursor cursor = {.created_us = 0};

    told[0] = '\0';
    care_ok(tern_alert_list(device->care, unread, 10, &cursor, tell, NULL, &error), &error);
    return told;
}

static uint32_t infer(struct care_device *device)
{
    uint32_t made = 0;
    bool more = true;

    care_ok(tern_alerts_infer(device->care, 10, &made, &more, &error), &error);
    CHECK(!more);
    return made;
}

static uint32_t unread(struct care_device *device)
{
    uint32_t count = 99;

    care_ok(tern_alert_count(device->care, &count, &error), &error);
    return count;
}

/* A job on the server, which makes the alert that another device has made, too. */
static void make_by_job(struct device *job, struct device *like)
{
    char sql[4096];

    (void)snprintf(
        sql,
        sizeof(sql),
        "INSERT INTO notifications(id, recipient_id, type, about_id, title, message, data) "
        "VALUES(tern_key('notifications', @p, 'MISSED_DOSE_ALERT', x'%s'), @p, "
        "'MISSED_DOSE_ALERT', x'%s', '%s', '%s', '%s')",
        device_ask(like, "SELECT about_id FROM notifications"),
        device_ask(like, "SELECT about_id FROM notifications"),
        device_ask(like, "SELECT title FROM notifications"),
        device_ask(like, "SELECT message FROM notifications"),
        device_ask(like, "SELECT data FROM notifications"));
    device_infer(job, sql);
}

TEST(two_devices_and_a_job_that_infer_the_same_make_one_row_in_any_order)
{
    static const unsigned orders[][3] =
        {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct care_pair pair;
        struct device job;
        struct device *devices[3];

        care_pair_begin(&pair);
        device_begin(&pair.world, &job, "job", 'j');
        job.power = TRN_POWER_SERVICE;
        (void)care_pair_prescribe(&pair, &pair.phone);
        care_pair_sync(&pair);
        world_pass(&pair.world, UNTIL_MISSED_US);
        CHECK_INT(infer(&pair.phone), 1);
        CHECK_INT(infer(&pair.phone), 0);
        world_pass(&pair.world, MINUTE_US);
        CHECK_INT(infer(&pair.tablet), 1);
        make_by_job(&job, &pair.phone.device);
        devices[0] = &pair.phone.device;
        devices[1] = &pair.tablet.device;
        devices[2] = &job;
        for (size_t at = 0; at < 3; at++) {
            device_sync_well(devices[orders[i][at]]);
            world_pass(&pair.world, MINUTE_US);
        }
        care_pair_sync(&pair);
        CHECK_TEXT(inbox(&pair.phone, false), "missed");
        CHECK_TEXT(inbox(&pair.tablet, true), "missed");
        CHECK_TEXT(device_ask(&pair.phone.device, rows), device_ask(&pair.tablet.device, rows));
        CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM notifications"), "1");
        CHECK_TEXT(device_ask(&pair.phone.device, audited), "0");
        device_end(&job);
        care_pair_end(&pair);
    }
}

/* The phone tells of a dose that was missed, which both devices know; it has not been sent. */
static void begin_missed(struct care_pair *pair)
{
    care_pair_begin(pair);
    (void)care_pair_prescribe(pair, &pair->phone);
    care_pair_sync(pair);
    world_pass(&pair->world, UNTIL_MISSED_US);
    CHECK_INT(infer(&pair->phone), 1);
}

TEST(who_has_read_an_alert_is_not_told_again_by_one_who_had_not_heard)
{
    struct care_pair pair;

    begin_missed(&pair);
    CHECK_TEXT(inbox(&pair.phone, true), "missed");
    CHECK_INT(unread(&pair.phone), 1);
    care_ok(tern_alert_mark_read(pair.phone.care, &last, &error), &error);
    care_ok(tern_alert_mark_read(pair.phone.care, &last, &error), &error);
    device_sync_well(&pair.phone.device);
    world_pass(&pair.world, MINUTE_US);
    CHECK_INT(infer(&pair.tablet), 1);
    CHECK_INT(unread(&pair.tablet), 1);
    device_sync_well(&pair.tablet.device);
    care_pair_sync(&pair);
    CHECK_TEXT(inbox(&pair.phone, false), "missed read");
    CHECK_TEXT(inbox(&pair.tablet, false), "missed read");
    CHECK_TEXT(inbox(&pair.tablet, true), "");
    CHECK_INT(unread(&pair.tablet), 0);
    CHECK_INT(infer(&pair.tablet), 0);
    care_pair_end(&pair);
}

TEST(a_late_alert_waits_for_a_sync_and_says_that_it_is_late)
{
    struct care_pair pair;

    care_pair_begin(&pair);
    (void)care_pair_prescribe(&pair, &pair.phone);
    care_pair_sync(&pair);
    world_pass(&pair.world, UNTIL_MISSED_US + 100 * MINUTE_US);
    CHECK_INT(infer(&pair.tablet), 0);
    device_sync_well(&pair.tablet.device);
    CHECK_INT(infer(&pair.tablet), 1);
    CHECK_TEXT(inbox(&pair.tablet, false), "missed late");
    CHECK(strstr(device_ask(&pair.tablet.device, rows), "\"late\":true") != NULL);
    CHECK(strstr(device_ask(&pair.tablet.device, "SELECT message FROM notifications"),
                 "ផ្ញើក្រោយពេលភ្ជាប់បណ្ដាញវិញ") != NULL);
    device_sync_well(&pair.tablet.device);
    device_sync_well(&pair.phone.device);
    CHECK_INT(infer(&pair.phone), 0);
    CHECK_TEXT(inbox(&pair.phone, false), "missed late");
    care_pair_end(&pair);
}

TEST(an_alert_made_in_time_elsewhere_is_not_made_late)
{
    struct care_pair pair;

    begin_missed(&pair);
    device_sync_well(&pair.phone.device);
    world_pass(&pair.world, 200 * MINUTE_US);
    CHECK_INT(infer(&pair.tablet), 0);
    device_sync_well(&pair.tablet.device);
    CHECK_INT(infer(&pair.tablet), 0);
    CHECK_TEXT(inbox(&pair.tablet, false), "missed");
    care_pair_end(&pair);
}

TEST(a_dose_taken_paused_or_long_ago_gives_no_alert)
{
    struct care_pair pair;
    tern_id dose;
    tern_id id;

    care_pair_begin(&pair);
    id = care_pair_prescribe(&pair, &pair.phone);
    care_pair_sync(&pair);
    world_pass(&pair.world, UNTIL_MISSED_US - 20 * MINUTE_US);
    CHECK_INT(infer(&pair.phone), 0);
    CHECK_TEXT(inbox(&pair.phone, false), "");
    memcpy(dose.bytes, "not a dose here.", sizeof(dose.bytes));
    CHECK_INT(tern_alert_mark_read(pair.phone.care, &dose, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_ALERT);
    device_run(&pair.phone.device,
               "UPDATE dose_events SET status = 'SKIPPED' WHERE local_date = '2025-11-20'");
    world_pass(&pair.world, 60 * MINUTE_US);
    CHECK_INT(infer(&pair.phone), 0);
    care_ok(tern_prescription_pause(pair.phone.care, &id, &error), &error);
    device_sync_well(&pair.phone.device);
    world_pass(&pair.world, 24 * 60 * MINUTE_US);
    device_sync_well(&pair.phone.device);
    CHECK_INT(infer(&pair.phone), 0);
    care_ok(tern_prescription_resume(pair.phone.care, &id, &error), &error);
    world_pass(&pair.world, 36 * 60 * MINUTE_US);
    device_sync_well(&pair.phone.device);
    CHECK_INT(infer(&pair.phone), 2);
    care_pair_end(&pair);
}

/* A patient, a doctor and a family member with the patient's record open to them. */
struct ring {
    struct care_pair pair;
    struct care_device doctor;
    struct care_device family;
};

static void ring_begin(struct ring *ring)
{
    care_pair_begin(&ring->pair);
    care_pair_open_to(&ring->pair, 'd', "DOCTOR");
    care_pair_open_to(&ring->pair, 'f', "FAMILY_MEMBER");
    care_device_begin(&ring->pair.world, &ring->doctor, "doctor", 'd');
    care_device_begin(&ring->pair.world, &ring->family, "family", 'f');
    device_sync_well(&ring->doctor.device);
    device_sync_well(&ring->family.device);
    care_pair_sync(&ring->pair);
}

static void ring_sync(struct ring *ring)
{
    for (int i = 0; i < 2; i++) {
        device_sync_well(&ring->doctor.device);
        world_pass(&ring->pair.world, MINUTE_US / 60);
        device_sync_well(&ring->family.device);
        world_pass(&ring->pair.world, MINUTE_US / 60);
        care_pair_sync(&ring->pair);
    }
}

static void ring_end(struct ring *ring)
{
    care_device_end(&ring->doctor);
    care_device_end(&ring->family);
    care_pair_end(&ring->pair);
}

TEST(the_family_is_told_of_a_missed_dose_once_a_sync_has_told_what_became_of_it)
{
    struct ring ring;

    ring_begin(&ring);
    (void)care_pair_prescribe(&ring.pair, &ring.pair.phone);
    ring_sync(&ring);
    world_pass(&ring.pair.world, UNTIL_MISSED_US);
    CHECK_INT(infer(&ring.family), 0);
    device_sync_well(&ring.family.device);
    CHECK_INT(infer(&ring.family), 1);
    CHECK_INT(infer(&ring.doctor), 0);
    CHECK_TEXT(inbox(&ring.family, true), "family");
    CHECK(strstr(device_ask(&ring.family.device, rows), "a patient: a medicine") != NULL);
    CHECK_INT(unread(&ring.family), 1);
    device_run(&ring.pair.phone.device,
               "UPDATE dose_events SET status = 'TAKEN_LATE', taken_at = tern_now() "
               "WHERE local_date = '2025-11-20'");
    ring_sync(&ring);
    CHECK_TEXT(inbox(&ring.family, true), "family over");
    CHECK_INT(unread(&ring.family), 0);
    CHECK_TEXT(inbox(&ring.pair.phone, false), "");
    ring_end(&ring);
}

TEST(an_urgent_change_is_told_once_to_all_but_its_author_and_another_to_the_patient)
{
    struct ring ring;
    tern_id id;

    ring_begin(&ring);
    id = care_pair_prescribe(&ring.pair, &ring.pair.phone);
    ring_sync(&ring);
    ring.pair.prescription.is_urgent = true;
    ring.pair.prescription.urgent_reason = "interaction";
    care_ok(
        tern_prescription_edit(ring.doctor.care, &id, &ring.pair.prescription, "why", NULL, &error),
        &error);
    ring_sync(&ring);
    CHECK_INT(infer(&ring.pair.phone), 1);
    CHECK_INT(infer(&ring.pair.tablet), 1);
    CHECK_INT(infer(&ring.family), 1);
    CHECK_INT(infer(&ring.doctor), 0);
    ring_sync(&ring);
    CHECK_TEXT(inbox(&ring.pair.phone, true), "urgent");
    CHECK_TEXT(inbox(&ring.pair.tablet, true), "urgent");
    CHECK_TEXT(inbox(&ring.family, true), "urgent");
    CHECK_TEXT(device_ask(&ring.pair.phone.device, "SELECT message FROM notifications"),
               "interaction");
    CHECK_TEXT(device_ask(&ring.pair.phone.device, audited), "0");
    CHECK_TEXT(world_ask(&ring.pair.world, "SELECT count(*) FROM notifications"), "2");
    care_ok(tern_alerts_mark_read(ring.pair.phone.care, &error), &error);
    CHECK_TEXT(inbox(&ring.pair.phone, false), "urgent read");
    ring.pair.prescription.is_urgent = false;
    ring.pair.prescription.urgent_reason = NULL;
    care_ok(tern_prescription_edit(ring.doctor.care,
                                   &id,
                                   &ring.pair.prescription,
                                   "milder",
                                   NULL,
                                   &error),
            &error);
    ring_sync(&ring);
    world_pass(&ring.pair.world, 100 * MINUTE_US);
    CHECK_INT(infer(&ring.family), 0);
    CHECK_INT(infer(&ring.pair.tablet), 1);
    CHECK_TEXT(inbox(&ring.pair.tablet, true), "update late");
    ring_end(&ring);
}

/* The doctor ends what the patient, who has not heard of it, resumes. */
static tern_id overrule_an_end(struct ring *ring)
{
    tern_id id = care_pair_prescribe(&ring->pair, &ring->pair.phone);

    care_ok(tern_prescription_pause(ring->pair.phone.care, &id, &error), &error);
    ring_sync(ring);
    care_ok(tern_prescription_end(ring->doctor.care, &id, &error), &error);
    world_pass(&ring->pair.world, MINUTE_US);
    care_ok(tern_prescription_resume(ring->pair.phone.care, &id, &error), &error);
    return id;
}

TEST(an_end_that_one_who_had_not_heard_overruled_is_put_to_people)
{
    struct ring ring;
    tern_id id;

    ring_begin(&ring);
    id = overrule_an_end(&ring);
    ring_sync(&ring);
    CHECK_TEXT(device_ask(&ring.pair.tablet.device, "SELECT status FROM prescriptions"), "ACTIVE");
    CHECK_INT(infer(&ring.pair.phone), 1);
    CHECK_INT(infer(&ring.pair.tablet), 1);
    CHECK_INT(infer(&ring.doctor), 1);
    ring_sync(&ring);
    CHECK_TEXT(inbox(&ring.pair.phone, true), "urgent");
    CHECK_TEXT(inbox(&ring.pair.tablet, true), "urgent");
    CHECK_TEXT(inbox(&ring.doctor, true), "urgent");
    CHECK_INT(infer(&ring.pair.phone), 0);
    /* Who decides has heard of both. */
    care_ok(tern_prescription_end(ring.pair.tablet.care, &id, &error), &error);
    ring_sync(&ring);
    CHECK_TEXT(device_ask(&ring.doctor.device, "SELECT status FROM prescriptions"), "INACTIVE");
    CHECK_INT(infer(&ring.family), 0);
    ring_end(&ring);
}

/* "a" and 400 letters of three bytes: byte 1,023 falls inside one of them. */
TEST(a_reason_longer_than_an_alert_is_cut_at_a_whole_letter)
{
    enum { LETTERS = 400, TAKEN = 340 };
    struct ring ring;
    char reason[2 + 3 * LETTERS] = "a";
    char taken[2 + 3 * TAKEN];

    for (size_t i = 0; i < LETTERS; i++) {
        memcpy(reason + 1 + 3 * i, "ក", 4);
    }
    memcpy(taken, reason, sizeof(taken) - 1);
    taken[sizeof(taken) - 1] = '\0';
    ring_begin(&ring);
    ring.pair.prescription.is_urgent = true;
    ring.pair.prescription.urgent_reason = reason;
    (void)care_pair_prescribe(&ring.pair, &ring.doctor);
    ring_sync(&ring);
    CHECK_INT(infer(&ring.pair.phone), 1);
    CHECK_TEXT(device_ask(&ring.pair.phone.device, "SELECT message FROM notifications"), taken);
    ring_end(&ring);
}

#define EIGHT_DAYS_US (8 * 24 * 60 * MINUTE_US)

static tern_status
edit(struct ring *ring, const tern_id *id, const char *urgent_reason, const char *reason)
{
    ring->pair.prescription.is_urgent = urgent_reason != NULL;
    ring->pair.prescription.urgent_reason = urgent_reason;
    return tern_prescription_edit(ring->doctor.care,
                                  id,
                                  &ring->pair.prescription,
                                  reason,
                                  NULL,
                                  &error);
}

TEST(who_was_offline_for_more_than_a_week_is_told_of_an_urgent_change_once)
{
    struct ring ring;
    struct care_device fresh;
    tern_id urgent;
    tern_id other;

    ring_begin(&ring);
    urgent = care_pair_prescribe(&ring.pair, &ring.pair.phone);
    other = care_pair_prescribe(&ring.pair, &ring.pair.phone);
    ring_sync(&ring);
    care_ok(edit(&ring, &urgent, "interaction", "why"), &error);
    care_ok(edit(&ring, &other, NULL, "milder"), &error);
    device_sync_well(&ring.doctor.device);
    world_pass(&ring.pair.world, EIGHT_DAYS_US);
    device_run(&ring.pair.phone.device, "UPDATE dose_events SET status = 'SKIPPED'");
    CHECK_INT(infer(&ring.pair.phone), 0);
    device_sync_well(&ring.pair.phone.device);
    CHECK_INT(infer(&ring.pair.phone), 1);
    CHECK_TEXT(inbox(&ring.pair.phone, true), "urgent late");
    care_ok(tern_alerts_mark_read(ring.pair.phone.care, &error), &error);
    care_pair_sync(&ring.pair);
    CHECK_INT(infer(&ring.pair.tablet), 0);
    care_device_begin(&ring.pair.world, &fresh, "fresh", 'p');
    device_sync_well(&fresh.device);
    CHECK_INT(infer(&fresh), 0);
    CHECK_TEXT(inbox(&fresh, false), "urgent late read");
    care_device_end(&fresh);
    /* One who gets the record now hears of what is urgent in it. */
    device_sync_well(&ring.family.device);
    CHECK_INT(infer(&ring.family), 1);
    CHECK_TEXT(inbox(&ring.family, true), "urgent late");
    care_ok(edit(&ring, &urgent, NULL, "settled"), &error);
    ring_sync(&ring);
    CHECK_INT(infer(&ring.pair.tablet), 1);
    CHECK_TEXT(inbox(&ring.pair.tablet, true), "update");
    ring_end(&ring);
}

TEST(who_was_offline_for_more_than_a_week_is_asked_about_an_end_that_was_set_aside)
{
    struct ring ring;

    ring_begin(&ring);
    (void)overrule_an_end(&ring);
    care_pair_sync(&ring.pair);
    device_sync_well(&ring.doctor.device);
    world_pass(&ring.pair.world, EIGHT_DAYS_US);
    device_sync_well(&ring.pair.tablet.device);
    device_run(&ring.pair.tablet.device, "UPDATE dose_events SET status = 'SKIPPED'");
    CHECK_INT(infer(&ring.pair.tablet), 1);
    CHECK_TEXT(inbox(&ring.pair.tablet, true), "urgent late");
    CHECK_INT(infer(&ring.pair.tablet), 0);
    ring_end(&ring);
}

TEST(alerts_are_made_and_listed_in_bounded_steps)
{
    struct care_pair pair;
    tern_alert_cursor cursor = {.created_us = 0};
    uint32_t made = 0;
    uint32_t steps = 0;
    bool more = true;

    care_pair_begin(&pair);
    (void)care_pair_prescribe(&pair, &pair.phone);
    (void)care_pair_prescribe(&pair, &pair.phone);
    (void)care_pair_prescribe(&pair, &pair.phone);
    world_pass(&pair.world, UNTIL_MISSED_US);
    while (more) {
        care_ok(tern_alerts_infer(pair.phone.care, 2, &made, &more, &error), &error);
        CHECK(made <= 2 && ++steps < 4);
    }
    CHECK_INT(steps, 2);
    told[0] = '\0';
    care_ok(tern_alert_list(pair.phone.care, false, 2, &cursor, tell, NULL, &error), &error);
    CHECK_TEXT(told, "missed, missed");
    told[0] = '\0';
    care_ok(tern_alert_list(pair.phone.care, false, 2, &cursor, tell, NULL, &error), &error);
    CHECK_TEXT(told, "missed");
    CHECK_INT(tern_alerts_infer(pair.phone.care, 501, &made, &more, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_alert_list(pair.phone.care, false, 0, &cursor, tell, NULL, &error),
              TERN_ERR_MISUSE);
    care_pair_end(&pair);
}

TEST(one_who_is_not_known_here_yet_gets_no_alerts)
{
    struct care_pair pair;
    struct care_device stranger;

    care_pair_begin(&pair);
    care_device_begin(&pair.world, &stranger, "stranger", 's');
    CHECK_INT(tern_alerts_infer(stranger.care, 10, NULL, NULL, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PATIENT);
    care_device_end(&stranger);
    care_pair_end(&pair);
}

static int64_t went_well(tern_status status)
{
    if (status != TERN_OK && status != TERN_ERR_NOMEM && status != TERN_ERR_FORMAT) {
        fail_msg("%s: %s", tern_status_code(status), error.error.message);
    }
    return status == TERN_OK ? 1 : 0;
}

TEST(alerts_are_made_listed_and_marked_whole_or_not_at_all)
{
    tern_alert_cursor cursor = {.created_us = 0};
    uint32_t count = 0;
    uint32_t made = 0;
    int64_t total = 0;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-02 07:30");
    FOR_EACH_ALLOC_FAILURE (nth) {
        bool more = false;

        total += went_well(tern_alerts_infer(care, 10, &made, &more, &error)) != 0 ? made : 0;
    }
    CHECK_INT(total, 1);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM notifications"), 1);
    FOR_EACH_ALLOC_FAILURE (nth) {
        cursor.created_us = 0;
        told[0] = '\0';
        CHECK(went_well(tern_alert_list(care, true, 10, &cursor, tell, NULL, &error)) == 0 ||
              strcmp(told, "missed") == 0);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        CHECK(went_well(tern_alert_count(care, &count, &error)) == 0 || count == 1);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        (void)went_well(tern_alert_mark_read(care, &last, &error));
    }
    CHECK_INT(fixture_number(care_replica, "SELECT is_read FROM notifications"), 1);
    fixture_run(care_replica, "UPDATE notifications SET is_read = 0, read_at = NULL");
    FOR_EACH_ALLOC_FAILURE (nth) {
        (void)went_well(tern_alerts_mark_read(care, &error));
    }
    CHECK_INT(fixture_number(care_replica, "SELECT is_read FROM notifications"), 1);
    care_end();
}

TEST(an_alert_that_an_app_deleted_is_parked_where_one_who_had_not_heard_makes_it_again)
{
    struct care_pair pair;

    begin_missed(&pair);
    device_run(&pair.phone.device, "DELETE FROM notifications");
    CHECK_INT(infer(&pair.phone), 0);
    device_sync_well(&pair.phone.device);
    CHECK_INT(infer(&pair.tablet), 1);
    care_pair_sync(&pair);
    CHECK_TEXT(inbox(&pair.tablet, false), "");
    CHECK_INT(infer(&pair.tablet), 0);
    CHECK_INT(device_status(&pair.tablet.device).quarantined, 1);
    care_pair_end(&pair);
}

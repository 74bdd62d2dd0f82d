/* Quotas: the server's count, what was added since, and what is refused for want of room. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/message.h"
#include "tern/medication/quota.h"
#include "tests/medication/pair.h"

#define HOUR_US INT64_C(3600000000)
/* A prescription is measured by its texts before its entry is made, which is somewhat longer. */
#define ROUGHLY 2000

static tern_care_error error;

static tern_quota quota_of_row(struct care_device *device)
{
    tern_quota quota = {.size = sizeof(quota)};

    care_ok(tern_quota_read(device->care, NULL, &quota, &error), &error);
    return quota;
}

static tern_quota quota_of(struct care_device *device)
{
    tern_quota quota = quota_of_row(device);

    CHECK_INT(quota.used_bytes, quota.counted_bytes + quota.added_bytes);
    return quota;
}

/* The server's operator counts. */
static void count(struct care_pair *pair, const char *sql)
{
    static unsigned desks;
    struct device desk;
    char name[32];

    (void)snprintf(name, sizeof(name), "desk%u", desks++);
    device_begin(&pair->world, &desk, name, 'o');
    desk.power = TRN_POWER_OPERATOR;
    device_run(&desk, sql);
    device_sync_well(&desk);
    device_end(&desk);
    care_pair_sync(pair);
}

static void fill(struct care_pair *pair)
{
    count(pair,
          "INSERT INTO subscriptions(id, user_id, storage_used) "
          "VALUES(tern_key('subscriptions', @p), @p, 5368709120)");
}

TEST(without_a_subscription_there_is_room_as_of_freemium)
{
    struct care_pair pair;
    tern_quota quota;
    tern_id other = world_user('x');

    care_pair_begin(&pair);
    quota = quota_of(&pair.phone);
    CHECK_INT(quota.tier, TERN_TIER_FREEMIUM);
    CHECK_INT(quota.allowed_bytes, INT64_C(5368709120));
    CHECK_INT(quota.counted_bytes, 0);
    CHECK_INT(quota.counted_us, 0);
    CHECK(quota.added_bytes > 0);
    care_ok(tern_quota_read(pair.phone.care, &other, &quota, &error), &error);
    CHECK_INT(quota.used_bytes, 0);
    quota.size = 0;
    CHECK_INT(tern_quota_read(pair.phone.care, NULL, &quota, &error), TERN_ERR_MISUSE);
    care_pair_end(&pair);
}

TEST(what_was_written_since_the_count_is_used_whether_it_was_sent_or_not)
{
    struct care_pair pair;
    tern_quota before;
    tern_quota quota;

    care_pair_begin(&pair);
    (void)care_pair_prescribe(&pair, &pair.phone);
    care_pair_sync(&pair);
    world_pass(&pair.world, HOUR_US);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, tier, storage_quota, storage_used) "
          "VALUES(tern_key('subscriptions', @p), @p, 'PREMIUM', 21474836480, 70000)");
    quota = quota_of(&pair.phone);
    CHECK_INT(quota.tier, TERN_TIER_PREMIUM);
    CHECK_INT(quota.allowed_bytes, INT64_C(21474836480));
    CHECK_INT(quota.counted_bytes, 70000);
    CHECK_INT(quota.added_bytes, 0);
    world_pass(&pair.world, HOUR_US);
    (void)care_pair_prescribe(&pair, &pair.phone);
    before = quota_of(&pair.phone);
    CHECK(before.added_bytes > 500);
    care_pair_sync(&pair);
    quota = quota_of(&pair.phone);
    CHECK(quota.added_bytes > 0); /* an entry is kept packed once it was sent */
    CHECK_INT(quota_of(&pair.tablet).added_bytes, 0);
    world_pass(&pair.world, HOUR_US);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, tier, storage_quota, storage_used) "
          "VALUES(tern_key('subscriptions', @p), @p, 'PREMIUM', 21474836480, 90000)");
    quota = quota_of(&pair.phone);
    CHECK_INT(quota.used_bytes, 90000);
    care_pair_end(&pair);
}

/* The operator's program writes what it has of the row, and another tier. */
static void change_tier(struct care_pair *pair, const char *tier)
{
    char sql[300];

    (void)snprintf(sql,
                   sizeof(sql),
                   "INSERT INTO subscriptions(id, user_id, tier, storage_quota, storage_used, "
                   "counted_at) VALUES(tern_key('subscriptions', @p), @p, '%s', 21474836480, "
                   "70000, %s)",
                   tier,
                   device_ask(&pair->phone.device, "SELECT counted_at FROM subscriptions"));
    count(pair, sql);
}

TEST(another_tier_without_a_count_forgets_nothing_of_what_was_written_since_the_count)
{
    struct care_pair pair;
    tern_quota before;
    tern_quota quota;

    care_pair_begin(&pair);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, tier, storage_quota, storage_used, counted_at) "
          "VALUES(tern_key('subscriptions', @p), @p, 'PREMIUM', 21474836480, 70000, tern_now())");
    world_pass(&pair.world, HOUR_US);
    (void)care_pair_prescribe(&pair, &pair.phone);
    care_pair_sync(&pair);
    before = quota_of(&pair.phone);
    CHECK(before.added_bytes > 0);
    CHECK(before.counted_us > 0);
    world_pass(&pair.world, HOUR_US);
    change_tier(&pair, "FAMILY_PREMIUM");
    quota = quota_of(&pair.phone);
    CHECK_INT(quota.tier, TERN_TIER_FAMILY_PREMIUM);
    CHECK_INT(quota.counted_us, before.counted_us);
    CHECK_INT(quota.used_bytes, before.used_bytes);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, tier, storage_quota, storage_used, counted_at) "
          "VALUES(tern_key('subscriptions', @p), @p, 'PREMIUM', 21474836480, 90000, tern_now())");
    quota = quota_of(&pair.phone);
    CHECK_INT(quota.used_bytes, 90000);
    care_pair_end(&pair);
}

TEST(past_the_quota_a_prescription_is_refused_clearly_and_nothing_changes)
{
    const tern_locale english = {.size = sizeof(english), .language = TERN_ENGLISH};
    const tern_locale khmer = {.size = sizeof(khmer), .language = TERN_KHMER};
    struct care_pair pair;
    char said[300];
    tern_id made;
    tern_id id;

    care_pair_begin(&pair);
    id = care_pair_prescribe(&pair, &pair.phone);
    fill(&pair);
    CHECK_INT(tern_prescription_create(pair.phone.care, &pair.prescription, NULL, &made, &error),
              TERN_ERR_TOO_LARGE);
    CHECK_INT(error.problem, TERN_PROBLEM_QUOTA);
    CHECK_INT(error.second, INT64_C(5368709120));
    CHECK(tern_say_problem(&english, &error, said, sizeof(said)) > 0);
    CHECK_TEXT(said, "The storage is full: 5.0 GB of 5.0 GB are used.");
    CHECK(tern_say_problem(&khmer, &error, said, sizeof(said)) > 0);
    pair.prescription.symptoms = "others";
    world_pass(&pair.world, 48 * HOUR_US);
    CHECK_INT(tern_prescription_edit(pair.phone.care, &id, &pair.prescription, "why", NULL, &error),
              TERN_ERR_TOO_LARGE);
    CHECK_INT(error.problem, TERN_PROBLEM_QUOTA);
    CHECK_TEXT(device_ask(&pair.phone.device,
                          "SELECT count(*), max(current_version), max(symptoms) FROM "
                          "prescriptions"),
               "1,1,null");
    CHECK_TEXT(device_ask(&pair.phone.device, "SELECT count(*) FROM prescription_versions"), "1");
    CHECK_TEXT(device_ask(&pair.phone.device, "SELECT count(*) FROM audit_logs"), "2");
    CHECK_TEXT(device_ask(&pair.phone.device, "SELECT count(*) FROM medications"), "1");
    CHECK_TEXT(
        device_ask(&pair.phone.device, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
        "0");
    care_pair_end(&pair);
}

TEST(past_the_quota_an_ended_prescription_is_not_taken_up_again)
{
    struct care_pair pair;
    tern_id made;
    tern_id id;

    care_pair_begin(&pair);
    id = care_pair_prescribe(&pair, &pair.phone);
    care_ok(tern_prescription_end(pair.phone.care, &id, &error), &error);
    care_ok(tern_prescription_retake(pair.phone.care, &id, NULL, NULL, NULL, &made, &error),
            &error);
    fill(&pair);
    CHECK_INT(tern_prescription_retake(pair.phone.care, &id, NULL, NULL, NULL, &made, &error),
              TERN_ERR_TOO_LARGE);
    CHECK_INT(error.problem, TERN_PROBLEM_QUOTA);
    CHECK_TEXT(device_ask(&pair.phone.device, "SELECT count(*) FROM prescriptions"), "2");
    CHECK_TEXT(device_ask(&pair.phone.device, "SELECT count(*) FROM medications"), "2");
    care_pair_end(&pair);
}

TEST(a_full_storage_holds_up_no_dose_and_nothing_urgent)
{
    const char *const key = "SELECT quote(id) FROM dose_events WHERE local_date = '2025-11-20'";
    struct care_pair pair;
    tern_id medication = {{0}};
    tern_id dose = {{0}};
    tern_dose_act act = {.size = sizeof(act), .insist = true};
    tern_id id;

    care_pair_begin(&pair);
    id = care_pair_prescribe(&pair, &pair.phone);
    fill(&pair);
    dose = care_pair_id(&pair.phone, key);
    care_ok(tern_dose_take(pair.phone.care, &dose, &act, NULL, &error), &error);
    care_ok(tern_dose_undo(pair.phone.care, &dose, &error), &error);
    care_ok(tern_dose_skip(pair.phone.care, &dose, "why", false, &error), &error);
    care_ok(tern_schedule_generate(pair.phone.care, NULL, NULL, &error), &error);
    care_ok(tern_prescription_pause(pair.phone.care, &id, &error), &error);
    care_ok(tern_prescription_resume(pair.phone.care, &id, &error), &error);
    care_ok(tern_settings_set_theme(pair.phone.care, TERN_THEME_DARK, &error), &error);
    pair.prescription.is_urgent = true;
    pair.prescription.urgent_reason = "interaction";
    pair.medicine.is_prn = true;
    pair.medicine.morning_dosage = NULL;
    pair.medicine.night_dosage = NULL;
    care_ok(tern_prescription_edit(pair.phone.care, &id, &pair.prescription, "why", NULL, &error),
            &error);
    medication =
        care_pair_id(&pair.phone, "SELECT quote(id) FROM medications WHERE deleted_at IS NULL");
    care_ok(tern_dose_take_prn(pair.phone.care, &medication, NULL, NULL, &error), &error);
    care_ok(tern_prescription_end(pair.phone.care, &id, &error), &error);
    care_pair_sync(&pair);
    CHECK_INT(device_status(&pair.phone.device).quarantined, 0);
    care_pair_end(&pair);
}

/* How many prescriptions go in until one is refused. */
static unsigned prescribe_until_refused(struct care_pair *pair, struct care_device *device)
{
    unsigned made = 0;
    tern_id id;

    while (tern_prescription_create(device->care, &pair->prescription, NULL, &id, &error) ==
           TERN_OK) {
        CHECK(++made < 100);
    }
    CHECK_INT(error.problem, TERN_PROBLEM_QUOTA);
    return made;
}

TEST(two_devices_that_each_fill_the_room_offline_keep_all_of_it_and_are_refused_from_then_on)
{
    struct care_pair pair;
    char made[16];
    unsigned both;

    care_pair_begin(&pair);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, storage_quota, storage_used) "
          "VALUES(tern_key('subscriptions', @p), @p, 1000000, 990000)");
    world_pass(&pair.world, HOUR_US);
    both = prescribe_until_refused(&pair, &pair.phone);
    CHECK(both > 1);
    CHECK_INT(prescribe_until_refused(&pair, &pair.tablet), both);
    CHECK(quota_of(&pair.phone).used_bytes < 1000000 + ROUGHLY);
    CHECK(quota_of(&pair.tablet).used_bytes < 1000000 + ROUGHLY);
    care_pair_sync(&pair);
    care_pair_sync(&pair);
    (void)snprintf(made, sizeof(made), "%u", 2 * both);
    CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM prescriptions"), made);
    CHECK_TEXT(device_ask(&pair.phone.device, "SELECT count(*) FROM prescriptions"), made);
    CHECK_TEXT(device_ask(&pair.tablet.device, "SELECT count(*) FROM prescriptions"), made);
    CHECK_INT(device_status(&pair.phone.device).quarantined, 0);
    CHECK_INT(device_status(&pair.tablet.device).quarantined, 0);
    world_pass(&pair.world, HOUR_US);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, storage_quota, storage_used) "
          "VALUES(tern_key('subscriptions', @p), @p, 1000000, 1008000)");
    CHECK_INT(quota_of(&pair.tablet).used_bytes, 1008000); /* past it, and told */
    CHECK_INT(prescribe_until_refused(&pair, &pair.phone), 0);
    CHECK_INT(prescribe_until_refused(&pair, &pair.tablet), 0);
    care_pair_end(&pair);
}

TEST(no_device_writes_the_count_of_the_server)
{
    struct care_pair pair;

    care_pair_begin(&pair);
    fill(&pair);
    (void)device_try(&pair.phone.device, "UPDATE subscriptions SET storage_used = 0");
    world_pass(&pair.world, HOUR_US);
    (void)device_try(&pair.tablet.device, "UPDATE subscriptions SET storage_quota = 9");
    care_pair_sync(&pair);
    care_pair_sync(&pair);
    CHECK_INT(quota_of(&pair.phone).counted_bytes, INT64_C(5368709120));
    CHECK_INT(quota_of(&pair.tablet).counted_bytes, INT64_C(5368709120));
    CHECK_INT(quota_of(&pair.tablet).allowed_bytes, INT64_C(5368709120));
    care_pair_end(&pair);
}

TEST(a_count_at_the_end_of_numbers_leaves_no_room)
{
    struct care_pair pair;
    tern_id id;

    care_pair_begin(&pair);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, storage_quota, storage_used, counted_at) "
          "VALUES(tern_key('subscriptions', @p), @p, 9223372036854775807, 9223372036854775807, 0)");
    CHECK(quota_of_row(&pair.phone).added_bytes > 0);
    CHECK_INT(quota_of_row(&pair.phone).used_bytes, INT64_MAX);
    CHECK_INT(tern_prescription_create(pair.phone.care, &pair.prescription, NULL, &id, &error),
              TERN_ERR_TOO_LARGE);
    CHECK_INT(error.problem, TERN_PROBLEM_QUOTA);
    care_pair_end(&pair);
}

TEST(what_has_expired_allows_as_much_as_freemium)
{
    struct care_pair pair;
    tern_quota quota;

    care_pair_begin(&pair);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, tier, storage_quota, expires_at) "
          "VALUES(tern_key('subscriptions', @p), @p, 'PREMIUM', 21474836480, "
          "tern_now() + 3600000000)");
    quota = quota_of(&pair.phone);
    CHECK(!quota.is_expired && quota.expires_us > 0);
    CHECK_INT(quota.allowed_bytes, INT64_C(21474836480));
    world_pass(&pair.world, 2 * HOUR_US);
    quota = quota_of(&pair.phone);
    CHECK(quota.is_expired);
    CHECK_INT(quota.allowed_bytes, INT64_C(5368709120));
    care_pair_end(&pair);
}

TEST(a_member_has_the_room_of_the_family)
{
    struct care_pair pair;
    tern_quota quota;

    care_pair_begin(&pair);
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, tier, storage_quota, storage_used) "
          "VALUES(tern_key('subscriptions', @p), @p, 'FREEMIUM', 5368709120, 5368709120)");
    CHECK(!quota_of(&pair.phone).is_shared);
    count(&pair, "INSERT INTO users(id, role) VALUES(@m, 'PATIENT')");
    count(&pair,
          "INSERT INTO subscriptions(id, user_id, tier, storage_quota) "
          "VALUES(tern_key('subscriptions', @m), @m, 'FAMILY_PREMIUM', 21474836480)");
    count(&pair,
          "INSERT INTO family_members(id, subscription_id, member_id, added_at) "
          "VALUES(tern_key('family_members', tern_key('subscriptions', @m), @p), "
          "tern_key('subscriptions', @m), @p, tern_now())");
    quota = quota_of(&pair.phone);
    CHECK(quota.is_shared);
    CHECK_INT(quota.tier, TERN_TIER_FAMILY_PREMIUM);
    CHECK_INT(quota.allowed_bytes, INT64_C(21474836480));
    care_pair_end(&pair);
}

TEST(a_quota_is_read_whole_or_not_at_all)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_quota quota = {.size = sizeof(quota)};
        tern_status status = tern_quota_read(care, NULL, &quota, &error);

        CHECK(status == TERN_OK ? quota.added_bytes > 0
                                : status == TERN_ERR_NOMEM && quota.allowed_bytes == 0);
    }
    care_end();
}

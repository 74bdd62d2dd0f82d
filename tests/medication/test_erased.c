/* Of a person whose record is erased adherence and reminders keep nothing, nor does what names them
 * in others' records. */
#include "tern/medication/adherence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tern/medication/alert.h"
#include "tern/medication/reminder.h"
#include "tests/medication/fixture.h"
#include "tests/medication/pair.h"

#define DAY_US (INT64_C(86400) * 1000000)

static const char about_patient[] =
    "SELECT count(*) FROM notifications WHERE type = 'FAMILY_ALERT' AND message LIKE 'a patient%'";

static tern_care_error error;

static bool count_sum(void *context, const tern_adherence *sum)
{
    *(int64_t *)context += sum->scheduled;
    return true;
}

static bool count_cancelled(void *context, const tern_reminder *reminder)
{
    *(int *)context += reminder->is_cancelled ? 1 : 0;
    return true;
}

static void begin(struct world *world, struct device *phone)
{
    const tern_care_options options = {.size = sizeof(options), .zones = care_zones()};
    size_t size = 0;
    const char *text = fixture_document(&size);
    char *document = calloc(1, size + 1);

    CHECK(document != NULL);
    memcpy(document, text, size);
    world_begin(world);
    world_found(world, document);
    free(document);
    device_begin(world, phone, "phone", 'p');
    phone->power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(phone, "INSERT INTO users(id, role) VALUES(@p, 'PATIENT')");
    care_replica = phone->replica;
    care_ok(tern_care_open(care_replica, &options, &care, &error), &error);
}

static void prescribe(struct device *phone)
{
    const tern_medicine medicine = {.name = "a medicine",
                                    .morning_dosage = "{\"amount\":1,\"before_meal\":true}"};
    const tern_prescription prescription = {.size = sizeof(prescription),
                                            .patient = phone->user,
                                            .patient_name = "a patient",
                                            .patient_age = -1,
                                            .start_date = "2025-11-01",
                                            .medicines = &medicine,
                                            .medicine_count = 1};
    tern_id id;

    care_ok(tern_prescription_create(care, &prescription, NULL, &id, &error), &error);
    care_ok(tern_prescription_activate(care, &id, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
}

static int64_t rows_of(const char *table)
{
    char sql[80];

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
    return fixture_number(care_replica, sql);
}

static int64_t read_sums(void)
{
    int64_t scheduled = 0;

    care_ok(tern_adherence_read(care, NULL, count_sum, &scheduled, NULL, &error), &error);
    return scheduled;
}

TEST(sums_of_an_erased_person_go_with_the_next_read_and_reminders_are_cancelled)
{
    static const char *const tables[] = {"care_day",
                                         "care_total",
                                         "care_month",
                                         "care_date",
                                         "care_again"};
    struct world world;
    struct device phone;
    int64_t cursor = 0;
    int cancelled = 0;
    bool all = false;

    begin(&world, &phone);
    prescribe(&phone);
    world_pass(&world, 5 * DAY_US);
    CHECK_INT(read_sums(), 5);
    care_ok(tern_reminders_read(care, NULL, &cursor, count_cancelled, &cancelled, &all, &error),
            &error);
    CHECK_INT(cancelled, 0);
    device_sync_well(&phone);
    world_erase(&world, 'p');
    world_pass(&world, 1000000);
    device_sync_well(&phone);
    CHECK_INT(rows_of("dose_events"), 0);
    CHECK_INT(read_sums(), 0);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        CHECK_INT(rows_of(tables[i]), 0);
    }
    CHECK_INT(rows_of("tern_noted"), 0);
    care_ok(tern_reminders_read(care, NULL, &cursor, count_cancelled, &cancelled, &all, &error),
            &error);
    CHECK(cancelled > 20);
    world_pass(&world, 31 * DAY_US);
    care_ok(tern_reminders_read(care, NULL, &cursor, count_cancelled, &cancelled, &all, &error),
            &error);
    CHECK_INT(rows_of("care_listed"), 0);
    tern_care_close(care);
    device_end(&phone);
    world_end(&world);
}

/* ---- What names them in others' records ---- */

static uint32_t infer_alerts(struct care_device *device)
{
    uint32_t made = 0;

    care_ok(tern_alerts_infer(device->care, 10, &made, NULL, &error), &error);
    return made;
}

/* A patient with a dose that was missed, and two devices of a family member, who are told of it;
 * one of them has not said so. */
struct family {
    struct care_pair pair;
    struct care_device home;
    struct care_device away;
};

static void begin_family(struct family *family)
{
    struct care_pair *pair = &family->pair;

    care_pair_begin(pair);
    care_pair_open_to(pair, 'f', "FAMILY_MEMBER");
    care_device_begin(&pair->world, &family->home, "home", 'f');
    care_device_begin(&pair->world, &family->away, "away", 'f');
    (void)care_pair_prescribe(pair, &pair->phone);
    care_pair_sync(pair);
    world_pass(&pair->world, INT64_C(670) * 60 * 1000000);
    device_sync_well(&family->home.device);
    device_sync_well(&family->away.device);
    CHECK(infer_alerts(&family->home) > 0);
    CHECK(infer_alerts(&family->away) > 0);
    CHECK(infer_alerts(&pair->phone) > 0);
    care_pair_sync(pair);
    device_sync_well(&family->home.device);
    CHECK_TEXT(world_ask(&pair->world, about_patient), "1");
    CHECK_TEXT(device_ask(&family->home.device, about_patient), "1");
}

static void end_family(struct family *family)
{
    care_device_end(&family->home);
    care_device_end(&family->away);
    care_pair_end(&family->pair);
}

TEST(an_alert_about_an_erased_person_leaves_the_familys_record_and_their_devices)
{
    struct family family;
    struct world *world = &family.pair.world;

    begin_family(&family);
    world_erase(world, 'p');
    world_pass(world, 1000000);
    CHECK_TEXT(world_ask(world, "SELECT count(*) FROM notifications"), "0");
    CHECK_TEXT(world_ask(world,
                         "SELECT count(*) FROM tern_entry WHERE instr(body, 'a patient') > 0 OR "
                         "instr(body, 'FAMILY_ALERT') > 0"),
               "0");
    device_sync_well(&family.home.device);
    CHECK_TEXT(device_ask(&family.home.device, "SELECT count(*) FROM notifications"), "0");
    CHECK_TEXT(device_ask(&family.home.device, "SELECT count(*) FROM tern_outbox"), "0");
    CHECK_TEXT(device_ask(&family.home.device, "SELECT count(*) FROM tern_body"), "0");
    end_family(&family);
}

TEST(an_alert_that_comes_after_the_erasure_is_refused_and_shown_to_nobody)
{
    struct family family;
    struct world *world = &family.pair.world;

    begin_family(&family);
    world_erase(world, 'p');
    world_pass(world, 1000000);
    device_sync_well(&family.away.device);
    CHECK_TEXT(world_ask(world, "SELECT count(*) FROM notifications"), "0");
    CHECK_TEXT(world_ask(world,
                         "SELECT coalesce(max(length(body)), 0) FROM tern_entry WHERE "
                         "verdict <> 0"),
               "0");
    CHECK_TEXT(device_ask(&family.away.device, "SELECT count(*) FROM notifications"), "0");
    CHECK_INT(device_status(&family.away.device).locked, 1);
    device_sync_well(&family.home.device);
    CHECK_TEXT(device_ask(&family.home.device, "SELECT count(*) FROM notifications"), "0");
    end_family(&family);
}

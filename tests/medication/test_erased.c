/* Of a person whose record is erased, adherence and reminders keep nothing once they are read. */
#include "tern/medication/adherence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tern/medication/reminder.h"
#include "tests/medication/fixture.h"
#include "tests/sim/world.h"

#define DAY_US (INT64_C(86400) * 1000000)

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
    static const char *const tables[] = {"care_day", "care_total", "care_month", "care_again"};
    struct world world;
    struct device phone;
    int64_t cursor = 0;
    int cancelled = 0;

    begin(&world, &phone);
    prescribe(&phone);
    world_pass(&world, 5 * DAY_US);
    CHECK_INT(read_sums(), 5);
    care_ok(tern_reminders_read(care, NULL, &cursor, count_cancelled, &cancelled, &error), &error);
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
    care_ok(tern_reminders_read(care, NULL, &cursor, count_cancelled, &cancelled, &error), &error);
    CHECK(cancelled > 20);
    world_pass(&world, 31 * DAY_US);
    care_ok(tern_reminders_read(care, NULL, &cursor, count_cancelled, &cancelled, &error), &error);
    CHECK_INT(rows_of("care_reminder"), 0);
    tern_care_close(care);
    device_end(&phone);
    world_end(&world);
}

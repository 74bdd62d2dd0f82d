/* Set up and taken down. */
#include "tests/medication/pair.h"

#include <stdio.h>
#include <string.h>

#include "tests/medication/fixture.h"

void care_device_begin(struct world *world, struct care_device *device, const char *name, char user)
{
    tern_care_options options = {.size = sizeof(options), .zones = care_zones()};
    tern_care_error error;

    device_begin(world, &device->device, name, user);
    care_ok(tern_care_open(device->device.replica, &options, &device->care, &error), &error);
}

void care_device_end(struct care_device *device)
{
    tern_care_close(device->care);
    device_end(&device->device);
}

void care_pair_begin(struct care_pair *pair)
{
    size_t size;

    world_begin(&pair->world);
    world_found(&pair->world, fixture_document(&size));
    care_device_begin(&pair->world, &pair->phone, "phone", 'p');
    care_device_begin(&pair->world, &pair->tablet, "tablet", 'p');
    device_run(&pair->phone.device, "INSERT INTO users(id, role) VALUES(@p, 'PATIENT')");
    care_pair_sync(pair);
    pair->medicine = (tern_medicine){.name = "a medicine",
                                     .morning_dosage = "{\"amount\":1,\"before_meal\":true}",
                                     .night_dosage = "{\"amount\":2,\"before_meal\":false}"};
    pair->prescription = (tern_prescription){.size = sizeof(pair->prescription),
                                             .patient = world_user('p'),
                                             .patient_name = "a patient",
                                             .patient_age = -1,
                                             .start_date = "2025-11-20",
                                             .medicines = &pair->medicine,
                                             .medicine_count = 1};
}

void care_pair_end(struct care_pair *pair)
{
    care_device_end(&pair->phone);
    care_device_end(&pair->tablet);
    world_end(&pair->world);
    care_zones_end();
}

void care_pair_sync(struct care_pair *pair)
{
    for (int i = 0; i < 2; i++) {
        device_sync_well(&pair->phone.device);
        world_pass(&pair->world, 1000000);
        device_sync_well(&pair->tablet.device);
        world_pass(&pair->world, 1000000);
    }
}

void care_pair_open_to(struct care_pair *pair, char user, const char *role)
{
    struct device desk;
    char sql[400];

    device_begin(&pair->world, &desk, user == 'd' ? "desk" : "other-desk", 'o');
    desk.power = TRN_POWER_OPERATOR;
    (void)snprintf(sql, sizeof(sql), "INSERT INTO users(id, role) VALUES(@%c, '%s')", user, role);
    device_run(&desk, sql);
    (void)snprintf(sql,
                   sizeof(sql),
                   "INSERT INTO connections(id, initiator_id, recipient_id, status, requested_at) "
                   "VALUES(tern_key('connections', @p, @%c), @p, @%c, 'ACCEPTED', tern_now())",
                   user,
                   user);
    device_run(&desk, sql);
    device_sync_well(&desk);
    device_end(&desk);
}

tern_id care_pair_id(struct care_device *device, const char *sql)
{
    const char *hex = device_ask(&device->device, sql);
    tern_id id = {{0}};

    assert_true(strlen(hex) >= 2 + 2 * sizeof(id.bytes));
    for (size_t i = 0; i < sizeof(id.bytes); i++) {
        unsigned byte = 0;

        assert_int_equal(sscanf(hex + 2 + 2 * i, "%2x", &byte), 1);
        id.bytes[i] = (uint8_t)byte;
    }
    return id;
}

tern_id care_pair_prescribe(struct care_pair *pair, struct care_device *author)
{
    tern_care_error error;
    tern_id id = {{0}};

    care_ok(tern_prescription_create(author->care, &pair->prescription, NULL, &id, &error), &error);
    care_ok(tern_prescription_activate(author->care, &id, &error), &error);
    care_ok(tern_schedule_generate(author->care, NULL, NULL, &error), &error);
    return id;
}

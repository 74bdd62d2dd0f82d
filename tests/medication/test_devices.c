/* People of the real data with two devices and a server: adherence on the phone, from which rows
 * leave by their window, is what a second reckoning makes of the desk's rows, which has them all.
 */
#include "tests/medication/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tests/medication/lives.h"
#include "tests/medication/reckoning.h"
#include "tests/sim/disk.h"
#include "tests/sim/world.h"

/* Fewer, where a sanitizer looks on. */
enum { EVERY = TERN_TEST_SANITIZED ? 160 : 40, ROUNDS = 14, WRITES_MAX = 60 };

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)

static tern_care_error error;

struct home {
    struct world world;
    struct device phone;
    struct device desk;
    char *whole; /* the document without windows */
    tern_care *phone_care;
    tern_care *desk_care;
    struct life life;
    size_t cuts; /* that struck */
};

/* ---- The home ---- */

/* The document of Das Tern, with its windows or without; to be freed. */
static char *read_document(bool with_windows)
{
    size_t size = 0;
    const char *text = fixture_document(&size);
    json_t *root = json_loadb(text, size, 0, NULL);
    json_t *table = NULL;
    size_t i;
    char *out;

    json_array_foreach(json_object_get(root, "tables"), i, table)
    {
        if (!with_windows) {
            (void)json_object_del(table, "window");
        }
    }
    out = json_dumps(root, JSON_COMPACT);
    CHECK(out != NULL);
    json_decref(root);
    return out;
}

static tern_care *open_care(const struct device *device)
{
    const tern_care_options options = {.size = sizeof(options), .zones = care_zones()};
    tern_care *opened = NULL;

    care_ok(tern_care_open(device->replica, &options, &opened, &error), &error);
    return opened;
}

static void use_phone(struct home *home)
{
    care_replica = home->phone.replica;
    care = home->phone_care;
}

static void use_desk(struct home *home)
{
    care_replica = home->desk.replica;
    care = home->desk_care;
}

static void begin_device(struct home *home,
                         struct device *device,
                         const char *name,
                         const char *document,
                         const char *vfs)
{
    device_begin(&home->world, device, name, 'p');
    device_close(device);
    CHECK_INT(remove(device->path), 0);
    device->user = home->life.patient;
    device->power = TRN_POWER_OPERATOR; /* lets them bring what was prescribed */
    device->document = document;
    device->vfs = vfs;
    device_open(device);
}

static void begin(struct home *home, size_t number)
{
    char *document = read_document(true);

    memset(home, 0, sizeof(*home));
    home->life = (struct life){.seed = number,
                               .state = number * 104729 + 3,
                               .patient = people_id(number),
                               .leaves_none_due = true};
    world_begin(&home->world);
    world_found(&home->world, document);
    free(document);
    home->whole = read_document(false);
    disk_begin(false);
    begin_device(home, &home->phone, "phone", NULL, DISK_VFS);
    begin_device(home, &home->desk, "desk", home->whole, fixture_vfs());
    home->phone_care = open_care(&home->phone);
    home->desk_care = open_care(&home->desk);
    people_put(number, home->phone.replica);
    device_run(&home->phone, "UPDATE prescriptions SET status = 'ACTIVE'");
}

static void end(struct home *home)
{
    reckoning_rows = NULL;
    tern_care_close(home->phone_care);
    tern_care_close(home->desk_care);
    device_end(&home->phone);
    device_end(&home->desk);
    disk_end();
    world_end(&home->world);
    free(home->whole);
}

/* ---- Days ---- */

static void act(struct home *home)
{
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    for (int i = 0; i < 6; i++) {
        life_act_on_dose(&home->life);
    }
    if (life_roll(&home->life, 3) == 0) {
        life_act_on_prescription(&home->life);
    }
    if (life_roll(&home->life, 5) == 0) {
        life_act_on_settings(&home->life);
    }
}

static bool count_sum(void *context, const tern_adherence *sum)
{
    *(int64_t *)context += sum->scheduled;
    return true;
}

/* The phone loses its power in the midst of summing, and begins again. */
static void read_through_a_cut(struct home *home)
{
    int64_t scheduled = 0;
    tern_status status;

    disk_settle();
    disk_cut_at(1 + life_roll(&home->life, WRITES_MAX));
    status = tern_adherence_read(home->phone_care, NULL, count_sum, &scheduled, NULL, &error);
    CHECK(status == TERN_OK || disk_is_cut());
    home->cuts += status != TERN_OK;
    tern_care_close(home->phone_care);
    device_close(&home->phone);
    disk_restore();
    device_open(&home->phone);
    home->phone_care = open_care(&home->phone);
}

/* What the server's job does, too: a DUE dose would cease to count on the desk once the phone,
 * which has its row no more, has changed its prescription. One that was taken back stays DUE by a
 * person's word; so there is none here. */
static void store_missed(struct home *home)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    bool more = true;

    while (more) {
        care_ok(tern_doses_infer_missed(home->desk_care, NULL, 500, &cursor, NULL, &more, &error),
                &error);
    }
}

static void sync_all(struct home *home)
{
    device_sync_well(&home->phone);
    world_pass(&home->world, 1000000);
    device_sync_well(&home->desk);
    world_pass(&home->world, 1000000);
    device_sync_well(&home->phone);
}

static void live_ten_days(struct home *home)
{
    for (int day = 0; day < 10; day++) {
        if (day % 4 == 0) {
            use_phone(home);
            act(home);
        } else if (day % 4 == 2) {
            use_desk(home);
            act(home);
        }
        world_pass(&home->world, DAY_US - life_roll(&home->life, 180) * (HOUR_US / 60));
    }
    read_through_a_cut(home);
    store_missed(home);
    sync_all(home);
    use_phone(home);
    reckoning_rows = home->desk.replica;
    life_compare(&home->life, "2025-11-01");
    reckoning_rows = NULL;
    use_desk(home);
    life_compare(&home->life, "2025-12-31");
}

static int64_t count_rows(const struct device *device)
{
    return fixture_number(device->replica, "SELECT count(*) FROM dose_events");
}

TEST(adherence_outlives_syncs_lost_power_and_rows_that_leave)
{
    int64_t left = 0;
    size_t cuts = 0;

    people_read();
    for (size_t i = 5; i < PEOPLE; i += EVERY) {
        struct home home;

        begin(&home, i);
        sync_all(&home);
        for (int round = 0; round < ROUNDS; round++) {
            live_ten_days(&home);
        }
        cuts += home.cuts;
        left += count_rows(&home.desk) - count_rows(&home.phone);
        end(&home);
    }
    print_message("%lld rows left, power was cut %zu times\n", (long long)left, cuts);
    CHECK(left > 0 && cuts > 0);
}

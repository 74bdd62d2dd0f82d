/* Following: what a sync brings, changes and takes away is noted like what the app does. */
#include "tern/follow.h"

#include "tests/sim/world.h"

#include <string.h>

static void follow(struct device *device)
{
    tern_tx *tx = NULL;
    tern_error error = {0};

    CHECK_INT(tern_tx_begin(device->replica, NULL, &tx, &error), TERN_OK);
    CHECK_INT(tern_tx_follow(tx, "notes", "notes", "owner_id", "id", &error), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, &error), TERN_OK);
}

static void expect_noted(struct device *device, const char *count)
{
    CHECK_TEXT(device_ask(device, "SELECT count(*) FROM tern_noted"), count);
    device_run(device, "DELETE FROM tern_noted");
}

TEST(what_a_sync_writes_is_noted)
{
    struct world world;
    struct device phone;
    struct device tablet;

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_begin(&world, &tablet, "tablet", 'p');
    follow(&tablet);
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'a')");
    device_run(&phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 'b')");
    device_sync_well(&phone);
    expect_noted(&tablet, "0");
    device_sync_well(&tablet);
    expect_noted(&tablet, "2");
    device_sync_well(&tablet);
    expect_noted(&tablet, "0");
    device_run(&phone, "UPDATE notes SET title = 'c' WHERE title = 'a'");
    device_sync_well(&phone);
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT title FROM notes JOIN tern_noted ON id = second"), "c");
    expect_noted(&tablet, "1");
    world_erase(&world, 'p');
    (void)device_sync(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT count(*) FROM notes"), "0");
    expect_noted(&tablet, "2");
    device_end(&tablet);
    device_end(&phone);
    world_end(&world);
}

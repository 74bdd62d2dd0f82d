/* Servers that come back from a backup, and replicas whose copy is alive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)

static void copy_file(const char *from, const char *to)
{
    char buffer[4096];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    size_t size;

    CHECK(in != NULL && out != NULL);
    while ((size = fread(buffer, 1, sizeof buffer, in)) > 0) {
        CHECK(fwrite(buffer, 1, size, out) == size);
    }
    CHECK(fclose(in) == 0 && fclose(out) == 0);
}

TEST(what_a_restored_server_has_lost_is_offered_again)
{
    struct world world;
    struct device phone;
    struct device tablet;

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'Sok')");
    device_sync_well(&phone);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    device_run(&phone, "UPDATE users SET name = 'after the backup'");
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'after the "
               "backup')");
    device_sync_well(&phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'pending')");
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT name FROM users"), "after the backup");
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY place"),
               "after the backup;pending");
    CHECK_INT(device_status(&phone).pending, 0);
    device_begin(&world, &tablet, "tablet", 'p');
    device_sync_well(&tablet);
    CHECK_TEXT(device_ask(&tablet, "SELECT name FROM users"), "after the backup");
    CHECK_TEXT(device_ask(&tablet, "SELECT title FROM notes ORDER BY place"),
               "after the backup;pending");
    /* What it was based on is of another epoch, so nobody can say that it had been seen. */
    CHECK_TEXT(device_ask(&tablet, "SELECT json_extract(lost_values, '$.name') FROM sync_audit"),
               "Sok");
    device_check_converged(&phone);
    device_end(&phone);
    device_end(&tablet);
    world_end(&world);
}

TEST(a_copy_of_a_replica_takes_an_id_of_its_own_and_nothing_applies_twice)
{
    struct world world;
    struct device phone;
    struct device copy;
    tern_id before;
    tern_id after;

    world_begin(&world);
    device_begin(&world, &phone, "phone", 'p');
    device_run(&phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'Sok')");
    device_sync_well(&phone);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 1, 'in both')");
    device_close(&phone);
    device_begin(&world, &copy, "copy", 'p');
    device_close(&copy);
    copy_file(phone.path, copy.path);
    device_open(&phone);
    device_open(&copy);
    world_pass(&world, SECOND_US);
    device_run(&phone,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 2, 'phone')");
    device_run(&copy,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 3, 'copy')");
    device_sync_well(&phone);
    tern_replica_device(copy.replica, &before);
    device_sync_well(&copy);
    tern_replica_device(copy.replica, &after);
    CHECK(memcmp(&before, &after, sizeof before) != 0);
    device_sync_well(&phone);
    CHECK_TEXT(device_ask(&phone, "SELECT title FROM notes ORDER BY place"), "in both;phone;copy");
    CHECK_TEXT(device_ask(&copy, "SELECT title FROM notes ORDER BY place"), "in both;phone;copy");
    CHECK_INT(device_status(&copy).pending, 0);
    device_check_converged(&phone);
    device_check_converged(&copy);
    device_end(&phone);
    device_end(&copy);
    world_end(&world);
}

/* Memory that runs out in the calls about the queue: each works, or says NOMEM and changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/disk.h"
#include "tests/sim/files.h"

#define SECOND_US INT64_C(1000000)

struct pair {
    struct world world;
    struct device
        phone; /* has a quarantined entry with one that waits for it, and an audit entry */
    struct device tablet;
};

static void begin(struct pair *pair)
{
    disk_begin(true);
    world_begin(&pair->world);
    device_begin(&pair->world, &pair->phone, "phone", 'p');
    device_run(&pair->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_sync_well(&pair->phone);
    device_begin(&pair->world, &pair->tablet, "tablet", 'p');
    device_sync_well(&pair->tablet);
    world_pass(&pair->world, SECOND_US);
    device_run(&pair->phone, "UPDATE users SET name = 'early'");
    device_run(&pair->phone,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000001', @p, 7, 'mine')");
    device_run(&pair->phone,
               "INSERT INTO comments(id, note_id, body) VALUES(tern_id(), "
               "x'00000000000040008000000000000001', 'on mine')");
    world_pass(&pair->world, SECOND_US);
    device_run(&pair->tablet, "UPDATE users SET name = 'late'");
    device_run(&pair->tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 7, 'theirs')");
    device_sync_well(&pair->tablet);
    device_sync_well(&pair->phone);
    CHECK_INT(device_status(&pair->phone).quarantined, 2);
}

static void end(struct pair *pair)
{
    device_sync_well(&pair->phone);
    device_sync_well(&pair->tablet);
    device_check_converged(&pair->phone);
    device_end(&pair->phone);
    device_end(&pair->tablet);
    world_end(&pair->world);
    disk_end();
}

static bool count_entry(void *context, const tern_entry *entry)
{
    (void)entry;
    ++*(size_t *)context;
    return true;
}

static bool count_change(void *context, const tern_entry_change *change)
{
    CHECK(change->table != NULL && change->values != NULL);
    ++*(size_t *)context;
    return true;
}

static bool first_ordinal(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return false;
}

static uint64_t quarantined(struct device *device)
{
    uint64_t ordinal = 0;

    CHECK(tern_outbox_visit(device->replica,
                            1U << TERN_ENTRY_QUARANTINED,
                            first_ordinal,
                            &ordinal,
                            NULL) == TERN_OK);
    return ordinal;
}

TEST(looking_at_the_queue_works_or_runs_out_of_memory)
{
    struct pair pair;
    uint64_t ordinal;
    char *before;

    begin(&pair);
    ordinal = quarantined(&pair.phone);
    before = file_dump(pair.phone.path, true);
    FOR_EACH_ALLOC_FAILURE (nth) {
        size_t entries = 0;
        size_t changes = 0;
        tern_error error = {0};
        tern_status visited =
            tern_outbox_visit(pair.phone.replica, 0, count_entry, &entries, &error);
        tern_status told =
            tern_outbox_changes(pair.phone.replica, ordinal, count_change, &changes, &error);

        CHECK(visited == TERN_ERR_NOMEM || (visited == TERN_OK && entries == 4));
        CHECK(told == TERN_ERR_NOMEM || (told == TERN_OK && changes == 1));
        CHECK((visited == TERN_OK && told == TERN_OK) || harness_fault_injected());
    }
    check_same_rows(file_dump(pair.phone.path, true), before);
    end(&pair);
}

TEST(reading_the_status_works_or_leaves_its_output_alone)
{
    struct pair pair;

    begin(&pair);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_replica_status status = {.size = sizeof status, .quarantined = 99};
        tern_status read = tern_replica_read_status(pair.phone.replica, &status, NULL);

        CHECK(read == TERN_OK ? status.quarantined == 2
                              : read == TERN_ERR_NOMEM && status.quarantined == 99);
    }
    end(&pair);
}

TEST(discarding_works_or_changes_nothing)
{
    struct pair pair;
    uint64_t ordinal;
    bool done = false;

    begin(&pair);
    ordinal = quarantined(&pair.phone);
    FOR_EACH_ALLOC_FAILURE (nth) {
        char *before;
        tern_status status;

        harness_fault_suspend();
        before = file_dump(pair.phone.path, true);
        harness_fault_resume();
        status = tern_quarantine_discard(pair.phone.replica, ordinal, NULL);
        harness_fault_suspend();
        if (status == TERN_OK) {
            free(before);
            done = true;
            break;
        }
        CHECK_INT(status, TERN_ERR_NOMEM);
        check_same_rows(file_dump(pair.phone.path, true), before);
        harness_fault_resume();
    }
    CHECK(done);
    CHECK_INT(device_status(&pair.phone).quarantined, 0);
    device_sync_well(&pair.phone);
    CHECK_TEXT(server_ask(&pair.world,
                          "SELECT count(*) FROM sync_audit WHERE rule = 'DISCARDED' AND "
                          "json_extract(lost_values, '$.title') = 'mine'"),
               "1");
    end(&pair);
    harness_fault_resume();
}

static tern_id audit_of(struct device *device)
{
    const char *hex = file_ask(device->path, "SELECT id FROM sync_audit");
    tern_id id;

    for (size_t i = 0; i < sizeof id.bytes; i++) {
        unsigned byte = 0;

        CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
        id.bytes[i] = (uint8_t)byte;
    }
    return id;
}

TEST(reinstating_works_or_changes_nothing)
{
    struct pair pair;
    tern_id audit;
    bool done = false;

    begin(&pair);
    audit = audit_of(&pair.phone);
    FOR_EACH_ALLOC_FAILURE (nth) {
        char *before;
        tern_status status;

        harness_fault_suspend();
        before = file_dump(pair.phone.path, true);
        harness_fault_resume();
        status = tern_audit_reinstate(pair.phone.replica, &audit, NULL);
        harness_fault_suspend();
        if (status == TERN_OK) {
            free(before);
            done = true;
            break;
        }
        CHECK_INT(status, TERN_ERR_NOMEM);
        check_same_rows(file_dump(pair.phone.path, true), before);
        harness_fault_resume();
    }
    CHECK(done);
    device_sync_well(&pair.phone);
    CHECK_TEXT(server_ask(&pair.world, "SELECT name FROM users"), "early");
    end(&pair);
    harness_fault_resume();
}

/* Memory that runs out anywhere in a sync. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)

struct pair {
    struct world world;
    struct device phone;
    struct device tablet;
};

static void begin(struct pair *pair)
{
    world_begin(&pair->world);
    device_begin(&pair->world, &pair->phone, "phone", 'p');
    device_run(&pair->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&pair->phone,
               "INSERT INTO notes(id, owner_id, place, title) "
               "VALUES(x'00000000000040008000000000000001', @p, 1, 'one')");
    device_sync_well(&pair->phone);
    device_begin(&pair->world, &pair->tablet, "tablet", 'p');
    device_sync_well(&pair->tablet);
}

static void end(struct pair *pair)
{
    device_check_converged(&pair->phone);
    device_end(&pair->phone);
    device_end(&pair->tablet);
    world_end(&pair->world);
}

static void runf(struct device *device, const char *form, unsigned number)
{
    char sql[300];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(sql, sizeof sql, form, number, number);
#pragma GCC diagnostic pop
    device_run(device, sql);
}

static bool discard(void *context, const tern_entry *entry)
{
    *(uint64_t *)context = entry->ordinal;
    return false;
}

/* Rows come in beneath pending edits, one edit loses, one is rejected, and one waits for it. */
static void write_both(struct pair *pair, unsigned nth)
{
    runf(&pair->phone, "UPDATE notes SET title = 'early %u' WHERE place = 1 AND %u >= 0", nth);
    runf(&pair->phone,
         "INSERT INTO notes(id, owner_id, place, title) VALUES(x'%032x', @p, 10 + (%u & 4095), "
         "'mine')",
         nth + 0x1000);
    runf(&pair->phone,
         "INSERT INTO comments(id, note_id, body) VALUES(tern_id(), x'%032x', 'c %u')",
         nth + 0x1000);
    world_pass(&pair->world, SECOND_US);
    runf(&pair->tablet, "UPDATE notes SET title = 'late %u' WHERE place = 1 AND %u >= 0", nth);
    runf(&pair->tablet,
         "INSERT INTO notes(id, owner_id, place, title) VALUES(x'%032x', @p, 10 + (%u & 4095), "
         "'theirs')",
         nth + 0x100000);
    device_sync_well(&pair->tablet);
    world_pass(&pair->world, SECOND_US);
}

static void check_both(struct pair *pair, unsigned nth)
{
    char late[64];
    uint64_t ordinal = 0;

    device_sync_well(&pair->phone);
    (void)snprintf(late, sizeof late, "late %u", nth);
    CHECK_TEXT(device_ask(&pair->phone, "SELECT title FROM notes WHERE place = 1"), late);
    CHECK_INT(device_status(&pair->phone).pending, 0);
    CHECK_INT(device_status(&pair->phone).quarantined, 2);
    CHECK(tern_outbox_visit(pair->phone.replica,
                            1U << TERN_ENTRY_QUARANTINED,
                            discard,
                            &ordinal,
                            NULL) == TERN_OK);
    CHECK_INT(tern_quarantine_discard(pair->phone.replica, ordinal, NULL), TERN_OK);
    device_sync_well(&pair->phone);
    device_sync_well(&pair->tablet);
}

TEST(whichever_allocation_fails_a_sync_loses_nothing)
{
    struct pair pair;

    begin(&pair);
    /* Each of the first, then ever fewer: they are some thousands, and much alike. */
    for (unsigned nth = harness_fault_begin(); harness_fault_more(nth); nth += 1 + nth / 40) {
        tern_status status;

        harness_fault_suspend();
        write_both(&pair, nth);
        harness_fault_resume();
        status = device_sync(&pair.phone);
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        harness_fault_suspend();
        check_both(&pair, nth);
        harness_fault_resume();
    }
    end(&pair);
}

TEST(whichever_allocation_fails_trying_again_works_or_changes_nothing)
{
    struct pair pair;

    begin(&pair);
    write_both(&pair, 1);
    device_sync_well(&pair.phone);
    device_run(&pair.phone, "UPDATE notes SET place = 99 WHERE title = 'theirs'");
    FOR_EACH_ALLOC_FAILURE (nth) {
        uint64_t ordinal = 0;
        uint64_t again = 0;
        tern_status status;

        harness_fault_suspend();
        CHECK(tern_outbox_visit(pair.phone.replica,
                                1U << TERN_ENTRY_QUARANTINED,
                                discard,
                                &ordinal,
                                NULL) == TERN_OK);
        CHECK(ordinal != 0);
        harness_fault_resume();
        status = tern_quarantine_retry(pair.phone.replica, ordinal, &again, NULL);
        if (status == TERN_OK) {
            CHECK(again > ordinal);
            break;
        }
        CHECK_INT(status, TERN_ERR_NOMEM);
        CHECK_INT(again, 0);
        harness_fault_suspend();
        CHECK_INT(device_status(&pair.phone).quarantined, 2);
        harness_fault_resume();
    }
    harness_fault_suspend();
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 11"), "mine");
    device_sync_well(&pair.phone);
    end(&pair);
    harness_fault_resume();
}

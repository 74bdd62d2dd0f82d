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

TEST(reading_the_clock_works_or_leaves_its_output_alone)
{
    struct pair pair;

    begin(&pair);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_clock_state clock = {.size = sizeof clock, .now_us = 99};
        tern_status read = tern_replica_read_clock(pair.phone.replica, &clock, NULL);

        CHECK(read == TERN_OK ? clock.now_us > 99 : read == TERN_ERR_NOMEM && clock.now_us == 99);
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

/* ---- A session, step by step ---- */

/* Between suspend and resume: the world's own allocations are none of the library's. */
static void ask_server(struct device *device,
                       const tern_http_request *request,
                       struct trn_bytes *body,
                       tern_http_answer *ret_answer)
{
    harness_fault_suspend();
    device_overhear(device, request, body);
    *ret_answer = (tern_http_answer){.status = 200,
                                     .retry_after_ms = -1,
                                     .body = body->data,
                                     .body_size = body->size};
    harness_fault_resume();
}

/* Follows a step; the first request of a session is lost. */
static tern_status
follow(struct device *device, tern_sync *sync, const tern_sync_step *step, bool *lost)
{
    struct trn_bytes body = {0};
    tern_http_answer answer;
    tern_status status;

    if (step->action != TERN_SYNC_SEND) {
        CHECK(step->action == TERN_SYNC_WORK || step->action == TERN_SYNC_WAIT);
        return TERN_OK;
    }
    if (!*lost) {
        *lost = true;
        return tern_sync_failed(sync, TERN_ERR_NETWORK, NULL);
    }
    ask_server(device, step->request, &body, &answer);
    status = tern_sync_answered(sync, &answer, NULL);
    trn_bytes_free(&body);
    return status;
}

/* Steps until the end or the first failure. */
static tern_status run_steps(struct device *device, tern_sync *sync)
{
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    tern_sync_progress progress = {0};
    tern_status status = tern_sync_set_token(sync, "a.token.of-the-test", NULL);
    bool lost = false;

    while (status == TERN_OK && step.action != TERN_SYNC_DONE) {
        step.action = TERN_SYNC_DONE;
        status = tern_sync_next(sync, &step, NULL);
        if (status == TERN_OK && step.action == TERN_SYNC_WAIT) {
            world_pass(device->world, step.wait_ms * 1000);
        }
        if (status == TERN_OK && step.action != TERN_SYNC_DONE) {
            status = follow(device, sync, &step, &lost);
        }
        CHECK_INT(tern_sync_read_progress(sync, &progress, NULL), TERN_OK);
    }
    return status == TERN_OK ? step.result : status;
}

TEST(a_session_taken_step_by_step_says_that_memory_ran_out_and_loses_nothing)
{
    struct pair pair;
    tern_status status = TERN_ERR_NOMEM;

    begin(&pair);
    device_run(&pair.phone, "UPDATE users SET name = 'last'");
    device_run(&pair.tablet,
               "INSERT INTO notes(id, owner_id, place, title) VALUES(tern_id(), @p, 9, 'new')");
    device_sync_well(&pair.tablet);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_sync *sync = NULL;

        status = tern_sync_open(pair.phone.replica, NULL, &sync, NULL);
        CHECK((status == TERN_OK) == (sync != NULL));
        if (status == TERN_OK) {
            status = run_steps(&pair.phone, sync);
        }
        tern_sync_close(sync);
        if (status != TERN_OK) {
            CHECK_INT(status, TERN_ERR_NOMEM);
            CHECK(harness_fault_injected());
        }
    }
    CHECK_INT(status, TERN_OK);
    CHECK_TEXT(device_ask(&pair.phone, "SELECT title FROM notes WHERE place = 9"), "new");
    CHECK_TEXT(server_ask(&pair.world, "SELECT name FROM users"), "last");
    CHECK_INT(device_status(&pair.phone).pending, 0);
    end(&pair);
}

TEST(reading_a_reach_works_or_leaves_its_output_alone)
{
    struct pair pair;

    begin(&pair);
    FOR_EACH_ALLOC_FAILURE (nth) {
        int64_t since_us = 99;
        tern_status read = tern_replica_read_reach(pair.phone.replica, "notes", &since_us, NULL);

        CHECK(read == TERN_OK ? since_us == INT64_MIN : read == TERN_ERR_NOMEM && since_us == 99);
    }
    end(&pair);
}

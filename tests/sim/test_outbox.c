/* Looking through the outbox, and what stays in it. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/world.h"
#include "wire/limits.h"

#define DAY_US (INT64_C(24) * 3600 * 1000000)

struct lone {
    struct world world;
    struct device phone;
};

static void begin(struct lone *lone)
{
    world_begin(&lone->world);
    device_begin(&lone->world, &lone->phone, "phone", 'p');
    device_run(&lone->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
}

static void end(struct lone *lone)
{
    device_end(&lone->phone);
    world_end(&lone->world);
}

struct heard {
    char text[4096];
    size_t entries;
    size_t stop_after;
};

static bool hear_entry(void *context, const tern_entry *entry)
{
    struct heard *heard = context;
    size_t used = strlen(heard->text);

    (void)snprintf(heard->text + used,
                   sizeof heard->text - used,
                   "%llu:%d:%u;",
                   (unsigned long long)entry->ordinal,
                   (int)entry->state,
                   entry->changes);
    return ++heard->entries != heard->stop_after;
}

static bool hear_change(void *context, const tern_entry_change *change)
{
    struct heard *heard = context;
    size_t used = strlen(heard->text);

    (void)snprintf(heard->text + used,
                   sizeof heard->text - used,
                   "%s %s.%s %s;",
                   change->operation,
                   change->table,
                   change->unit,
                   change->values);
    return ++heard->entries != heard->stop_after;
}

TEST(entries_are_visited_in_order_and_by_state)
{
    struct lone lone;
    struct heard heard = {.text = ""};

    begin(&lone);
    device_sync_well(&lone.phone);
    device_run(&lone.phone, "UPDATE users SET name = 'a'");
    device_run(&lone.phone, "UPDATE users SET name = 'b'");
    CHECK(tern_outbox_visit(lone.phone.replica, 0, hear_entry, &heard, NULL) == TERN_OK);
    CHECK_TEXT(heard.text, "1:1:1;2:0:1;3:0:1;");
    heard = (struct heard){.stop_after = 1};
    CHECK(
        tern_outbox_visit(lone.phone.replica, 1U << TERN_ENTRY_PENDING, hear_entry, &heard, NULL) ==
        TERN_OK);
    CHECK_TEXT(heard.text, "2:0:1;");
    CHECK_INT(tern_outbox_visit(lone.phone.replica, 1U << 9, hear_entry, &heard, NULL),
              TERN_ERR_MISUSE);
    CHECK_INT(tern_outbox_visit(NULL, 0, hear_entry, &heard, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_outbox_visit(lone.phone.replica, 0, NULL, &heard, NULL), TERN_ERR_MISUSE);
    end(&lone);
}

TEST(changes_are_shown_as_a_person_reads_them)
{
    struct lone lone;
    struct heard heard = {.text = ""};

    begin(&lone);
    device_run(&lone.phone, "INSERT INTO notes(id, owner_id, title) VALUES(tern_id(), @p, 't')");
    device_run(&lone.phone, "UPDATE notes SET title = 'u'");
    device_run(&lone.phone, "DELETE FROM notes");
    CHECK(tern_outbox_changes(lone.phone.replica, 3, hear_change, &heard, NULL) == TERN_OK);
    CHECK(tern_outbox_changes(lone.phone.replica, 4, hear_change, &heard, NULL) == TERN_OK);
    CHECK_TEXT(heard.text, "update notes.head {\"title\":\"u\"};delete notes.existence {};");
    heard = (struct heard){.text = ""};
    CHECK(tern_outbox_changes(lone.phone.replica, 2, hear_change, &heard, NULL) == TERN_OK);
    CHECK(strncmp(heard.text, "insert notes. {", 15) == 0 &&
          strstr(heard.text, "\"title\":\"t\"") != NULL);
    device_sync_well(&lone.phone); /* and so when they are kept compressed */
    heard = (struct heard){.text = ""};
    CHECK(tern_outbox_changes(lone.phone.replica, 3, hear_change, &heard, NULL) == TERN_OK);
    CHECK_TEXT(heard.text, "update notes.head {\"title\":\"u\"};");
    CHECK_INT(tern_outbox_changes(lone.phone.replica, 99, hear_change, &heard, NULL),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(tern_outbox_changes(lone.phone.replica, 0, hear_change, &heard, NULL),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(tern_outbox_changes(lone.phone.replica, 2, NULL, &heard, NULL), TERN_ERR_MISUSE);
    end(&lone);
}

TEST(acknowledged_entries_are_kept_for_thirty_days)
{
    struct lone lone;

    begin(&lone);
    device_sync_well(&lone.phone);
    world_pass(&lone.world, 20 * DAY_US);
    device_run(&lone.phone, "UPDATE users SET name = 'later'");
    device_sync_well(&lone.phone);
    CHECK_INT(device_status(&lone.phone).acked, 2);
    world_pass(&lone.world, 11 * DAY_US);
    device_sync_well(&lone.phone);
    CHECK_INT(device_status(&lone.phone).acked, 1);
    world_pass(&lone.world, 20 * DAY_US);
    device_sync_well(&lone.phone);
    CHECK_INT(device_status(&lone.phone).acked, 0);
    device_check_converged(&lone.phone);
    end(&lone);
}

TEST(what_is_not_parked_is_neither_tried_again_nor_discarded)
{
    struct lone lone;
    uint64_t ordinal = 7;

    begin(&lone);
    CHECK_INT(tern_quarantine_retry(lone.phone.replica, 1, &ordinal, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_quarantine_discard(lone.phone.replica, 1, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_quarantine_retry(lone.phone.replica, 9, &ordinal, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(tern_quarantine_retry(lone.phone.replica, 0, &ordinal, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(tern_quarantine_retry(NULL, 1, &ordinal, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_quarantine_discard(NULL, 1, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_audit_reinstate(NULL, NULL, NULL), TERN_ERR_MISUSE);
    CHECK_INT(ordinal, 7);
    CHECK_INT(device_status(&lone.phone).pending, 1);
    end(&lone);
}

/* Notes how many entries the largest request carries. */
static bool note_most_entries(struct device *device,
                              const tern_http_request *request,
                              tern_http_answer *ret_answer)
{
    size_t *most = device->meddling;
    size_t entries = request_entries(request);

    (void)ret_answer;
    *most = entries > *most ? entries : *most;
    return false;
}

TEST(a_queue_longer_than_a_request_may_be_goes_up_in_several)
{
    struct lone lone;
    char sql[64];
    size_t most = 0;

    begin(&lone);
    device_sync_well(&lone.phone);
    for (size_t i = 0; i < TRN_WIRE_TXS_MAX + 1; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE users SET name = 'patient %zu'", i);
        device_run(&lone.phone, sql);
    }
    lone.phone.meddle = note_most_entries;
    lone.phone.meddling = &most;
    lone.phone.exchanges = 0;
    device_sync_well(&lone.phone);
    CHECK_INT(most, TRN_WIRE_TXS_MAX);
    CHECK_INT(lone.phone.exchanges, 2);
    CHECK_INT(device_status(&lone.phone).pending, 0);
    end(&lone);
}

TEST(a_sync_called_out_of_order_says_so)
{
    struct lone lone;
    tern_sync *sync;
    tern_sync_step step;
    tern_sync_options small = {.size = 1};
    tern_sync *none = NULL;
    tern_http_answer answer = {.status = 200};
    tern_sync_progress progress = {.round_trips = 77};
    tern_tx *tx = NULL;
    tern_error error = {0};

    begin(&lone);
    CHECK_INT(tern_sync_open(NULL, NULL, &none, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_sync_open(lone.phone.replica, &small, &none, NULL), TERN_ERR_MISUSE);
    CHECK(none == NULL);
    sync = device_sync_open(&lone.phone);
    CHECK_INT(tern_sync_answered(sync, &answer, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_sync_failed(sync, TERN_ERR_NETWORK, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_sync_next(sync, NULL, NULL), TERN_ERR_MISUSE);
    CHECK(tern_tx_begin(lone.phone.replica, NULL, &tx, NULL) == TERN_OK);
    CHECK_INT(tern_sync_next(sync, &step, NULL),
              TERN_ERR_MISUSE); /* it would wait for this thread */
    tern_tx_rollback(tx);
    CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK &&
          tern_sync_next(sync, &step, NULL) == TERN_OK);
    CHECK_INT(step.action, TERN_SYNC_SEND);
    CHECK_INT(tern_sync_failed(sync, TERN_OK, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_sync_read_progress(NULL, &progress, &error), TERN_ERR_MISUSE);
    CHECK_INT(error.status, TERN_ERR_MISUSE);
    CHECK_INT(tern_sync_read_progress(sync, NULL, NULL), TERN_ERR_MISUSE);
    CHECK_INT(progress.round_trips, 77);
    CHECK(tern_sync_read_progress(sync, &progress, NULL) == TERN_OK);
    CHECK_INT(progress.round_trips, 0);
    CHECK_INT(progress.pending_txs, 1);
    CHECK(tern_sync_failed(sync, TERN_ERR_TLS, NULL) == TERN_OK); /* waiting does not help */
    do {
        CHECK(tern_sync_next(sync, &step, NULL) == TERN_OK);
    } while (step.action == TERN_SYNC_WORK);
    CHECK_INT(step.action, TERN_SYNC_DONE);
    CHECK_INT(step.result, TERN_ERR_TLS);
    tern_sync_close(sync);
    tern_sync_close(NULL);
    tern_sync_cancel(NULL);
    end(&lone);
}

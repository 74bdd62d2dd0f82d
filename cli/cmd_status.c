/* tern status: where the replica stands. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/uuid.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/output.h"
#include "tern/outbox.h"

struct who {
    char device[TRN_ID_TEXT_SIZE + 1];
    char user[TRN_ID_TEXT_SIZE + 1];
};

static void read_who(tern_replica *replica, struct who *ret_who)
{
    tern_id id;

    tern_replica_device(replica, &id);
    trn_id_format(&id, ret_who->device);
    tern_replica_user(replica, &id);
    trn_id_format(&id, ret_who->user);
}

/* ---- How far back ---- */

static tern_status add_reach(tern_replica *replica,
                             const char *table,
                             json_t *reach,
                             bool *ret_known,
                             tern_error *error)
{
    int64_t since_us = 0;
    tern_status status = tern_replica_read_reach(replica, table, &since_us, error);

    if (status != TERN_OK || since_us == INT64_MIN) {
        return status;
    }
    if (since_us == INT64_MAX) {
        *ret_known = false;
        return TERN_OK;
    }
    return json_object_set_new(reach, table, json_integer(since_us)) == 0 ? TERN_OK
                                                                          : trn_fail_nomem(error);
}

static tern_status
add_all(tern_replica *replica, json_t *names, json_t *reach, bool *ret_known, tern_error *error)
{
    tern_reader *reader = NULL;
    tern_status status = tern_reader_open(replica, &reader, error);

    if (status == TERN_OK) {
        status = trn_tables_of(reader, names, error);
    }
    for (size_t i = 0; i < json_array_size(names) && status == TERN_OK; i++) {
        const char *table = json_string_value(json_array_get(names, i));

        status = add_reach(replica, table, reach, ret_known, error);
    }
    tern_reader_close(reader);
    return status;
}

/* An object of the tables that are not here whole, with the time from which on they are; null where
 * no sync has ended well, so that it is not known. */
static tern_status read_reach(tern_replica *replica, json_t **ret_reach, tern_error *error)
{
    json_t *names = json_array();
    json_t *reach = json_object();
    bool known = true;
    tern_status status = names == NULL || reach == NULL
                             ? trn_fail_nomem(error)
                             : add_all(replica, names, reach, &known, error);

    json_decref(names);
    if (status == TERN_OK) {
        *ret_reach = known ? json_incref(reach) : json_null();
    }
    json_decref(reach);
    return status;
}

static void print_reach(json_t *reach)
{
    for (void *at = json_object_iter(reach); at != NULL; at = json_object_iter_next(reach, at)) {
        char since[TRN_TIME_BYTES];

        trn_time_text(json_integer_value(json_object_iter_value(at)), since);
        (void)printf("reach         %s since %s\n", json_object_iter_key(at), since);
    }
}

/* ---- All of it ---- */

static json_t *count(uint64_t number)
{
    return json_integer((json_int_t)number);
}

static bool print_json(const struct who *who, const tern_replica_status *state, json_t *reach)
{
    json_t *offset =
        state->server_offset_known ? json_integer(state->server_offset_us) : json_null();

    return trn_print_json(
        json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:b, s:o, s:O}",
                  "user",
                  who->user,
                  "device",
                  who->device,
                  "schema_version",
                  (json_int_t)state->schema_version,
                  "pending",
                  count(state->pending),
                  "acked",
                  count(state->acked),
                  "quarantined",
                  count(state->quarantined),
                  "locked",
                  count(state->locked),
                  "records",
                  count(state->scopes),
                  "records_partial",
                  count(state->scopes_partial),
                  "last_sync_us",
                  (json_int_t)state->last_sync_us,
                  "last_error",
                  tern_status_code(state->last_error),
                  "server_offset_us",
                  offset,
                  "clock_suspect",
                  state->clock_suspect,
                  "stamps_capped",
                  count(state->stamps_capped),
                  "reach",
                  reach));
}

static void print_text(const struct who *who, const tern_replica_status *state, json_t *reach)
{
    char last[TRN_TIME_BYTES];

    trn_time_text(state->last_sync_us, last);
    (void)printf("user          %s\n", who->user);
    (void)printf("device        %s\n", who->device);
    (void)printf("schema        version %" PRIu32 "\n", state->schema_version);
    (void)printf("records       %" PRIu64, state->scopes);
    if (state->scopes_partial > 0) {
        (void)printf(", %" PRIu64 " still coming", state->scopes_partial);
    }
    (void)printf("\npending       %" PRIu64 "\n", state->pending);
    (void)printf("acknowledged  %" PRIu64 " kept\n", state->acked);
    (void)printf("quarantined   %" PRIu64 "\n", state->quarantined);
    (void)printf("locked        %" PRIu64 "\n", state->locked);
    (void)printf("last sync     %s\n", last);
    print_reach(reach);
    if (state->last_error != TERN_OK) {
        (void)printf("last error    %s\n", tern_status_code(state->last_error));
    }
    if (state->server_offset_known) {
        (void)printf("server clock  %+.3f s from this one%s\n",
                     (double)state->server_offset_us / 1e6,
                     state->clock_suspect ? ": this clock is suspect" : "");
    }
    if (state->stamps_capped > 0) {
        (void)printf("stamps moved  %" PRIu64 " by the server\n", state->stamps_capped);
    }
}

static enum trn_exit run(const struct trn_call *call)
{
    tern_replica_status state = {.size = sizeof(state)};
    tern_replica *replica = NULL;
    json_t *reach = NULL;
    struct who who;
    tern_error error = {0};
    tern_status status = trn_replica_of(call, &replica, &error);
    bool printed = true;

    if (status == TERN_OK) {
        status = tern_replica_read_status(replica, &state, &error);
    }
    if (status == TERN_OK) {
        status = read_reach(replica, &reach, &error);
    }
    if (status == TERN_OK) {
        read_who(replica, &who);
        if (trn_has(call, TRN_OPT_JSON)) {
            printed = print_json(&who, &state, reach);
        } else {
            print_text(&who, &state, reach);
        }
    }
    json_decref(reach);
    tern_replica_close(replica);
    if (status != TERN_OK) {
        return trn_report_failure(call, status, &error);
    }
    return printed ? TRN_EXIT_OK : TRN_EXIT_FAILED;
}

static const enum trn_option options[] = {TRN_OPT_REPLICA, TRN_OPT_JSON, TRN_OPT_END};

const struct trn_command trn_command_status = {
    .name = "status",
    .arguments = "",
    .summary = "Show where the replica stands: pending, quarantined, last sync, clock",
    .details =
        "Rows older than a table's window leave the replica: reach says since when a table is "
        "whole here.\n\n"
        "  tern status\n"
        "  tern status --json | jq .pending\n",
    .options = options,
    .run = run,
};

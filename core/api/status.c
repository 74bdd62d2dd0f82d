/* Where the replica stands. */
#include "api/internal.h"
#include "engine/window.h"
#include "tern/outbox.h"

static tern_status
count(struct trn_store *store, tern_entry_state state, uint64_t *ret_count, tern_error *error)
{
    return trn_outbox_count(store, 1U << state, ret_count, error);
}

static tern_status
read_counts(struct trn_store *store, tern_replica_status *status, tern_error *error)
{
    tern_status result = count(store, TERN_ENTRY_PENDING, &status->pending, error);

    if (result == TERN_OK) {
        result = count(store, TERN_ENTRY_ACKED, &status->acked, error);
    }
    if (result == TERN_OK) {
        result = count(store, TERN_ENTRY_QUARANTINED, &status->quarantined, error);
    }
    if (result == TERN_OK) {
        result = count(store, TERN_ENTRY_LOCKED, &status->locked, error);
    }
    return result == TERN_OK
               ? trn_scope_counts(store, &status->scopes, &status->scopes_partial, error)
               : result;
}

/* Stamps of others stand at most TRN_CLOCK_AHEAD_US ahead of the server's time; one that is further
 * ahead than both tolerances is of this clock as it was. */
static bool is_suspect(const struct trn_meta *meta, int64_t now_us)
{
    const uint64_t apart_us = (uint64_t)TRN_CLOCK_AHEAD_US + (uint64_t)TRN_CLOCK_TOLERANCE_US;

    return meta->clock_suspect || (now_us < meta->clock.last_us &&
                                   (uint64_t)meta->clock.last_us - (uint64_t)now_us > apart_us);
}

static void fill(const struct trn_meta *meta,
                 uint32_t schema_version,
                 const struct trn_reading *reading,
                 tern_replica_status *status)
{
    status->last_sync_us = meta->last_sync_us;
    status->last_error = meta->last_error;
    status->server_offset_us = trn_clock_offset(&meta->clock, reading);
    status->server_offset_known = meta->clock.offset_known;
    status->clock_suspect = is_suspect(meta, trn_clock_now(&meta->clock, reading));
    status->stamps_capped = meta->stamps_capped;
    status->schema_version = schema_version;
}

tern_status
tern_replica_read_status(tern_replica *replica, tern_replica_status *ret_status, tern_error *error)
{
    tern_replica_status filled = {.size = sizeof filled};
    struct trn_meta meta = {0};
    struct trn_reading reading;
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL || ret_status == NULL || ret_status->size < sizeof filled) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "a replica and a result that knows its size are needed");
    }
    trn_replica_enter(replica);
    status = read_counts(replica->store, &filled, error);
    if (status == TERN_OK) {
        status = trn_meta_read(replica->store, &meta, error);
    }
    reading = trn_engine_reading(&replica->engine);
    trn_replica_leave(replica);
    if (status == TERN_OK) {
        fill(&meta, replica->schema->version, &reading, &filled);
        *ret_status = filled;
    }
    return status;
}

tern_status
tern_replica_read_clock(tern_replica *replica, tern_clock_state *ret_clock, tern_error *error)
{
    struct trn_meta meta = {0};
    struct trn_reading reading;
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL || ret_clock == NULL || ret_clock->size < sizeof *ret_clock) {
        return trn_fail(error,
                        TERN_ERR_MISUSE,
                        "a replica and a result that knows its size are needed");
    }
    trn_replica_enter(replica);
    status = trn_meta_read(replica->store, &meta, error);
    reading = trn_engine_reading(&replica->engine);
    trn_replica_leave(replica);
    if (status == TERN_OK) {
        int64_t now_us = trn_clock_now(&meta.clock, &reading);

        *ret_clock = (tern_clock_state){.size = sizeof *ret_clock,
                                        .now_us = now_us,
                                        .server_offset_us = trn_clock_offset(&meta.clock, &reading),
                                        .server_offset_known = meta.clock.offset_known,
                                        .clock_suspect = is_suspect(&meta, now_us)};
    }
    return status;
}

tern_status tern_replica_read_reach(tern_replica *replica,
                                    const char *table,
                                    int64_t *ret_since_us,
                                    tern_error *error)
{
    const struct trn_table *found;
    tern_status status;

    trn_error_clear(error);
    if (replica == NULL || table == NULL || ret_since_us == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "a replica, a table and a result are needed");
    }
    found = trn_schema_table(replica->schema, table);
    if (found == NULL) {
        return trn_fail(error, TERN_ERR_UNKNOWN_TABLE, "there is no synced table %s", table);
    }
    trn_replica_enter(replica);
    status = trn_window_reach(replica->store, found, ret_since_us, error);
    trn_replica_leave(replica);
    return status;
}

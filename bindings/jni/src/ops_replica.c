/* The replica, its transactions, and rows without SQL. */
#include <string.h>

#include "bindings/jni/src/bridge.h"
#include "tern/follow.h"

tern_status bridge_version(struct bridge_call *call)
{
    bridge_put_text(call, tern_version());
    return TERN_OK;
}

/* ---- The replica ---- */

/* The handle is that of the ports, which outlive the replica. */
tern_status bridge_replicaOpen(struct bridge_call *call)
{
    tern_replica_options options = {.size = sizeof options};
    tern_replica *replica = NULL;
    tern_ports ports;
    const char *path = bridge_text(call);
    tern_status status;

    options.schema = (const char *)bridge_bytes(call, &options.schema_size);
    options.user = bridge_id(call);
    options.must_exist = bridge_byte(call) != 0;
    options.busy_timeout_ms = bridge_long(call);
    options.ports = &ports;
    status = bridge_check(call);
    if (status != TERN_OK) {
        return status;
    }
    bridge_ports_fill(call->handle, &ports);
    status = tern_replica_open(path, &options, &replica, &call->error.error);
    if (status == TERN_OK) {
        bridge_put_opened(call, replica, bridge_replicaClose);
    }
    return status;
}

tern_status bridge_replicaClose(struct bridge_call *call)
{
    tern_replica_close(call->handle);
    return TERN_OK;
}

tern_status bridge_replicaIds(struct bridge_call *call)
{
    tern_id id;

    tern_replica_user(call->handle, &id);
    bridge_put_id(call, &id);
    tern_replica_device(call->handle, &id);
    bridge_put_id(call, &id);
    return TERN_OK;
}

tern_status bridge_replicaChanges(struct bridge_call *call)
{
    const char *table = bridge_text(call);
    uint64_t count = 0;
    tern_status status = bridge_check(call);

    if (status == TERN_OK) {
        status = tern_replica_changes(call->handle, table, &count, &call->error.error);
    }
    bridge_put_long(call, (int64_t)count);
    return status;
}

tern_status bridge_replicaStatus(struct bridge_call *call)
{
    tern_replica_status state = {.size = sizeof state};
    tern_status status = tern_replica_read_status(call->handle, &state, &call->error.error);

    bridge_put_long(call, (int64_t)state.pending);
    bridge_put_long(call, (int64_t)state.acked);
    bridge_put_long(call, (int64_t)state.quarantined);
    bridge_put_long(call, (int64_t)state.locked);
    bridge_put_long(call, (int64_t)state.scopes);
    bridge_put_long(call, (int64_t)state.scopes_partial);
    bridge_put_long(call, state.last_sync_us);
    bridge_put_int(call, (int32_t)state.last_error);
    bridge_put_long(call, state.server_offset_us);
    bridge_put_byte(call, state.server_offset_known);
    bridge_put_byte(call, state.clock_suspect);
    bridge_put_long(call, (int64_t)state.stamps_capped);
    bridge_put_int(call, (int32_t)state.schema_version);
    return status;
}

tern_status bridge_replicaReach(struct bridge_call *call)
{
    const char *table = bridge_text(call);
    int64_t since_us = 0;
    tern_status status = bridge_check(call);

    if (status == TERN_OK) {
        status = tern_replica_read_reach(call->handle, table, &since_us, &call->error.error);
    }
    bridge_put_long(call, since_us);
    return status;
}

/* ---- Transactions ---- */

tern_status bridge_txBegin(struct bridge_call *call)
{
    tern_tx_options options = {.size = sizeof options, .inferred = bridge_byte(call) != 0};
    tern_tx *tx = NULL;
    tern_status status = tern_tx_begin(call->handle, &options, &tx, &call->error.error);

    bridge_put_opened(call, tx, bridge_txRollback);
    return status;
}

tern_status bridge_txCommit(struct bridge_call *call)
{
    uint64_t kept = 0;
    tern_status status = tern_tx_commit(call->handle, &kept, &call->error.error);

    bridge_put_long(call, (int64_t)kept);
    return status;
}

tern_status bridge_txRollback(struct bridge_call *call)
{
    tern_tx_rollback(call->handle);
    return TERN_OK;
}

tern_status bridge_txFollow(struct bridge_call *call)
{
    const char *name = bridge_text(call);
    const char *table = bridge_text(call);
    const char *first = bridge_text(call);
    const char *second = bridge_text(call);
    tern_status status = bridge_check(call);

    return status == TERN_OK
               ? tern_tx_follow(call->handle, name, table, first, second, &call->error.error)
               : status;
}

/* ---- Rows ---- */

struct cells {
    tern_cell cells[BRIDGE_VALUES * 4];
    size_t count;
};

static tern_status read_cells(struct bridge_call *call, struct cells *ret_cells)
{
    int32_t count = bridge_int(call);

    ret_cells->count = 0;
    if (count < 0 || (size_t)count > sizeof ret_cells->cells / sizeof ret_cells->cells[0]) {
        return bridge_fail(call,
                           TERN_ERR_UNKNOWN_COLUMN,
                           "no table has as many columns as cells were given");
    }
    ret_cells->count = (size_t)count;
    for (size_t i = 0; i < ret_cells->count; i++) {
        ret_cells->cells[i].column = bridge_text(call);
        ret_cells->cells[i].value = bridge_value(call);
    }
    return bridge_check(call);
}

tern_status bridge_rowInsert(struct bridge_call *call)
{
    const char *table = bridge_text(call);
    struct cells row;
    tern_id id;
    tern_status status = read_cells(call, &row);

    if (status == TERN_OK) {
        status =
            tern_row_insert(call->handle, table, row.cells, row.count, &id, &call->error.error);
    }
    if (status == TERN_OK) {
        bridge_put_id(call, &id);
    }
    return status;
}

typedef tern_status (*change)(tern_tx *tx,
                              const char *table,
                              const tern_id *id,
                              const tern_cell *cells,
                              size_t cell_count,
                              tern_error *error);

static tern_status change_row(struct bridge_call *call, change how)
{
    const char *table = bridge_text(call);
    tern_id id = bridge_id(call);
    struct cells row;
    tern_status status = read_cells(call, &row);

    return status == TERN_OK
               ? how(call->handle, table, &id, row.cells, row.count, &call->error.error)
               : status;
}

tern_status bridge_rowUpdate(struct bridge_call *call)
{
    return change_row(call, tern_row_update);
}

tern_status bridge_rowUndo(struct bridge_call *call)
{
    return change_row(call, tern_row_undo);
}

tern_status bridge_rowDelete(struct bridge_call *call)
{
    const char *table = bridge_text(call);
    tern_id id = bridge_id(call);
    tern_status status = bridge_check(call);

    return status == TERN_OK ? tern_row_delete(call->handle, table, &id, &call->error.error)
                             : status;
}

tern_status bridge_rowUndelete(struct bridge_call *call)
{
    const char *table = bridge_text(call);
    tern_id id = bridge_id(call);
    tern_status status = bridge_check(call);

    return status == TERN_OK ? tern_row_undelete(call->handle, table, &id, &call->error.error)
                             : status;
}

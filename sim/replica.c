#include "sim/replica.h"

#include <string.h>

#include "sim/statements.h"

bool sim_device_top(struct sim_device *device, uint64_t *ret_ordinal, tern_id *ret_tx)
{
    tern_statement *statement = sim_statement_of(
        device,
        "SELECT max(m.last_ordinal, coalesce(o.ordinal, 0)), CASE WHEN o.ordinal > m.last_ordinal "
        "THEN o.tx ELSE m.last_tx END FROM tern_meta m LEFT JOIN tern_outbox o ON o.place = "
        "(SELECT max(place) FROM tern_outbox)");
    bool row = false;

    if (statement == NULL) {
        return false;
    }
    if (tern_statement_step(statement, &row, NULL) == TERN_OK && row) {
        tern_value tx = tern_statement_value(statement, 1);

        *ret_ordinal = (uint64_t)tern_statement_value(statement, 0).integer;
        row = tx.size == sizeof ret_tx->bytes;
        if (row) {
            memcpy(ret_tx->bytes, tx.data, tx.size);
        }
    }
    tern_statement_reset(statement);
    return row;
}

tern_replica_status sim_device_status(struct sim_device *device)
{
    tern_replica_status status = {.size = sizeof status};
    tern_error error = {0};

    if (tern_replica_read_status(device->replica, &status, &error) != TERN_OK) {
        sim_fail(device->world, "status", "%s: %s", device->name, error.message);
    }
    return status;
}

/* What it committed before it died is there. */

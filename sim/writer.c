/* A refusal that the interface may give is part of life; what it may not give is a failure. */
#include "sim/writer.h"

#include "sim/bounded.h"
#include "sim/counted.h"
#include "sim/ledger.h"
#include "sim/memory.h"
#include "sim/replica.h"
#include "sim/steady.h"

tern_status sim_writer_judge(struct sim_device *device, const char *call, tern_status status)
{
    struct sim_world *world = device->world;

    bool lost = status == TERN_ERR_MISUSE || status == TERN_ERR_SQL; /* with the transaction */

    world->ops++;
    sim_hash_number(world, status);
    if (sim_is_trouble(status) || lost
            ? !device->troubled
            : status == TERN_ERR_INTERNAL || status == TERN_ERR_CORRUPT) {
        sim_fail(world,
                 "status",
                 "%s: %s gave %s %s",
                 device->name,
                 call,
                 tern_status_code(status),
                 device->heard.message);
    }
    return status;
}

bool sim_writer_begin(struct sim_writer *writer,
                      struct sim_device *device,
                      uint64_t seed,
                      bool inferred)
{
    tern_tx_options options = {.size = sizeof options, .inferred = inferred};
    tern_id top;

    *writer = (struct sim_writer){.device = device,
                                  .schema = sim_device_schema(device),
                                  .dice = sim_dice_make(seed),
                                  .begun = TERN_ERR_IO};
    if (device->replica == NULL) {
        return false;
    }
    (void)sim_device_top(device, &writer->ordinal, &top);
    writer->begun = sim_writer_judge(
        device,
        "begin",
        SIM_CALL(device->index, tern_tx_begin(device->replica, &options, &writer->tx, NULL)));
    return writer->begun == TERN_OK;
}

tern_status sim_writer_commit(struct sim_writer *writer)
{
    struct sim_device *device = writer->device;
    tern_status status =
        sim_writer_judge(device,
                         "commit",
                         SIM_CALL(device->index, tern_tx_commit(writer->tx, NULL, &device->heard)));
    uint64_t ordinal = 0;
    tern_id tx;

    sim_counted_look(device);
    if (status == TERN_OK && sim_device_top(device, &ordinal, &tx) && ordinal > writer->ordinal) {
        device->last_ordinal = ordinal;
        sim_ledger_add(device, &tx);
        sim_steady_stamp(device);
        sim_bounded_log(device->world, device->index);
    }
    return status;
}

/*
 * Files as the first opening makes them. What it makes depends on the document, on whose it is and
 * on the machine's own dice alone, and these begin the same in every life: so it is done once a
 * process, and copied. Making the tables takes as long as fifty transactions.
 *
 * Whether a file was made or copied is nothing that a life could notice: SQLite's dice begin anew
 * behind either.
 */
#include "sim/fresh.h"
#include "sim/device.h"
#include "sim/server.h"

#include <stdio.h>
#include <stdlib.h>

/* A new file of a device, or of the server. */
struct fresh {
    struct fresh *next;
    const struct sim_document *document;
    int device;
    size_t user;
    struct sim_image *image;
    struct sim_dice dice; /* the device's, behind it */
};

static struct fresh *made;

static const struct fresh *find(const struct sim_document *document, int device, size_t user)
{
    const struct fresh *fresh = made;

    while (fresh != NULL &&
           (fresh->document != document || fresh->device != device || fresh->user != user)) {
        fresh = fresh->next;
    }
    return fresh;
}

static const struct fresh *keep(struct fresh fresh)
{
    struct fresh *kept = malloc(sizeof *kept);

    if (kept == NULL) {
        abort();
    }
    *kept = fresh;
    kept->next = made;
    made = kept;
    return kept;
}

static const struct fresh *make_device(struct sim_device *device)
{
    const struct sim_document *document = &device->world->documents[device->document];
    struct sim_disk *disk = device->disk;
    struct fresh fresh = {.document = document, .device = device->index, .user = device->user};

    if (sim_device_open(device, NULL) != TERN_OK) {
        return NULL; /* so will whoever opens it */
    }
    sim_device_close(device);
    fresh.image = sim_disk_image(disk);
    fresh.dice = device->dice;
    return keep(fresh);
}

void sim_fresh_device(struct sim_device *device)
{
    struct sim_world *world = device->world;
    const struct fresh *fresh =
        find(&world->documents[device->document], device->index, device->user);

    fresh = fresh != NULL ? fresh : make_device(device);
    if (fresh != NULL) {
        sim_disk_put(device->disk, fresh->image);
        device->dice = fresh->dice;
    }
    sim_disk_seed(world->seed + (uint64_t)device->index);
}

static const struct fresh *make_server(struct sim_world *world)
{
    struct fresh fresh = {.document = &world->documents[world->served], .device = SIM_SERVER};

    if (!sim_server_start(world)) {
        return NULL;
    }
    sim_server_stop(world);
    fresh.image = sim_disk_image(world->disk);
    return keep(fresh);
}

void sim_fresh_server(struct sim_world *world)
{
    const struct fresh *fresh = find(&world->documents[world->served], SIM_SERVER, 0);

    fresh = fresh != NULL ? fresh : make_server(world);
    if (fresh != NULL) {
        sim_disk_put(world->disk, fresh->image);
    }
    sim_disk_seed(world->seed);
}

#include "sim/world.h"

#include <stdio.h>
#include <string.h>

void sim_fail(struct sim_world *world, const char *check, const char *format, ...)
{
    va_list arguments;
    bool is_asked_for = world->only[0] == '\0' || strcmp(world->only, check) == 0 ||
                        strcmp(check, "history") == 0; /* a slip: checks.h */

    if (sim_failed(world) || !is_asked_for) {
        return;
    }
    (void)snprintf(world->check, sizeof world->check, "%s", check);
    va_start(arguments, format);
    (void)vsnprintf(world->failure, sizeof world->failure, format, arguments);
    va_end(arguments);
}

bool sim_failed(const struct sim_world *world)
{
    return world->check[0] != '\0';
}

void sim_hash(struct sim_world *world, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t word = 0;

    sim_hash_number(world, size);
    for (; size >= sizeof word; size -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        sim_hash_number(world, word);
        bytes += sizeof word;
    }
    if (size > 0) {
        word = 0;
        memcpy(&word, bytes, size);
        sim_hash_number(world, word);
    }
}

void sim_hash_number(struct sim_world *world, uint64_t number)
{
    world->hash = (world->hash ^ number) * UINT64_C(0x100000001b3);
    world->hash ^= world->hash >> 29;
}

bool sim_is_trouble(tern_status status)
{
    return status == TERN_ERR_IO || status == TERN_ERR_DISK_FULL || status == TERN_ERR_NOMEM ||
           status == TERN_ERR_BUSY;
}

size_t sim_world_add_user(struct sim_world *world, const char *name, const char *role)
{
    struct sim_user *user = &world->users[world->user_count];

    if (world->user_count == SIM_USERS) {
        sim_fail(world, "history", "more than %d users", SIM_USERS);
        return 0;
    }
    (void)snprintf(user->name, sizeof user->name, "%s", name);
    (void)snprintf(user->role, sizeof user->role, "%s", role);
    user->id = (tern_id){{0x70, 0, 0, 0, 0, 0, 0x40, 0, 0x80}};
    user->id.bytes[15] = (uint8_t)(world->user_count + 1);
    return world->user_count++;
}

size_t sim_world_user(const struct sim_world *world, const char *name)
{
    for (size_t i = 0; name != NULL && i < world->user_count; i++) {
        if (strcmp(world->users[i].name, name) == 0) {
            return i;
        }
    }
    return SIM_USERS;
}

struct sim_device *sim_device_find(struct sim_world *world, const char *name)
{
    for (size_t i = 0; name != NULL && i < world->device_count; i++) {
        if (strcmp(world->devices[i].name, name) == 0) {
            return &world->devices[i];
        }
    }
    return NULL;
}

const struct trn_schema *sim_device_schema(const struct sim_device *device)
{
    return device->world->documents[device->document].schema;
}

const char *sim_epoch_of(const struct sim_world *world, int64_t number)
{
    const char *name = "";

    for (size_t i = 0; i < world->epoch_count && world->epochs[i].from <= number; i++) {
        name = world->epochs[i].name;
    }
    return name;
}

/* States of a world with all closed: places that come to the same one go on alike. */
#include "sim/torture/point.h"

static uint64_t mixed(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

/* All that decides how it goes on when everything is closed, but for the ids that are yet to be
 * minted. Never 0. */
uint64_t point_state(const struct sim_world *world, uint64_t salt)
{
    uint64_t hash = mixed(salt, sim_disk_hash(world->disk));

    for (size_t i = 0; i < world->device_count; i++) {
        hash = mixed(hash, sim_disk_hash(world->devices[i].disk));
    }
    for (size_t i = 0; i < world->commit_count; i++) {
        hash = mixed(hash, world->commits[i].replaced);
    }
    hash = mixed(hash, (uint64_t)world->now_us);
    hash = mixed(hash, (uint64_t)world->answered_to);
    return hash != 0 ? hash : 1;
}

uint64_t *point_slot(struct torture_known *known, uint64_t state)
{
    size_t at = state % TORTURE_KNOWN;

    for (size_t i = 0; i < 64; i++) {
        uint64_t *slot = &known->states[(at + i) % TORTURE_KNOWN];

        if (*slot == 0 || *slot == state) {
            return slot;
        }
    }
    return &known->states[at];
}

#include "sim/strangers.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/patterns.h"

struct row {
    tern_id id;      /* all zeros: none */
    unsigned scopes; /* users in whose record it lay, a bit each */
    unsigned writers;
};

struct sim_strangers {
    struct row *rows; /* a hash table */
    size_t room;
    size_t count;
    unsigned linked[SIM_USERS];
};

struct sim_strangers *sim_strangers_new(void)
{
    struct sim_strangers *strangers = calloc(1, sizeof *strangers);

    if (strangers == NULL) {
        abort();
    }
    return strangers;
}

void sim_strangers_free(struct sim_strangers *strangers)
{
    if (strangers != NULL) {
        free(strangers->rows);
        free(strangers);
    }
}

/* ---- What is known ---- */

static struct row *slot(const struct sim_strangers *strangers, const tern_id *id)
{
    static const tern_id none;
    uint64_t hash;
    size_t at;

    memcpy(&hash, id->bytes + sizeof id->bytes - sizeof hash, sizeof hash);
    at = (hash * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (strangers->room - 1);
    while (!trn_id_equal(&strangers->rows[at].id, &none) &&
           !trn_id_equal(&strangers->rows[at].id, id)) {
        at = (at + 1) & (strangers->room - 1);
    }
    return &strangers->rows[at];
}

static void grow(struct sim_strangers *strangers)
{
    static const tern_id none;
    struct sim_strangers larger = *strangers;

    larger.room = strangers->room == 0 ? 1024 : strangers->room * 2;
    larger.rows = calloc(larger.room, sizeof *larger.rows);
    if (larger.rows == NULL) {
        abort();
    }
    for (size_t i = 0; i < strangers->room; i++) {
        if (!trn_id_equal(&strangers->rows[i].id, &none)) {
            *slot(&larger, &strangers->rows[i].id) = strangers->rows[i];
        }
    }
    free(strangers->rows);
    *strangers = larger;
}

static size_t user_of(const struct sim_world *world, const tern_id *id)
{
    size_t user = 0;

    while (user < world->user_count && !trn_id_equal(&world->users[user].id, id)) {
        user++;
    }
    return user;
}

void sim_strangers_note(struct sim_world *world,
                        const tern_id *id,
                        const tern_id *scope,
                        size_t writer)
{
    struct sim_strangers *strangers = world->strangers;
    size_t user = user_of(world, scope);
    struct row *row;

    if (2 * (strangers->count + 1) > strangers->room) {
        grow(strangers);
    }
    row = slot(strangers, id);
    strangers->count += row->scopes == 0;
    row->id = *id;
    row->scopes |= 1U << user; /* of nobody here: then it is nobody's */
    row->writers |= 1U << writer;
}

void sim_strangers_link(struct sim_world *world, const tern_value *one, const tern_value *other)
{
    tern_id ids[2];
    size_t users[2];

    if (!trn_value_id(one, &ids[0]) || !trn_value_id(other, &ids[1])) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        users[i] = user_of(world, &ids[i]);
    }
    if (users[0] < world->user_count && users[1] < world->user_count) {
        world->strangers->linked[users[0]] |= 1U << users[1];
        world->strangers->linked[users[1]] |= 1U << users[0];
    }
}

/* ---- Looking ---- */

void sim_strangers_visit(const struct sim_world *world,
                         void (*visit)(void *context, const tern_id *id, unsigned scopes),
                         void *context)
{
    const struct sim_strangers *strangers = world->strangers;

    for (size_t i = 0; i < strangers->room; i++) {
        if (strangers->rows[i].scopes != 0) {
            visit(context, &strangers->rows[i].id, strangers->rows[i].scopes);
        }
    }
}

/* What is foreign to a user. */
static struct sim_patterns *gather(const struct sim_strangers *strangers, size_t user)
{
    struct sim_patterns *patterns = sim_patterns_new();
    unsigned known = strangers->linked[user] | 1U << user;

    for (size_t i = 0; i < strangers->room; i++) {
        const struct row *row = &strangers->rows[i];

        if (row->scopes != 0 && (row->scopes & known) == 0 && (row->writers & 1U << user) == 0) {
            sim_patterns_add(patterns, &row->id);
        }
    }
    return patterns;
}

struct looking {
    struct sim_device *device;
    struct sim_patterns *patterns;
};

static void look_at_file(void *context, const char *name, const uint8_t *data, size_t size)
{
    const struct looking *looking = context;
    size_t at = 0;
    const tern_id *row = sim_patterns_find(looking->patterns, data, size, &at);
    char id[33];

    if (row != NULL) {
        trn_hex_encode(row->bytes, sizeof row->bytes, id);
        sim_fail(looking->device->world,
                 "strangers",
                 "the file %s of %s has row %s at byte %zu, of a record that was never granted",
                 name,
                 looking->device->name,
                 id,
                 at);
    }
}

void sim_strangers_look(struct sim_device *device)
{
    struct looking looking = {.device = device,
                              .patterns = gather(device->world->strangers, device->user)};

    if (!sim_patterns_are_none(looking.patterns)) {
        sim_disk_visit(device->disk, look_at_file, &looking);
    }
    sim_patterns_free(looking.patterns);
}

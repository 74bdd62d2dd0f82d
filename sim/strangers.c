/* Each pattern of bytes that is looked for covers an aligned word of four, wherever it lies: so
 * only every fourth place is looked at, and a bit says of most that no pattern has its word. */
#include "sim/strangers.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/uuid.h"

enum { WORD = 4, TEXT = 22, BITS = 1 << 18 };

struct row {
    tern_id id;      /* all zeros: none */
    unsigned scopes; /* users in whose record it lay, a bit each */
    unsigned writers;
};

/* A word of a pattern, and where in it. */
struct key {
    uint32_t word;
    uint32_t row;
    uint8_t at;
    bool is_text;
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

/* ---- Patterns ---- */

struct patterns {
    const struct sim_strangers *strangers;
    struct key *keys;
    size_t count;
    uint8_t bits[BITS / 8];
};

static uint32_t hash_of(uint32_t word)
{
    return word * UINT32_C(0x9e3779b1) >> 14;
}

static uint32_t word_at(const uint8_t *data)
{
    uint32_t word;

    memcpy(&word, data, sizeof word);
    return word;
}

static void spell(const tern_id *id, bool is_text, uint8_t ret_bytes[TEXT])
{
    if (is_text) {
        trn_base64_encode(id->bytes, sizeof id->bytes, (char *)ret_bytes);
    } else {
        memcpy(ret_bytes, id->bytes, sizeof id->bytes);
    }
}

/* The words behind the time that an id begins with. */
static void add(struct patterns *patterns, size_t row, bool is_text)
{
    uint8_t bytes[TEXT];
    uint8_t first = is_text ? 12 : 9;

    spell(&patterns->strangers->rows[row].id, is_text, bytes);
    for (uint8_t at = first; at < first + WORD; at++) {
        uint32_t word = word_at(bytes + at);
        uint32_t hash = hash_of(word);

        patterns->keys[patterns->count++] = (struct key){word, (uint32_t)row, at, is_text};
        patterns->bits[hash / 8] |= (uint8_t)(1U << hash % 8);
    }
}

static int compare(const void *left, const void *right)
{
    const struct key *a = left;
    const struct key *b = right;

    return a->word < b->word ? -1 : a->word > b->word;
}

/* What is foreign to a user. */
static void gather(struct patterns *patterns, const struct sim_strangers *strangers, size_t user)
{
    unsigned known = strangers->linked[user] | 1U << user;

    memset(patterns, 0, sizeof *patterns);
    patterns->strangers = strangers;
    patterns->keys = malloc((strangers->count + 1) * 2 * WORD * sizeof *patterns->keys);
    if (patterns->keys == NULL) {
        abort();
    }
    for (size_t i = 0; i < strangers->room; i++) {
        const struct row *row = &strangers->rows[i];

        if (row->scopes != 0 && (row->scopes & known) == 0 && (row->writers & 1U << user) == 0) {
            add(patterns, i, false);
            add(patterns, i, true);
        }
    }
    qsort(patterns->keys, patterns->count, sizeof *patterns->keys, compare);
}

/* The row whose pattern lies around the word at `at`; NULL if there is none. */
static const struct row *
match(const struct patterns *patterns, const uint8_t *data, size_t size, size_t at)
{
    struct key sought = {.word = word_at(data + at)};
    const struct key *key = bsearch(&sought, patterns->keys, patterns->count, sizeof *key, compare);
    const struct key *end = patterns->keys + patterns->count;

    while (key != NULL && key > patterns->keys && key[-1].word == sought.word) {
        key--;
    }
    for (; key != NULL && key < end && key->word == sought.word; key++) {
        const struct row *row = &patterns->strangers->rows[key->row];
        size_t length = key->is_text ? TEXT : sizeof row->id.bytes;
        uint8_t bytes[TEXT];

        spell(&row->id, key->is_text, bytes);
        if (at >= key->at && at - key->at + length <= size &&
            memcmp(data + at - key->at, bytes, length) == 0) {
            return row;
        }
    }
    return NULL;
}

struct looking {
    struct sim_device *device;
    struct patterns *patterns;
};

static void look_at_file(void *context, const char *name, const uint8_t *data, size_t size)
{
    const struct looking *looking = context;
    const struct patterns *patterns = looking->patterns;

    for (size_t at = 0; at + WORD <= size; at += WORD) {
        uint32_t hash = hash_of(word_at(data + at));
        const struct row *row = NULL;

        if ((patterns->bits[hash / 8] >> hash % 8 & 1) != 0) {
            row = match(patterns, data, size, at);
        }
        if (row != NULL) {
            char id[33];

            trn_hex_encode(row->id.bytes, sizeof row->id.bytes, id);
            sim_fail(looking->device->world,
                     "strangers",
                     "the file %s of %s has row %s at byte %zu, of a record that was never granted",
                     name,
                     looking->device->name,
                     id,
                     at);
            return;
        }
    }
}

void sim_strangers_look(struct sim_device *device)
{
    static struct patterns patterns;
    struct looking looking = {.device = device, .patterns = &patterns};

    gather(&patterns, device->world->strangers, device->user);
    if (patterns.count > 0) {
        sim_disk_visit(device->disk, look_at_file, &looking);
    }
    free(patterns.keys);
}

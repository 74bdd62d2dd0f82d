/* Each pattern of bytes that is looked for covers an aligned word of four, wherever it lies: so
 * only every fourth place is looked at, and a bit says of most that no pattern has its word. */
#include "sim/patterns.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "sim/room.h"

enum { WORD = 4, TEXT = 22, BITS = 1 << 18 };

/* A word of a pattern, and where in it. */
struct key {
    uint32_t word;
    tern_id id;
    uint8_t at;
    bool is_text;
};

struct sim_patterns {
    struct key *keys;
    size_t count;
    size_t room;
    bool is_sorted;
    uint8_t bits[BITS / 8];
};

struct sim_patterns *sim_patterns_new(void)
{
    struct sim_patterns *patterns = calloc(1, sizeof *patterns);

    if (patterns == NULL) {
        abort();
    }
    return patterns;
}

void sim_patterns_free(struct sim_patterns *patterns)
{
    if (patterns != NULL) {
        free(patterns->keys);
        free(patterns);
    }
}

bool sim_patterns_are_none(const struct sim_patterns *patterns)
{
    return patterns->count == 0;
}

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

static size_t spell(const tern_id *id, bool is_text, uint8_t ret_bytes[TEXT])
{
    if (is_text) {
        trn_base64_encode(id->bytes, sizeof id->bytes, (char *)ret_bytes);
        return TEXT;
    }
    memcpy(ret_bytes, id->bytes, sizeof id->bytes);
    return sizeof id->bytes;
}

static void add(struct sim_patterns *patterns, const tern_id *id, bool is_text)
{
    uint8_t bytes[TEXT];
    uint8_t first = is_text ? 12 : 9;

    (void)spell(id, is_text, bytes);
    for (uint8_t at = first; at < first + WORD; at++) {
        uint32_t word = word_at(bytes + at);
        uint32_t hash = hash_of(word);

        patterns->keys =
            sim_room(patterns->keys, patterns->count, &patterns->room, sizeof *patterns->keys);
        patterns->keys[patterns->count++] = (struct key){word, *id, at, is_text};
        patterns->bits[hash / 8] |= (uint8_t)(1U << hash % 8);
    }
}

void sim_patterns_add(struct sim_patterns *patterns, const tern_id *id)
{
    add(patterns, id, false);
    add(patterns, id, true);
    patterns->is_sorted = false;
}

static int compare(const void *left, const void *right)
{
    const struct key *a = left;
    const struct key *b = right;

    return a->word < b->word ? -1 : a->word > b->word;
}

/* The id whose pattern lies around the word at `at`; NULL if there is none. */
static const tern_id *
match(const struct sim_patterns *patterns, const uint8_t *data, size_t size, size_t at)
{
    struct key sought = {.word = word_at(data + at)};
    const struct key *key = bsearch(&sought, patterns->keys, patterns->count, sizeof *key, compare);
    const struct key *end = patterns->keys + patterns->count;

    while (key != NULL && key > patterns->keys && key[-1].word == sought.word) {
        key--;
    }
    for (; key != NULL && key < end && key->word == sought.word; key++) {
        uint8_t bytes[TEXT];
        size_t length = spell(&key->id, key->is_text, bytes);

        if (at >= key->at && at - key->at + length <= size &&
            memcmp(data + at - key->at, bytes, length) == 0) {
            return &key->id;
        }
    }
    return NULL;
}

const tern_id *
sim_patterns_find(struct sim_patterns *patterns, const uint8_t *data, size_t size, size_t *at)
{
    const tern_id *id = NULL;

    if (!patterns->is_sorted) {
        qsort(patterns->keys, patterns->count, sizeof *patterns->keys, compare);
        patterns->is_sorted = true;
    }
    for (size_t place = *at; id == NULL && place + WORD <= size; place += WORD) {
        uint32_t hash = hash_of(word_at(data + place));

        if ((patterns->bits[hash / 8] >> hash % 8 & 1) != 0) {
            id = match(patterns, data, size, place);
        }
        *at = place;
    }
    return id;
}

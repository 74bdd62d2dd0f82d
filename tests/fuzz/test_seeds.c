/* Each seed of a fuzzer, and what is left of it when bytes are cut off or turned at many places,
 * goes through its reader in every build. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/fuzz/fuzz.h"
#include "tests/harness/harness.h"

enum { SEED_BYTES_MAX = 8192, PLACES = 128 };

/* Of its own size, so that the address sanitizer sees a byte too far. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = trn_alloc(size);

    CHECK(copy != NULL);
    memcpy(copy, data, size);
    CHECK_INT(LLVMFuzzerTestOneInput(copy, size), 0);
    trn_free(copy);
}

static size_t read_seed(const char *name, uint8_t room[SEED_BYTES_MAX])
{
    FILE *file = fopen(trn_test_path(SEEDS_FOLDER, name), "rb");
    size_t size;

    CHECK(file != NULL);
    size = fread(room, 1, SEED_BYTES_MAX, file);
    CHECK_INT(fclose(file), 0);
    return size;
}

static void turn_bits(uint8_t *seed, size_t size, size_t at)
{
    uint8_t byte = seed[at];

    for (unsigned bit = 0; bit < 8; bit++) {
        seed[at] = (uint8_t)(byte ^ 1U << bit);
        feed(seed, size);
    }
    seed[at] = byte;
}

static void feed_around(const char *name)
{
    uint8_t seed[SEED_BYTES_MAX];
    size_t size = read_seed(name, seed);
    size_t stride = size / PLACES + 1;

    CHECK(size < SEED_BYTES_MAX);
    feed(seed, size);
    for (size_t at = 1; at < size; at += stride) {
        feed(seed, at);
        turn_bits(seed, size, at);
    }
}

TEST(no_seed_and_nothing_near_one_is_read_beyond_its_end)
{
    DIR *folder = opendir(SEEDS_FOLDER);
    const struct dirent *entry;
    unsigned seeds = 0;

    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            feed_around(entry->d_name);
            seeds++;
        }
    }
    CHECK_INT(closedir(folder), 0);
    CHECK(seeds >= 4);
}

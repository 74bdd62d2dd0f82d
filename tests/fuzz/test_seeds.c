/* Each seed, and what is left of it when bytes are cut off or turned, goes through the fuzzers'
 * readers in every build. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "tests/harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_BYTES_MAX = 4096 };

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

TEST(no_seed_and_nothing_near_one_is_read_beyond_its_end)
{
    DIR *folder = opendir(SEEDS_FOLDER);
    const struct dirent *entry;
    unsigned seeds = 0;

    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        uint8_t seed[SEED_BYTES_MAX];
        size_t size;

        if (entry->d_name[0] == '.') {
            continue;
        }
        size = read_seed(entry->d_name, seed);
        for (size_t at = 1; at < size; at++) {
            uint8_t byte = seed[at];

            feed(seed, at);
            for (unsigned bit = 0; bit < 8; bit++) {
                seed[at] = (uint8_t)(byte ^ 1U << bit);
                feed(seed, size);
            }
            seed[at] = byte;
        }
        feed(seed, size);
        seeds++;
    }
    CHECK_INT(closedir(folder), 0);
    CHECK(seeds >= 6);
}

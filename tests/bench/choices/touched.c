/* An open-addressing set over a list; a sorted list is no longer a set until it is cleared. */
#include "tests/bench/choices/touched.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/choices/bench.h"

static size_t slot_of(const struct touched *touched, int64_t rowid)
{
    size_t at = ((uint64_t)rowid * 0x9E3779B97F4A7C15u) >> 24 & (touched->slot_count - 1);

    while (touched->slots[at] != 0 && touched->rowids[touched->slots[at] - 1] != rowid) {
        at = (at + 1) & (touched->slot_count - 1);
    }
    return at;
}

static void grow(struct touched *touched)
{
    size_t i;

    touched->capacity = touched->capacity == 0 ? 64 : touched->capacity * 2;
    touched->slot_count = touched->capacity * 2;
    touched->rowids = realloc(touched->rowids, touched->capacity * sizeof(*touched->rowids));
    free(touched->slots);
    touched->slots = calloc(touched->slot_count, sizeof(*touched->slots));
    bench_check(touched->rowids != NULL && touched->slots != NULL, "memory", NULL);
    for (i = 0; i < touched->count; i++) {
        touched->slots[slot_of(touched, touched->rowids[i])] = (uint32_t)i + 1;
    }
}

int touched_add(struct touched *touched, int64_t rowid)
{
    size_t at;

    if (touched->count == touched->capacity) {
        grow(touched);
    }
    at = slot_of(touched, rowid);
    if (touched->slots[at] != 0) {
        return 0;
    }
    touched->rowids[touched->count++] = rowid;
    touched->slots[at] = (uint32_t)touched->count;
    return 1;
}

void touched_clear(struct touched *touched)
{
    if (touched->count > 0) {
        memset(touched->slots, 0, touched->slot_count * sizeof(*touched->slots));
        touched->count = 0;
    }
}

static int compare_rowids(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

void touched_sort(struct touched *touched)
{
    if (touched->count > 0) {
        qsort(touched->rowids, touched->count, sizeof(*touched->rowids), compare_rowids);
    }
}

void touched_free(struct touched *touched)
{
    free(touched->rowids);
    free(touched->slots);
}

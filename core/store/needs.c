/* In order, so that a reader may stop early. */
#include "store/needs.h"

#include <stdlib.h>

#include "base/error.h"

static int compare_ordinals(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;

    return (*a > *b) - (*a < *b);
}

tern_status trn_needs_write(struct trn_bytes *text,
                            const uint64_t *depends_on,
                            size_t depends_count,
                            tern_error *error)
{
    struct trn_bytes sorted = {0};
    const uint64_t *ordinals;
    tern_status status;

    if (depends_count == 0) {
        return TERN_OK;
    }
    status = trn_bytes_append(&sorted, depends_on, depends_count * sizeof *depends_on);
    if (status == TERN_OK) {
        qsort(sorted.data, depends_count, sizeof *depends_on, compare_ordinals);
        status = trn_bytes_append_byte(text, ',');
    }
    ordinals = (const void *)sorted.data;
    for (size_t i = 0; i < depends_count && status == TERN_OK; i++) {
        status = trn_bytes_append_format(text, "%llu,", (unsigned long long)ordinals[i]);
    }
    trn_bytes_free(&sorted);
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

size_t
trn_needs_read(const char *needs, uint64_t after, uint64_t *ret_ordinals, size_t room, bool stops)
{
    size_t count = 0;

    while (needs[0] == ',' && needs[1] != '\0' && (!stops || count < room)) {
        char *end = NULL;
        uint64_t ordinal = strtoull(needs + 1, &end, 10);

        if (ordinal > after && count < room) {
            ret_ordinals[count] = ordinal;
        }
        count += ordinal > after;
        needs = end;
    }
    return count;
}

/* TZif files: a first block for readers of 32 bits, which is passed over, then the one of 64 bits,
 * then the rule. */
#include "medication/tzif.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum {
    HEADER_BYTES = 44,
    COUNTS_AT = 20,
    KIND_BYTES = 6,
    TIMES_MAX = 10000,
    NAMES_MAX = 4096,
    LEAPS_MAX = 1000
};

/* The counts of a header, in its order. */
enum { UT_MARKS, WALL_MARKS, LEAPS, TIMES, KINDS, NAMES, COUNTS };

struct block {
    uint32_t counts[COUNTS];
    const uint8_t *times;
    const uint8_t *indexes;
    const uint8_t *kinds;
    const uint8_t *end;
};

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_i64(const uint8_t *at)
{
    uint64_t bits = (uint64_t)read_u32(at) << 32 | read_u32(at + 4);

    return bits > INT64_MAX ? -(int64_t)(UINT64_MAX - bits) - 1 : (int64_t)bits;
}

static int32_t read_i32(const uint8_t *at)
{
    uint32_t bits = read_u32(at);

    return bits > INT32_MAX ? -(int32_t)(UINT32_MAX - bits) - 1 : (int32_t)bits;
}

static tern_status broken(tern_error *error, const char *what)
{
    return trn_fail(error, TERN_ERR_CORRUPT, "zone file: %s", what);
}

/* Reads the header at `at` and finds where the parts of its block lie. */
static tern_status read_block(const uint8_t *at,
                              const uint8_t *end,
                              size_t time_bytes,
                              struct block *block,
                              tern_error *error)
{
    static const uint32_t most[COUNTS] = {TRN_ZONE_KINDS_MAX,
                                          TRN_ZONE_KINDS_MAX,
                                          LEAPS_MAX,
                                          TIMES_MAX,
                                          TRN_ZONE_KINDS_MAX,
                                          NAMES_MAX};
    const uint32_t *counts = block->counts;
    size_t size;

    if (end - at < HEADER_BYTES || memcmp(at, "TZif", 4) != 0) {
        return broken(error, "no header");
    }
    for (size_t i = 0; i < COUNTS; i++) {
        block->counts[i] = read_u32(at + COUNTS_AT + 4 * i);
        if (block->counts[i] > most[i]) {
            return broken(error, "a count is too large");
        }
    }
    block->times = at + HEADER_BYTES;
    block->indexes = block->times + counts[TIMES] * time_bytes;
    block->kinds = block->indexes + counts[TIMES];
    size = counts[TIMES] * (time_bytes + 1) + (size_t)counts[KINDS] * KIND_BYTES + counts[NAMES] +
           counts[LEAPS] * (time_bytes + 4) + counts[WALL_MARKS] + counts[UT_MARKS];
    if ((size_t)(end - block->times) < size) {
        return broken(error, "it ends too early");
    }
    block->end = block->times + size;
    return TERN_OK;
}

static tern_status check_block(const struct block *block, tern_error *error)
{
    if (block->counts[KINDS] == 0) {
        return broken(error, "no kind of local time");
    }
    if (block->counts[LEAPS] != 0) {
        return broken(error, "it counts leap seconds, which clocks here do not");
    }
    for (uint32_t i = 0; i < block->counts[KINDS]; i++) {
        const uint8_t *kind = block->kinds + (size_t)i * KIND_BYTES;
        int32_t offset = read_i32(kind);

        if (offset > TRN_ZONE_OFFSET_MAX || offset < -TRN_ZONE_OFFSET_MAX) {
            return broken(error, "an offset is out of range");
        }
        if (kind[4] > 1 || kind[5] >= block->counts[NAMES]) {
            return broken(error, "a kind of local time is malformed");
        }
    }
    return TERN_OK;
}

static int32_t kind_offset(const struct block *block, uint8_t kind)
{
    return read_i32(block->kinds + (size_t)kind * KIND_BYTES);
}

static tern_status fill_times(const struct block *block, struct trn_tzif *zone, tern_error *error)
{
    size_t count = block->counts[TIMES];

    zone->times = trn_calloc(count, sizeof(*zone->times));
    zone->offsets = trn_calloc(count, sizeof(*zone->offsets));
    if (zone->times == NULL || zone->offsets == NULL) {
        return trn_fail_nomem(error);
    }
    for (size_t i = 0; i < count; i++) {
        zone->times[i] = read_i64(block->times + 8 * i);
        if (i > 0 && zone->times[i] <= zone->times[i - 1]) {
            return broken(error, "its changes are out of order");
        }
        if (block->indexes[i] >= block->counts[KINDS]) {
            return broken(error, "a change leads to no kind of local time");
        }
        zone->offsets[i] = kind_offset(block, block->indexes[i]);
    }
    zone->count = count;
    zone->first_s = kind_offset(block, 0);
    return TERN_OK;
}

/* A newline, a TZ text or nothing, a newline. */
static tern_status
read_footer(const uint8_t *at, const uint8_t *end, struct trn_tzif *zone, tern_error *error)
{
    const uint8_t *close;

    if (at == end || *at != '\n') {
        return broken(error, "no footer");
    }
    at++;
    close = memchr(at, '\n', (size_t)(end - at));
    if (close == NULL) {
        return broken(error, "its footer ends too early");
    }
    zone->has_rule = close > at;
    if (zone->has_rule && !trn_rule_parse((const char *)at, (size_t)(close - at), &zone->rule)) {
        return broken(error, "its footer is no rule");
    }
    return TERN_OK;
}

tern_status
trn_tzif_read(const void *data, size_t size, struct trn_tzif *ret_zone, tern_error *error)
{
    const uint8_t *bytes = data;
    const uint8_t *end = bytes + size;
    struct block block = {.times = bytes, .indexes = bytes, .kinds = bytes, .end = bytes};
    struct trn_tzif zone = {0};
    tern_status status = read_block(bytes, end, 4, &block, error);

    if (status != TERN_OK) {
        return status;
    }
    if (bytes[4] < '2') {
        return broken(error, "it is of version 1, which ends in 2038");
    }
    status = read_block(block.end, end, 8, &block, error);
    if (status == TERN_OK) {
        status = check_block(&block, error);
    }
    if (status == TERN_OK) {
        status = fill_times(&block, &zone, error);
    }
    if (status == TERN_OK) {
        status = read_footer(block.end, end, &zone, error);
    }
    if (status != TERN_OK) {
        trn_tzif_free(&zone);
        return status;
    }
    *ret_zone = zone;
    return TERN_OK;
}

int32_t trn_tzif_offset(const struct trn_tzif *zone, int64_t utc_s)
{
    size_t low = 0;
    size_t high = zone->count;

    while (low < high) { /* the first change after the moment */
        size_t middle = low + (high - low) / 2;

        if (zone->times[middle] <= utc_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == zone->count && zone->has_rule) {
        return trn_rule_offset(&zone->rule, utc_s);
    }
    return low == 0 ? zone->first_s : zone->offsets[low - 1];
}

void trn_tzif_free(struct trn_tzif *zone)
{
    trn_free(zone->times);
    trn_free(zone->offsets);
    *zone = (struct trn_tzif){0};
}

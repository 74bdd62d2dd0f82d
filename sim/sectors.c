#include "sim/sectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

enum { SPARES = 16, SPARE_MOST = 1 << 22, PAGE = 4096, SECTOR = SIM_SECTOR };

struct sim_shadow {
    struct sim_shadow *next; /* of those that are not in use */
    uint8_t old[PAGE];
    uint8_t dirty; /* a bit a sector */
};

static bool has_power; /* for good */

void sim_sectors_spare_power(bool spared)
{
    has_power = spared;
}

bool sim_sectors_have_power(void)
{
    return has_power;
}

void *sim_disk_grown(void *block, size_t size)
{
    sim_memory_suspend();
    block = realloc(block, size);
    sim_memory_resume();
    if (block == NULL) {
        (void)fprintf(stderr, "sim: no memory for its own disks\n");
        abort();
    }
    return block;
}

void *sim_disk_zeroed(size_t size)
{
    return memset(sim_disk_grown(NULL, size), 0, size);
}

/* ---- Shadows ---- */

static struct sim_shadow *vacant; /* given back; of all disks */

static struct sim_shadow *take_shadow(void)
{
    struct sim_shadow *shadow = vacant;

    if (shadow == NULL) {
        return sim_disk_grown(NULL, sizeof *shadow);
    }
    vacant = shadow->next;
    return shadow;
}

void sim_sectors_sync(struct sim_sectors *sectors)
{
    for (size_t i = sectors->shadow_from; i < sectors->shadow_end; i++) {
        if (sectors->shadows[i] != NULL) {
            sectors->shadows[i]->next = vacant;
            vacant = sectors->shadows[i];
            sectors->shadows[i] = NULL;
        }
    }
    sectors->shadow_from = sectors->shadow_count;
    sectors->shadow_end = 0;
    sectors->synced_size = sectors->size;
}

static struct sim_shadow *shadow_of(struct sim_sectors *sectors, size_t page)
{
    if (page >= sectors->shadow_count) {
        size_t count = (page + 1) * 2;

        sectors->shadows = sim_disk_grown(sectors->shadows, count * sizeof *sectors->shadows);
        memset(sectors->shadows + sectors->shadow_count,
               0,
               (count - sectors->shadow_count) * sizeof *sectors->shadows);
        sectors->shadow_count = count;
    }
    if (sectors->shadows[page] == NULL) {
        struct sim_shadow *shadow = take_shadow();
        size_t at = page * PAGE;
        size_t held = at >= sectors->size ? 0 : sectors->size - at;

        held = held < PAGE ? held : PAGE;
        shadow->dirty = 0;
        if (held > 0) {
            memcpy(shadow->old, sectors->data + at, held);
        }
        memset(shadow->old + held, 0, PAGE - held);
        sectors->shadows[page] = shadow;
        sectors->shadow_from = page < sectors->shadow_from ? page : sectors->shadow_from;
        sectors->shadow_end = page >= sectors->shadow_end ? page + 1 : sectors->shadow_end;
    }
    return sectors->shadows[page];
}

void sim_sectors_touch(struct sim_sectors *sectors, size_t at, size_t end)
{
    while (at < end && !has_power) {
        size_t page = at / PAGE;
        size_t stop = end < (page + 1) * PAGE ? end : (page + 1) * PAGE;
        unsigned first = (unsigned)(at % PAGE / SECTOR);
        unsigned last = (unsigned)((stop - 1) % PAGE / SECTOR);

        shadow_of(sectors, page)->dirty |= (uint8_t)((2U << last) - (1U << first));
        at = stop;
    }
}

/* Given back, of all disks: a log that grows would else be copied again and again in each life. */
static struct {
    uint8_t *data;
    size_t capacity;
} spare[SPARES];

static void take_spare(struct sim_sectors *sectors, size_t size)
{
    size_t best = 0;

    for (size_t i = 1; i < SPARES; i++) {
        best = spare[i].capacity > spare[best].capacity ? i : best;
    }
    if (spare[best].capacity >= size) {
        sectors->data = spare[best].data;
        sectors->capacity = spare[best].capacity;
        spare[best].data = NULL;
        spare[best].capacity = 0;
    }
}

static void give_spare(struct sim_sectors *sectors)
{
    size_t least = 0;

    for (size_t i = 1; i < SPARES; i++) {
        least = spare[i].capacity < spare[least].capacity ? i : least;
    }
    if (sectors->capacity <= SPARE_MOST && sectors->capacity > spare[least].capacity) {
        free(spare[least].data);
        spare[least].data = sectors->data;
        spare[least].capacity = sectors->capacity;
    } else {
        free(sectors->data);
    }
    sectors->data = NULL;
    sectors->capacity = 0;
}

void sim_sectors_reserve(struct sim_sectors *sectors, size_t size)
{
    if (size > sectors->capacity && sectors->data == NULL) {
        take_spare(sectors, size);
    }
    if (size > sectors->capacity) {
        size_t capacity = 2 * size + (size_t)64 * PAGE;

        sectors->data = sim_disk_grown(sectors->data, capacity);
        sectors->capacity = capacity;
    }
}

void sim_sectors_resize(struct sim_sectors *sectors, size_t size)
{
    sim_sectors_reserve(sectors, size);
    if (size > sectors->size) {
        memset(sectors->data + sectors->size, 0, size - sectors->size);
    }
    sectors->size = size;
}

/* One sector that was not synced: as it was, as it became, or the two torn apart. */
static void
settle_sector(struct sim_dice *dice, unsigned keep, uint8_t *now, const uint8_t *old, size_t size)
{
    if (sim_chance(dice, keep)) {
        return;
    }
    if (sim_chance(dice, 5)) {
        memcpy(now, old, (size_t)sim_roll(dice, (unsigned)size));
    } else {
        memcpy(now, old, size);
    }
}

void sim_sectors_lose_power(struct sim_sectors *sectors, struct sim_dice *dice)
{
    static const unsigned odds[] = {0, 50, 90, 100};
    unsigned keep = odds[sim_roll(dice, 4)];
    size_t end = sectors->size;

    if (sectors->synced_size > sectors->size && sim_chance(dice, 50)) {
        sim_sectors_resize(sectors, sectors->synced_size);
    }
    for (size_t page = 0; page < sectors->shadow_count; page++) {
        struct sim_shadow *shadow = sectors->shadows[page];

        for (size_t i = 0; shadow != NULL && i < PAGE / SECTOR; i++) {
            size_t at = page * PAGE + i * SECTOR;
            size_t size;

            if (((unsigned)shadow->dirty >> i & 1U) == 0 || at >= sectors->size) {
                continue;
            }
            size = sectors->size - at < SECTOR ? sectors->size - at : SECTOR;
            if (at >= end) { /* a truncation that did not happen takes nothing with it */
                memcpy(sectors->data + at, shadow->old + i * SECTOR, size);
            } else {
                settle_sector(dice, keep, sectors->data + at, shadow->old + i * SECTOR, size);
            }
        }
    }
    if (sectors->size > sectors->synced_size && (keep == 0 || sim_chance(dice, 30))) {
        size_t more = (sectors->size - sectors->synced_size) / SECTOR;

        sectors->size = sectors->synced_size +
                        (keep == 0 ? 0 : SECTOR * (size_t)sim_roll(dice, (unsigned)more + 1));
    }
    sim_sectors_sync(sectors);
}

void sim_sectors_free(struct sim_sectors *sectors)
{
    sim_sectors_sync(sectors);
    free(sectors->shadows);
    give_spare(sectors);
}

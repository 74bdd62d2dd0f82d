/* SplitMix64: small, fast, and any seed is as good as any other. */
#include "sim/dice.h"

#include <string.h>

struct sim_dice sim_dice_make(uint64_t seed)
{
    return (struct sim_dice){seed};
}

uint64_t sim_dice_next(struct sim_dice *dice)
{
    uint64_t z = (dice->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned sim_roll(struct sim_dice *dice, unsigned below)
{
    return below == 0 ? 0 : (unsigned)((sim_dice_next(dice) >> 32) % below);
}

bool sim_chance(struct sim_dice *dice, unsigned percent)
{
    return sim_roll(dice, 100) < percent;
}

void sim_dice_fill(struct sim_dice *dice, void *buffer, size_t size)
{
    uint8_t *bytes = buffer;

    while (size > 0) {
        uint64_t word = sim_dice_next(dice);
        size_t part = size < sizeof word ? size : sizeof word;

        memcpy(bytes, &word, part);
        bytes += part;
        size -= part;
    }
}

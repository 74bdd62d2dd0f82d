/* Dice: a seed's own sequence of numbers, the same on every machine. */
#ifndef TERN_SIM_DICE_H
#define TERN_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_dice {
    uint64_t state;
};

struct sim_dice sim_dice_make(uint64_t seed);
uint64_t sim_dice_next(struct sim_dice *dice);
/* From 0 to `below` - 1; 0 for 0. */
unsigned sim_roll(struct sim_dice *dice, unsigned below);
/* True `percent` times in a hundred. */
bool sim_chance(struct sim_dice *dice, unsigned percent);
void sim_dice_fill(struct sim_dice *dice, void *buffer, size_t size);

#endif

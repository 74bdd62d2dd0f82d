/*
 * Ids, looked for in raw bytes: as tables hold them and as they travel. What an id begins with is a
 * time, which many share; so it is the bytes behind that which find it.
 */
#ifndef TERN_SIM_PATTERNS_H
#define TERN_SIM_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/value.h"

struct sim_patterns;

struct sim_patterns *sim_patterns_new(void);
/* NULL is accepted. */
void sim_patterns_free(struct sim_patterns *patterns);
void sim_patterns_add(struct sim_patterns *patterns, const tern_id *id);
bool sim_patterns_are_none(const struct sim_patterns *patterns);
/* The next id in the bytes from `*at` on, and the place there; NULL: none. From that place the next
 * search goes on. */
const tern_id *
sim_patterns_find(struct sim_patterns *patterns, const uint8_t *data, size_t size, size_t *at);

#endif

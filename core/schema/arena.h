/* Memory that is given back all at once: what a loaded description is made of. */
#ifndef TRN_SCHEMA_ARENA_H
#define TRN_SCHEMA_ARENA_H

#include <stddef.h>

struct trn_arena_block;

/* All zero is empty and valid. */
struct trn_arena {
    struct trn_arena_block *blocks;
};

/* Zeroed room for `count` items of `size` bytes, aligned for anything; NULL when memory ran out,
 * never because `count` is 0. */
void *trn_arena_take(struct trn_arena *arena, size_t count, size_t size);
/* A copy of `size` bytes with a NUL behind it, or NULL. */
char *trn_arena_copy(struct trn_arena *arena, const void *bytes, size_t size);
void trn_arena_free(struct trn_arena *arena);

#endif

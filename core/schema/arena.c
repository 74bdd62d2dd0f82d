/* Blocks in a list, each filled from its start; a request that no block has room for gets one of
 * its own size. */
#include "schema/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK_BYTES = 8192 };

struct trn_arena_block {
    struct trn_arena_block *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

static struct trn_arena_block *add_block(struct trn_arena *arena, size_t size)
{
    size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    struct trn_arena_block *block = trn_alloc(sizeof(*block) + room);

    if (block == NULL) {
        return NULL;
    }
    block->used = 0;
    block->size = room;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *trn_arena_take(struct trn_arena *arena, size_t count, size_t size)
{
    const size_t unit = _Alignof(max_align_t);
    struct trn_arena_block *block = arena->blocks;
    size_t bytes;
    void *taken;

    if (size != 0 && count > (SIZE_MAX / 2) / size) {
        return NULL;
    }
    bytes = (count * size + unit - 1) / unit * unit;
    if (block == NULL || block->size - block->used < bytes) {
        block = add_block(arena, bytes);
    }
    if (block == NULL) {
        return NULL;
    }
    taken = block->bytes + block->used;
    block->used += bytes;
    memset(taken, 0, bytes);
    return taken;
}

char *trn_arena_copy(struct trn_arena *arena, const void *bytes, size_t size)
{
    char *copy = trn_arena_take(arena, size + 1, 1);

    if (copy != NULL && size != 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

void trn_arena_free(struct trn_arena *arena)
{
    while (arena->blocks != NULL) {
        struct trn_arena_block *next = arena->blocks->next;

        trn_free(arena->blocks);
        arena->blocks = next;
    }
}

/* Calls of one machine at a time; each of its calls adds what it left behind. Blocks of our code
 * are seen by the linker's --wrap of base/memory.h. */
#include "sim/held.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

#include "base/memory.h"
#include "sim/world.h"

struct sim_held sim_held_all;
static int64_t blocks;
static int64_t mark; /* at the beginning of the call */
static unsigned depth;
static int caller;
static struct sim_held machines[SIM_DEVICES + 1];

void *__wrap_trn_alloc(size_t size);
void *__wrap_trn_calloc(size_t count, size_t size);
void *__wrap_trn_realloc(void *block, size_t size);
void __wrap_trn_free(void *block);
void *__real_trn_alloc(size_t size);
void *__real_trn_calloc(size_t count, size_t size);
void *__real_trn_realloc(void *block, size_t size);
void __real_trn_free(void *block);

/* ---- Blocks ---- */

int64_t sim_held_blocks(void)
{
    return blocks;
}

static void *counted(void *block)
{
    if (block != NULL) {
        blocks++;
        sim_held_take(malloc_usable_size(block));
    }
    return block;
}

void *__wrap_trn_alloc(size_t size)
{
    return counted(__real_trn_alloc(size));
}

void *__wrap_trn_calloc(size_t count, size_t size)
{
    return counted(__real_trn_calloc(count, size));
}

void *__wrap_trn_realloc(void *block, size_t size)
{
    size_t before = block != NULL ? malloc_usable_size(block) : 0;
    void *larger = __real_trn_realloc(block, size);

    if (block == NULL) {
        return counted(larger);
    }
    if (larger != NULL) {
        sim_held_take(malloc_usable_size(larger));
        sim_held_give(before);
    }
    return larger;
}

void __wrap_trn_free(void *block)
{
    if (block != NULL) {
        blocks--;
        sim_held_give(malloc_usable_size(block));
    }
    __real_trn_free(block);
}

static void *json_take(size_t size)
{
    void *block = malloc(size);

    sim_held_take(block != NULL ? malloc_usable_size(block) : 0);
    return block;
}

static void json_give(void *block)
{
    sim_held_give(block != NULL ? malloc_usable_size(block) : 0);
    free(block);
}

void sim_held_install(void)
{
    json_set_alloc_funcs(json_take, json_give);
}

/* ---- Machines ---- */

static struct sim_held *held_of(int machine)
{
    return &machines[machine - SIM_SERVER];
}

void sim_held_enter(int machine)
{
    if (depth++ == 0) {
        caller = machine;
        mark = sim_held_all.now;
        sim_held_all.most = sim_held_all.now;
    }
}

void sim_held_leave(void)
{
    struct sim_held *held = held_of(caller);

    if (--depth > 0) {
        return;
    }
    if (held->now + sim_held_all.most - mark > held->most) {
        held->most = held->now + sim_held_all.most - mark;
    }
    held->now += sim_held_all.now - mark;
}

void sim_held_forget(int machine)
{
    *held_of(machine) = (struct sim_held){0, 0};
}

struct sim_held sim_held_mark(int machine)
{
    struct sim_held *held = held_of(machine);
    struct sim_held marked = *held;

    held->most = held->now;
    return marked;
}

void sim_held_overlook(int machine, struct sim_held marked)
{
    *held_of(machine) = marked;
}

int64_t sim_held_most(int machine, struct sim_held marked)
{
    struct sim_held *held = held_of(machine);
    int64_t most = held->most;

    held->most = marked.most > most ? marked.most : most;
    return most - marked.now;
}

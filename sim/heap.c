/*
 * A heap for SQLite in a program of one thread: blocks of a few sizes, each given back to a list of
 * its own size and never to the system. Half of what a life costs is SQLite parsing schemas and
 * statements, in thousands of small blocks.
 */
#include "sim/heap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/held.h"
#include "sim/memory.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_WATCHED 1
#endif
#endif

#ifndef IS_WATCHED

enum {
    STEP = 16,
    SMALL = 2048,
    LARGE = 1 << 17,
    SLAB = 8 * SIM_MEMORY_WIDE,
    CLASSES = SMALL / STEP + 6
};

/* Stands before each block. */
struct head {
    uint64_t room; /* without the head */
};

/* A block that nobody has. */
struct vacant {
    struct vacant *next;
};

static struct vacant *lists[CLASSES];
static uint8_t *slab;
static size_t slab_left;

static size_t room_of(size_t size)
{
    size_t room = SMALL;

    if (size <= SMALL) {
        return (size + STEP - 1) / STEP * STEP;
    }
    while (room < size) {
        room *= 2;
    }
    return room;
}

/* The list of a room that room_of gave. */
static struct vacant **list_of(size_t room)
{
    size_t index = (room < SMALL ? room : SMALL) / STEP - 1;

    for (; room > SMALL; room /= 2) {
        index++;
    }
    return &lists[index];
}

static struct head *cut(size_t size)
{
    struct head *head;

    if (size > slab_left) { /* the rest of the old one is lost */
        slab = aligned_alloc(SIM_MEMORY_WIDE, SLAB);
        slab_left = slab != NULL ? SLAB : 0;
        sim_memory_widen(slab, slab_left);
    }
    if (size > slab_left) {
        return NULL;
    }
    head = (struct head *)(void *)slab;
    slab += size;
    slab_left -= size;
    return head;
}

static void *take(int size) /* never 0: SQLite sees to that */
{
    size_t room = room_of((size_t)size);
    struct vacant **list;
    struct head *head;

    if (room > LARGE) {
        head = malloc(sizeof *head + room);
    } else {
        list = list_of(room);
        if (*list != NULL) {
            struct vacant *block = *list;

            *list = block->next;
            sim_held_take(room);
            return block;
        }
        head = cut(sizeof *head + room);
    }
    if (head == NULL) {
        return NULL;
    }
    head->room = room;
    sim_held_take(room);
    return head + 1;
}

static struct head *head_of(void *block)
{
    return (struct head *)block - 1;
}

static int size_of(void *block)
{
    return block != NULL ? (int)head_of(block)->room : 0;
}

static void give(void *block)
{
    struct vacant *vacant = block;
    struct vacant **list;

    if (block == NULL) {
        return;
    }
    sim_held_give(head_of(block)->room);
    if (head_of(block)->room > LARGE) {
        free(head_of(block));
        return;
    }
    list = list_of(head_of(block)->room);
    vacant->next = *list;
    *list = vacant;
}

static void *resize(void *block, int size)
{
    void *larger;

    if ((size_t)size <= head_of(block)->room) {
        return block;
    }
    larger = take(size);
    if (larger != NULL) {
        memcpy(larger, block, head_of(block)->room);
        give(block);
    }
    return larger;
}

static int round_up(int size)
{
    return (int)room_of((size_t)size);
}

static int begin(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void end(void *unused)
{
    (void)unused;
}

void sim_heap_use(sqlite3_mem_methods *ret_methods)
{
    *ret_methods = (sqlite3_mem_methods){.xMalloc = take,
                                         .xFree = give,
                                         .xRealloc = resize,
                                         .xSize = size_of,
                                         .xRoundup = round_up,
                                         .xInit = begin,
                                         .xShutdown = end};
}

#else /* a sanitizer is to see each block */

void sim_heap_use(sqlite3_mem_methods *ret_methods)
{
    (void)ret_methods;
}

#endif

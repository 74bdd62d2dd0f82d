/*
 * A heap for SQLite in a program of one thread: blocks of a few sizes, each given back to a list of
 * its own size and never to the system. Half of what a life costs is SQLite parsing schemas and
 * statements, in thousands of small blocks.
 *
 * Below a sanitizer SQLite's blocks are the sanitizer's, but where SIM_HEAP_POISONED is said: then
 * they are poisoned here while nobody has them, as is what lies between them, and none is had again
 * before some others were given back. So whoever reads a cell of a statement that has gone on
 * is still told, and the sanitizer's allocator, two fifths of a life, is left out.
 */
#ifdef __linux__
#define _DEFAULT_SOURCE /* madvise */
#endif
#include "sim/heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "sim/held.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_WATCHED 1
#endif
#endif

#if defined(IS_WATCHED) && defined(SIM_HEAP_POISONED)
#define IS_POISONED 1
#include <sanitizer/asan_interface.h>
#define UNWATCHED __attribute__((no_sanitize_address))
#else
#define UNWATCHED
#endif

void sim_heap_widen(void *begin, size_t size)
{
#ifdef __linux__
    (void)madvise(begin, size, MADV_HUGEPAGE);
#else
    (void)begin;
    (void)size;
#endif
}

#if !defined(IS_WATCHED) || defined(SIM_HEAP_POISONED)

enum {
    STEP = 16,
    SMALL = 2048,
    SMALL_LISTS = SMALL / STEP, /* list n: n steps; behind these each has twice the room */
    LARGE = 1 << 17,
    SLAB = 8 * SIM_HEAP_WIDE,
    LISTS = SMALL_LISTS + 7,
    SYSTEM = 0,  /* instead of a list: larger than any of them has */
    WAITING = 16 /* below a sanitizer */
};

/* Stands before each block. */
struct head {
#ifdef IS_POISONED
    struct head *next; /* of those that nobody has: what follows is not to be read then */
#endif
    uint32_t room; /* without the head */
    uint32_t list;
};

static uint8_t *slab;
static size_t slab_left;

static uint32_t list_for(size_t size)
{
    uint32_t list = SMALL_LISTS;

    if (size <= SMALL) {
        return (uint32_t)(size + STEP - 1) / STEP;
    }
    if (size > LARGE) {
        return SYSTEM;
    }
    for (size_t room = SMALL; room < size; room *= 2) {
        list++;
    }
    return list;
}

static uint32_t room_for(size_t size, uint32_t list)
{
    uint32_t room = LARGE;

    if (list != SYSTEM) {
        return list <= SMALL_LISTS ? list * STEP : (uint32_t)SMALL << (list - SMALL_LISTS);
    }
    while (room < size) {
        room *= 2;
    }
    return room;
}

/* ---- Blocks that nobody has ---- */

#ifdef IS_POISONED

/* The newest of those that were given back wait: what was just said of them is told. The others
 * are had again at once, as they are at hand. */
static struct {
    struct head *waiting[WAITING];
    unsigned oldest;
    struct head *first;
} lists[LISTS];

UNWATCHED static void push(struct head *head)
{
    uint32_t list = head->list;
    struct head **place = &lists[list].waiting[lists[list].oldest];
    struct head *waited = *place;

    ASAN_POISON_MEMORY_REGION(head + 1, head->room);
    *place = head;
    lists[list].oldest = (lists[list].oldest + 1) % WAITING;
    if (waited != NULL) {
        waited->next = lists[list].first;
        lists[list].first = waited;
    }
}

UNWATCHED static struct head *pop(uint32_t list)
{
    struct head *head = lists[list].first;

    if (head != NULL) {
        lists[list].first = head->next;
        ASAN_UNPOISON_MEMORY_REGION(head + 1, head->room);
    }
    return head;
}

#else

struct vacant {
    struct vacant *next;
};

static struct vacant *lists[LISTS];

static void push(struct head *head)
{
    struct vacant *vacant = (struct vacant *)(head + 1);

    vacant->next = lists[head->list];
    lists[head->list] = vacant;
}

static struct head *pop(uint32_t list)
{
    struct vacant *vacant = lists[list];

    if (vacant == NULL) {
        return NULL;
    }
    lists[list] = vacant->next;
    return (struct head *)vacant - 1;
}

#endif

/* ---- The heap ---- */

static struct head *cut(size_t size)
{
    struct head *head;

    if (size > slab_left) { /* the rest of the old one is lost */
        slab = aligned_alloc(SIM_HEAP_WIDE, SLAB);
        slab_left = slab != NULL ? SLAB : 0;
        sim_heap_widen(slab, slab_left);
    }
    if (size > slab_left) {
        return NULL;
    }
    head = (struct head *)(void *)slab;
    slab += size;
    slab_left -= size;
    return head;
}

static struct head *head_of(void *block)
{
    return (struct head *)block - 1;
}

UNWATCHED static size_t room_at(void *block)
{
    return (size_t)head_of(block)->room;
}

UNWATCHED static bool is_of_system(void *block)
{
    return head_of(block)->list == SYSTEM;
}

/* A block that nobody has had. Rare, and kept out of what is called a million times in a life. */
UNWATCHED __attribute__((noinline)) static void *make(size_t size, uint32_t list)
{
    uint32_t room = room_for(size, list);
    size_t whole = sizeof(struct head) + room;
    struct head *head = list == SYSTEM ? malloc(whole) : cut(whole);

    if (head == NULL) {
        return NULL;
    }
    head->room = room;
    head->list = list;
#ifdef IS_POISONED
    ASAN_POISON_MEMORY_REGION(head, sizeof *head);
#endif
    return head + 1;
}

static void *take(int size) /* never 0: SQLite sees to that */
{
    uint32_t list = list_for((size_t)size);
    struct head *head = pop(list); /* of SYSTEM none was ever given back */
    void *block = head != NULL ? head + 1 : make((size_t)size, list);

    if (block != NULL) {
        sim_held_take(room_at(block));
    }
    return block;
}

static int size_of(void *block)
{
    return block != NULL ? (int)room_at(block) : 0;
}

static void give(void *block)
{
    if (block == NULL) {
        return;
    }
    sim_held_give(room_at(block));
    if (is_of_system(block)) {
#ifdef IS_POISONED
        ASAN_UNPOISON_MEMORY_REGION(head_of(block), sizeof(struct head));
#endif
        free(head_of(block));
    } else {
        push(head_of(block));
    }
}

static void *resize(void *block, int size)
{
    void *larger;

    if ((size_t)size <= room_at(block)) {
        return block;
    }
    larger = take(size);
    if (larger != NULL) {
        memcpy(larger, block, room_at(block));
        give(block);
    }
    return larger;
}

static int round_up(int size)
{
    return (int)room_for((size_t)size, list_for((size_t)size));
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

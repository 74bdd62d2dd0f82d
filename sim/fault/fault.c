/* A countdown before each allocator. */
#include "sim/fault/fault.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <sqlite3.h>

static atomic_int suspended;
static atomic_uint countdown; /* 0: nothing armed; 1: the next one fails */
static atomic_bool struck;
static void (*hearer)(void);
static sqlite3_mem_methods sqlite_heap;

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);

/* Threads other than the test's may allocate at the same time, hence the exchange. */
static bool counts_down(unsigned left)
{
    if (atomic_load(&suspended) != 0) {
        return false;
    }
    while (!atomic_compare_exchange_weak(&countdown, &left, left - 1)) {
        if (left == 0) {
            return false;
        }
    }
    if (left != 1) {
        return false;
    }
    atomic_store(&struck, true);
    if (hearer != NULL) {
        hearer();
    }
    return true;
}

static inline bool fails_now(void)
{
    unsigned left = atomic_load(&countdown);

    return left != 0 && counts_down(left);
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return fails_now() ? NULL : __real_realloc(block, size);
}

static void *sqlite_malloc(int size)
{
    return fails_now() ? NULL : sqlite_heap.xMalloc(size);
}

static void *sqlite_realloc(void *block, int size)
{
    return fails_now() ? NULL : sqlite_heap.xRealloc(block, size);
}

static void *jansson_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

static void jansson_free(void *block)
{
    free(block);
}

void fault_install(void)
{
    sqlite3_mem_methods failing;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_heap) != SQLITE_OK) {
        (void)fprintf(stderr, "fault: sqlite3 was in use before main\n");
        abort();
    }
    failing = sqlite_heap;
    failing.xMalloc = sqlite_malloc;
    failing.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK ||
        /* Small requests would else be served from a buffer that never fails. */
        sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK) {
        (void)fprintf(stderr, "fault: sqlite3 refuses the failing allocator\n");
        abort();
    }
    json_set_alloc_funcs(jansson_malloc, jansson_free);
}

void fault_arm(unsigned nth)
{
    atomic_store(&struck, false);
    atomic_store(&countdown, nth);
}

void fault_hear(void (*heard)(void))
{
    hearer = heard;
}

unsigned fault_left(void)
{
    return atomic_load(&countdown);
}

bool fault_has_struck(void)
{
    return atomic_load(&struck);
}

void fault_suspend(void)
{
    atomic_fetch_add(&suspended, 1);
}

void fault_resume(void)
{
    atomic_fetch_sub(&suspended, 1);
}

void fault_reset(void)
{
    fault_arm(0);
    atomic_store(&suspended, 0);
}

/* A countdown before malloc and its kin, and before SQLite's own allocator. */
#include "sim/memory.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "sim/heap.h"

static unsigned countdown;
static unsigned suspended;
static int target;
static bool inside;
static bool struck;
static sqlite3_mem_methods sqlite_heap;

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);

static bool fails_now(void)
{
    if (!inside || countdown == 0 || suspended > 0 || --countdown > 0) {
        return false;
    }
    struck = true;
    return true;
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

/* One thread and the same few sizes over and over: no locks, no counters, pages from a pool, and
 * what was given back to the heap stays there. */
static void hasten(void)
{
    enum { PAGE = 4096 + 512, PAGES = 4096 };
    static uint64_t pool[(size_t)PAGE * PAGES / sizeof(uint64_t)];

    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, pool, PAGE, PAGES);
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void sim_memory_install(void)
{
    sqlite3_mem_methods failing;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_heap) != SQLITE_OK) {
        abort();
    }
    hasten();
    sim_heap_use(&sqlite_heap);
    failing = sqlite_heap;
    failing.xMalloc = sqlite_malloc;
    failing.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK) {
        abort();
    }
}

void sim_memory_arm(int machine, unsigned nth)
{
    target = machine;
    countdown = nth;
    struck = false;
}

unsigned sim_memory_left(void)
{
    return countdown;
}

void sim_memory_disarm(int machine)
{
    if (machine == target) {
        countdown = 0;
    }
}

void sim_memory_enter(int machine)
{
    inside = countdown > 0 && machine == target;
}

tern_status sim_memory_leave(tern_status status)
{
    inside = false;
    return status;
}

void sim_memory_suspend(void)
{
    suspended++;
}

void sim_memory_resume(void)
{
    suspended--;
}

bool sim_memory_has_struck(void)
{
    return struck;
}

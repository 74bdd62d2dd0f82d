/* Allocations fail while a call of the machine is under way, and at no other time. */
#include "sim/memory.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "sim/fault/fault.h"
#include "sim/heap.h"
#include "sim/held.h"
#include "wire/envelope.h"

static int target;
static bool inside;

/* One thread and the same few sizes over and over: no locks, no counters, pages from a pool, and
 * what was given back to the heap stays there until sim_memory_rest. */
static void hasten(void)
{
    enum { PAGE = 4096 + 512, PAGES = 4096 };
    static _Alignas(SIM_HEAP_WIDE) uint64_t pool[(size_t)PAGE * PAGES / sizeof(uint64_t)];
    sqlite3_mem_methods heap;

    sim_heap_widen(pool, sizeof pool);
    (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, pool, PAGE, PAGES);
    (void)sqlite3_config(SQLITE_CONFIG_GETMALLOC, &heap);
    sim_heap_use(&heap);
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &heap);
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void sim_memory_install(void)
{
    hasten();
    fault_install();
    fault_suspend();
    sim_held_install();
}

void sim_memory_rest(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

void sim_memory_arm(int machine, unsigned nth)
{
    target = machine;
    fault_arm(nth);
}

unsigned sim_memory_left(void)
{
    return fault_left();
}

void sim_memory_disarm(int machine)
{
    if (machine == target) {
        fault_arm(0);
    }
}

void sim_memory_enter(int machine)
{
    sim_held_enter(machine);
    if (!inside && machine == target) {
        inside = true;
        fault_resume();
    }
}

tern_status sim_memory_leave(tern_status status)
{
    sim_held_leave();
    if (inside) {
        fault_suspend();
    }
    inside = false;
    return status;
}

void sim_memory_suspend(void)
{
    fault_suspend();
}

void sim_memory_resume(void)
{
    fault_resume();
}

bool sim_memory_has_struck(void)
{
    return fault_has_struck();
}

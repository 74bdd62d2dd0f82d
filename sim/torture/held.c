/* Blocks that are held: those of our code (sim/held.h), and those of SQLite and jansson by the
 * functions that they are given. What the simulator itself holds is not counted. */
#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "sim/bounded.h"
#include "sim/held.h"
#include "sim/torture/torture.h"

static int64_t held;
static sqlite3_mem_methods beneath;

static void *counted(void *block)
{
    held += block != NULL;
    return block;
}

static void *sqlite_malloc(int size)
{
    return counted(beneath.xMalloc(size));
}

static void sqlite_free(void *block)
{
    held -= block != NULL;
    beneath.xFree(block);
}

static void *json_malloc_counted(size_t size)
{
    return counted(malloc(size));
}

static void json_free_counted(void *block)
{
    held -= block != NULL;
    free(block);
}

void torture_held_install(void)
{
    sqlite3_mem_methods counting;

    /* No pool, no lookaside: each request of SQLite is one that may fail. */
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &beneath) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK) {
        abort();
    }
    sim_bounded_leave_heap();
    counting = beneath;
    counting.xMalloc = sqlite_malloc;
    counting.xFree = sqlite_free;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &counting) != SQLITE_OK) {
        abort();
    }
    json_set_alloc_funcs(json_malloc_counted, json_free_counted);
}

int64_t torture_held(void)
{
    return held + sim_held_blocks();
}

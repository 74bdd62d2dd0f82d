/* A fast heap for SQLite; a sanitizer's own where there is one. */
#ifndef TERN_SIM_HEAP_H
#define TERN_SIM_HEAP_H

#include <sqlite3.h>
#include <stddef.h>

/* Memory that is walked all over: pages of this size, where the system has them. */
enum { SIM_HEAP_WIDE = 1 << 21 };
void sim_heap_widen(void *begin, size_t size);

/* Puts the heap's methods in place of SQLite's own; leaves these where a sanitizer watches. */
void sim_heap_use(sqlite3_mem_methods *ret_methods);

#endif

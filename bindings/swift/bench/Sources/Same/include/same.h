/* The same work as that of main.swift, in C, on a replica of its own.
 */
#ifndef TERN_SWIFT_BENCH_SAME_H
#define TERN_SWIFT_BENCH_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What both sides ask for. */
extern const char *const same_scan;
extern const char *const same_insert;

struct same;

/* NULL where it cannot be opened. */
struct same *same_open(const char *path, const void *schema, size_t schema_size);
void same_close(struct same *same);
/* Inserts rows with the ids `first` on, in one transaction. */
bool same_write(struct same *same, int64_t first, int64_t count);
/* Looks at each cell of each row; below 0 is a failure. */
int64_t same_read(struct same *same);

#endif

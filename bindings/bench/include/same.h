/* The work that the bindings' costs are measured by, in C: `scripts/bench` runs it beside the same
 * in Java and in Swift.
 */
#ifndef TERN_BINDINGS_BENCH_SAME_H
#define TERN_BINDINGS_BENCH_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tern_replica;

/* What both sides ask for. */
extern const char *const same_scan;
extern const char *const same_insert;

/* A replica for this side alone; NULL where it cannot be opened. */
struct tern_replica *same_open(const char *path, const void *schema, size_t schema_size);
void same_close(struct tern_replica *replica);
/* Inserts rows with the ids `first` on, in one transaction. */
bool same_write(struct tern_replica *replica, int64_t first, int64_t count);
/* Looks at each cell of each row; below 0 is a failure. */
int64_t same_read(struct tern_replica *replica);

#endif

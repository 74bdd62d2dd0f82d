/**
 * The only door to the heap for our own code.
 *
 * Every call may fail and returns NULL then; the caller turns that into TERN_ERR_NOMEM. A size of
 * zero gives a block that can be freed, never NULL, so NULL always means that memory ran out.
 */
#ifndef TRN_BASE_MEMORY_H
#define TRN_BASE_MEMORY_H

#include <stddef.h>

/** A block of `size` bytes, contents undefined, or NULL. Any thread. */
void *trn_alloc(size_t size);

/** A zeroed block of `count` items of `size` bytes, or NULL, also when the product overflows. Any
 * thread. */
void *trn_calloc(size_t count, size_t size);

/** Resizes a block (NULL: a new one). On failure NULL, and the old block stays as it was. Any
 * thread. */
void *trn_realloc(void *block, size_t size);

/** Gives a block back; NULL is accepted. Any thread. */
void trn_free(void *block);

#endif

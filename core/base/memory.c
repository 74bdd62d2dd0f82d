/* The heap, over malloc. Tests fail single calls by wrapping malloc, calloc and realloc at link
 * time. */
#include "base/memory.h"

#include <stdlib.h>

void *trn_alloc(size_t size)
{
    return malloc(size != 0 ? size : 1);
}

void *trn_calloc(size_t count, size_t size)
{
    if (count == 0 || size == 0) {
        return calloc(1, 1);
    }
    return calloc(count, size);
}

void *trn_realloc(void *block, size_t size)
{
    return realloc(block, size != 0 ? size : 1);
}

void trn_free(void *block)
{
    free(block);
}

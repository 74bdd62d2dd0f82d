/* The rows that one transaction touched: a set of rowids, also listed in order of first touch. */
#ifndef CHOICES_TOUCHED_H
#define CHOICES_TOUCHED_H

#include <stddef.h>
#include <stdint.h>

struct touched {
    int64_t *rowids;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* 0: free; else 1 + index in rowids */
    size_t slot_count;
};

/* Whether it is new. */
int touched_add(struct touched *touched, int64_t rowid);
void touched_clear(struct touched *touched);
void touched_sort(struct touched *touched);
void touched_free(struct touched *touched);

#endif

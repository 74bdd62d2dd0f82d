/** A set of numbers above 0, such as the server's names of transactions. */
#ifndef TRN_BASE_NUMBERS_H
#define TRN_BASE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/error.h"

/** All zero is the empty set. */
struct trn_numbers {
    int64_t *slots; /* 0: free */
    size_t room;    /* a power of two, at least twice the count */
    size_t count;
};

/** TERN_ERR_NOMEM, and the set is as it was. */
TERN_MUST_USE tern_status trn_numbers_add(struct trn_numbers *set, int64_t number);
bool trn_numbers_has(const struct trn_numbers *set, int64_t number);
/** Empties it, and keeps its room. */
void trn_numbers_clear(struct trn_numbers *set);
void trn_numbers_free(struct trn_numbers *set);

#endif

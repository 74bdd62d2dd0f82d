#include "base/portion.h"

enum { SHORT_ROW_BYTES = 50 };

static size_t limit; /* 0: none */

static size_t at_most(size_t usual, size_t most)
{
    return limit == 0 || usual < most ? usual : most;
}

size_t trn_portion(size_t usual)
{
    return at_most(usual, limit);
}

size_t trn_portion_bytes(size_t usual)
{
    return at_most(usual, limit * SHORT_ROW_BYTES);
}

void trn_portion_limit(size_t most)
{
    limit = most;
}

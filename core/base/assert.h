/** Internal misuse ends the process: it is a bug, and going on could damage data. Never for input.
 */
#ifndef TRN_BASE_ASSERT_H
#define TRN_BASE_ASSERT_H

#ifdef NDEBUG
#include <stdlib.h>
#define TRN_ASSERT(condition) ((condition) ? (void)0 : abort())
#else
#include <assert.h>
#define TRN_ASSERT(condition) assert(condition)
#endif

#endif

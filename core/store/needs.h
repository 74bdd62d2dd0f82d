/* The ordinals of entries that one depends on, as its row in the outbox holds them: ",1,5,". */
#ifndef TRN_STORE_NEEDS_H
#define TRN_STORE_NEEDS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "tern/error.h"

/* Appends them, in whatever order they are given; nothing for none. */
tern_status trn_needs_write(struct trn_bytes *text,
                            const uint64_t *depends_on,
                            size_t depends_count,
                            tern_error *error);
/* Reads those above `after`, and gives how many; counts on where the room is full, unless it
 * `stops`. */
size_t
trn_needs_read(const char *needs, uint64_t after, uint64_t *ret_ordinals, size_t room, bool stops);

#endif

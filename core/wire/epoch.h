/* The names of epochs: the lives of a server's history. */
#ifndef TRN_WIRE_EPOCH_H
#define TRN_WIRE_EPOCH_H

#include <stdbool.h>

#include "base/bytes.h"

/* An epoch's name: 16 hexadecimal digits in lower case, and a NUL. */
#define TRN_EPOCH_BYTES 17

/* Whether the text is an epoch's name. */
bool trn_wire_is_epoch(struct trn_slice text);

#endif

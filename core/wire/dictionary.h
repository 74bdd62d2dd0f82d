/* What small bodies say anyway: the preset dictionary of their coding. Part of the protocol:
 * another text would be another coding. */
#ifndef TRN_WIRE_DICTIONARY_H
#define TRN_WIRE_DICTIONARY_H

#include "base/bytes.h"

struct trn_slice trn_wire_dictionary(void);

#endif

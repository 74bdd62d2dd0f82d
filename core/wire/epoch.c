/* Digits in upper case are none: a name has one spelling. */
#include "wire/epoch.h"

bool trn_wire_is_epoch(struct trn_slice text)
{
    if (text.size != TRN_EPOCH_BYTES - 1) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t digit = text.data[i];

        if (!(digit >= '0' && digit <= '9') && !(digit >= 'a' && digit <= 'f')) {
            return false;
        }
    }
    return true;
}

/* The server's clocks, in microseconds. */
#ifndef TRN_SERVER_CLOCK_H
#define TRN_SERVER_CLOCK_H

#include <stdint.h>

/* Since 1970, as the machine has it. */
int64_t trn_clock_wall_us(void);
/* Only its differences mean anything; it never goes back. */
int64_t trn_clock_monotonic_us(void);

#endif

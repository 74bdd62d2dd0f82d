/** Lines for the host's log sink: one sink per replica, no health datum above debug, no token ever.
 */
#ifndef TRN_BASE_LOG_H
#define TRN_BASE_LOG_H

#include "tern/port.h"

/** Bytes of the longest line, its end included; a longer one is cut at a character's boundary. */
enum { TRN_LOG_LINE_BYTES = 512 };

/** Writes one line; control characters in it become spaces. Nothing where `log` is NULL or has no
 * sink. */
void trn_log(const tern_log_port *log, tern_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

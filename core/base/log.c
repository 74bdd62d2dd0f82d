/* Formats log lines on the stack, so that running out of memory can be logged too. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

void trn_log(const tern_log_port *log, tern_log_level level, const char *format, ...)
{
    char line[TRN_LOG_LINE_BYTES];
    va_list arguments;
    int length;

    if (log == NULL || log->write == NULL) {
        return;
    }
    va_start(arguments, format);
    length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (length < 0) {
        return;
    }
    if (length >= TRN_LOG_LINE_BYTES) {
        line[trn_utf8_whole(trn_slice_make(line, TRN_LOG_LINE_BYTES - 1))] = '\0';
    }
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F) {
            *at = ' ';
        }
    }
    log->write(log->context, level, line);
}

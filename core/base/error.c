/* The caller's error, and the one list of codes; the codes are those of the wire and never change.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct code {
    tern_status status;
    const char *text;
};

static const struct code codes[] = {
    {TERN_OK, "OK"},
    {TERN_ERR_MISUSE, "MISUSE"},
    {TERN_ERR_NOMEM, "NOMEM"},
    {TERN_ERR_CANCELLED, "CANCELLED"},
    {TERN_ERR_INTERNAL, "INTERNAL"},
    {TERN_ERR_IO, "IO"},
    {TERN_ERR_DISK_FULL, "DISK_FULL"},
    {TERN_ERR_READ_ONLY, "READ_ONLY"},
    {TERN_ERR_CORRUPT, "CORRUPT"},
    {TERN_ERR_NOT_A_REPLICA, "NOT_A_REPLICA"},
    {TERN_ERR_BUSY, "BUSY"},
    {TERN_ERR_FORMAT_NEWER, "FORMAT_NEWER"},
    {TERN_ERR_WRONG_USER, "WRONG_USER"},
    {TERN_ERR_SCHEMA, "SCHEMA"},
    {TERN_ERR_SCHEMA_OLDER, "SCHEMA_OLDER"},
    {TERN_ERR_SCHEMA_INCOMPATIBLE, "SCHEMA_INCOMPATIBLE"},
    {TERN_ERR_UNKNOWN_TABLE, "UNKNOWN_TABLE"},
    {TERN_ERR_UNKNOWN_COLUMN, "UNKNOWN_COLUMN"},
    {TERN_ERR_TYPE, "TYPE"},
    {TERN_ERR_NOT_NULL, "NOT_NULL"},
    {TERN_ERR_LENGTH, "LENGTH"},
    {TERN_ERR_RANGE, "RANGE"},
    {TERN_ERR_FORMAT, "FORMAT"},
    {TERN_ERR_ENUM, "ENUM"},
    {TERN_ERR_UNIQUE, "UNIQUE"},
    {TERN_ERR_FOREIGN_KEY, "FOREIGN_KEY"},
    {TERN_ERR_NOT_FOUND, "NOT_FOUND"},
    {TERN_ERR_EXISTS, "EXISTS"},
    {TERN_ERR_DELETED, "DELETED"},
    {TERN_ERR_APPEND_ONLY, "APPEND_ONLY"},
    {TERN_ERR_IMMUTABLE, "IMMUTABLE"},
    {TERN_ERR_NATURAL_KEY, "NATURAL_KEY"},
    {TERN_ERR_OUTRANKED, "OUTRANKED"},
    {TERN_ERR_SCOPE, "SCOPE"},
    {TERN_ERR_TOO_LARGE, "TOO_LARGE"},
    {TERN_ERR_SQL, "SQL"},
    {TERN_ERR_CHECK, "CHECK"},
    {TERN_ERR_FORBIDDEN, "FORBIDDEN"},
    {TERN_ERR_UNAUTHORIZED, "UNAUTHORIZED"},
    {TERN_ERR_NETWORK, "NETWORK"},
    {TERN_ERR_TIMEOUT, "TIMEOUT"},
    {TERN_ERR_TLS, "TLS"},
    {TERN_ERR_TLS_PIN, "TLS_PIN"},
    {TERN_ERR_HTTP, "HTTP"},
    {TERN_ERR_PROTOCOL, "PROTOCOL"},
    {TERN_ERR_TOO_DEEP, "TOO_DEEP"},
    {TERN_ERR_NOT_UTF8, "NOT_UTF8"},
    {TERN_ERR_UNAVAILABLE, "UNAVAILABLE"},
    {TERN_ERR_EPOCH_CHANGED, "EPOCH_CHANGED"},
    {TERN_ERR_DEVICE_CLONED, "DEVICE_CLONED"},
    {TERN_ERR_UPGRADE_REQUIRED, "UPGRADE_REQUIRED"},
    {TERN_ERR_TX_ID_REUSED, "TX_ID_REUSED"},
    {TERN_ERR_DEPENDENCY_REJECTED, "DEPENDENCY_REJECTED"},
    {TERN_ERR_CURSOR, "CURSOR"},
    {TERN_ERR_CANNOT_UPCAST, "CANNOT_UPCAST"},
    {TERN_ERR_ERASED, "ERASED"},
};

static const size_t code_count = sizeof(codes) / sizeof(codes[0]);

const char *tern_status_code(tern_status status)
{
    for (size_t i = 0; i < code_count; i++) {
        if (codes[i].status == status) {
            return codes[i].text;
        }
    }
    return "UNKNOWN";
}

tern_status tern_status_from_code(const char *code)
{
    for (size_t i = 0; code != NULL && i < code_count; i++) {
        if (strcmp(codes[i].text, code) == 0) {
            return codes[i].status;
        }
    }
    return TERN_ERR_PROTOCOL;
}

bool tern_status_is_retryable(tern_status status)
{
    return status == TERN_ERR_NETWORK || status == TERN_ERR_TIMEOUT ||
           status == TERN_ERR_UNAVAILABLE || status == TERN_ERR_BUSY;
}

bool trn_status_is_of_rows(tern_status status)
{
    return (status >= TERN_ERR_UNKNOWN_TABLE && status <= TERN_ERR_FORBIDDEN) ||
           status == TERN_ERR_CANNOT_UPCAST;
}

/* `length` is what printf would have written: where that was cut, the last character may be half.
 */
static void cut(char *message, int length)
{
    if (length >= TERN_ERROR_MESSAGE_BYTES) {
        size_t whole = trn_utf8_whole(trn_slice_make(message, TERN_ERROR_MESSAGE_BYTES - 1));

        message[whole] = '\0';
    }
}

tern_status trn_fail(tern_error *error, tern_status status, const char *format, ...)
{
    va_list arguments;
    int length;

    if (error == NULL || error->status != TERN_OK) {
        return status;
    }
    error->status = status;
    va_start(arguments, format);
    length = vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    cut(error->message, length);
    return status;
}

tern_status trn_fail_nomem(tern_error *error)
{
    return trn_fail(error, TERN_ERR_NOMEM, "out of memory");
}

void trn_error_context(tern_error *error, const char *format, ...)
{
    char cause[TERN_ERROR_MESSAGE_BYTES];
    char context[TERN_ERROR_MESSAGE_BYTES];
    va_list arguments;
    int length;

    if (error == NULL || error->status == TERN_OK) {
        return;
    }
    va_start(arguments, format);
    length = vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    cut(context, length);
    memcpy(cause, error->message, sizeof(cause));
    length = snprintf(error->message, sizeof(error->message), "%s: %s", context, cause);
    cut(error->message, length);
}

void trn_error_clear(tern_error *error)
{
    if (error != NULL) {
        error->status = TERN_OK;
        error->message[0] = '\0';
    }
}

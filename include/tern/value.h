/**
 * The values that cross the interface: ids and the five kinds that a cell can hold.
 *
 * Column types map on kinds as they are stored in the replica: uuid BLOB of 16 bytes; text,
 * decimal, date (YYYY-MM-DD), enum and json TEXT; integer, bigint, bool (0 or 1) and timestamptz
 * (microseconds since 1970, UTC) INTEGER; real REAL; bytes BLOB.
 */
#ifndef TERN_VALUE_H
#define TERN_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "tern/api.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A UUID of any version (RFC 9562), in network order. */
typedef struct tern_id {
    uint8_t bytes[16];
} tern_id;

typedef enum tern_kind {
    TERN_NULL = 0,
    TERN_INTEGER = 1,
    TERN_REAL = 2,
    TERN_TEXT = 3, /* UTF-8, not NUL-terminated */
    TERN_BLOB = 4
} tern_kind;

/** One cell. `data` is borrowed: valid for the call it is passed to, or as long as the call that
 * returned it says. */
typedef struct tern_value {
    tern_kind kind;
    int64_t integer;
    double real;
    const void *data;
    size_t size; /* bytes of `data` */
} tern_value;

/** One named cell of a row call. */
typedef struct tern_cell {
    const char *column; /* NUL-terminated */
    tern_value value;
} tern_cell;

TERN_API tern_value tern_value_null(void);
TERN_API tern_value tern_value_integer(int64_t integer);
TERN_API tern_value tern_value_real(double real);
/** Borrows a NUL-terminated text. NULL gives the null value. */
TERN_API tern_value tern_value_text(const char *text);
TERN_API tern_value tern_value_blob(const void *data, size_t size);
/** Borrows the id. */
TERN_API tern_value tern_value_id(const tern_id *id);

/** Bytes of an id as text, terminator included. */
#define TERN_ID_TEXT_BYTES 37

/** Writes the 36 lower-case characters and a NUL into `ret_text`. Any thread. */
TERN_API void tern_id_format(const tern_id *id, char ret_text[TERN_ID_TEXT_BYTES]);
/** Reads 36 characters, either case. False, and `ret_id` untouched, if the text is no UUID. Any
 * thread. */
TERN_API int tern_id_parse(const char *text, tern_id *ret_id);

#ifdef __cplusplus
}
#endif
#endif

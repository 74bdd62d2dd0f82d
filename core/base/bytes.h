/**
 * Borrowed slices and growable byte strings.
 *
 * A `struct trn_bytes` that is all zero is empty and valid. While `data` is not NULL one zero byte
 * stands behind the `size` bytes, so text in it is a C string too. A failed call leaves the bytes
 * as they were.
 */
#ifndef TRN_BASE_BYTES_H
#define TRN_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tern/error.h"

/** Bytes of somebody else, valid as long as their owner says; passed by value. */
struct trn_slice {
    const uint8_t *data; /* may be NULL when size is 0 */
    size_t size;
};

struct trn_bytes {
    uint8_t *data;
    size_t size;
    size_t capacity; /* room in `data`, the zero byte included */
};

struct trn_slice trn_slice_make(const void *data, size_t size);
/** The characters of a C string without its end; NULL gives the empty slice. */
struct trn_slice trn_slice_text(const char *text);
bool trn_slice_equal(struct trn_slice left, struct trn_slice right);
/** Bytewise order, a prefix before what it begins: negative, zero or positive. */
int trn_slice_compare(struct trn_slice left, struct trn_slice right);
bool trn_slice_equal_text(struct trn_slice slice, const char *text);

/** Makes room for `more` bytes beyond the present size. TERN_ERR_NOMEM, also where the sum
 * overflows. */
TERN_MUST_USE tern_status trn_bytes_reserve(struct trn_bytes *bytes, size_t more);
/** Appends a copy. `data` may not point into `bytes`. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_bytes_append(struct trn_bytes *bytes, const void *data, size_t size);
TERN_MUST_USE tern_status trn_bytes_append_slice(struct trn_bytes *bytes, struct trn_slice slice);
TERN_MUST_USE tern_status trn_bytes_append_text(struct trn_bytes *bytes, const char *text);
TERN_MUST_USE tern_status trn_bytes_append_byte(struct trn_bytes *bytes, uint8_t byte);
/** Appends what printf would print. */
TERN_MUST_USE tern_status trn_bytes_append_format(struct trn_bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** All bytes, borrowed until the next change. */
struct trn_slice trn_bytes_slice(const struct trn_bytes *bytes);
/** The bytes as a C string, "" when empty; borrowed until the next change. */
const char *trn_bytes_text(const struct trn_bytes *bytes);
/** Forgets the content and keeps the room. */
void trn_bytes_clear(struct trn_bytes *bytes);
/** Hands the content over and leaves `bytes` empty. */
struct trn_bytes trn_bytes_move(struct trn_bytes *bytes);
/** Gives the room back and leaves `bytes` empty; NULL is accepted. */
void trn_bytes_free(struct trn_bytes *bytes);

#endif

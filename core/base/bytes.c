/* Slices and growable bytes: room doubles, and one zero byte always stands behind the content. */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

enum { CAPACITY_MIN = 32 };

struct trn_slice trn_slice_make(const void *data, size_t size)
{
    return (struct trn_slice){data, size};
}

struct trn_slice trn_slice_text(const char *text)
{
    return trn_slice_make(text, text != NULL ? strlen(text) : 0);
}

bool trn_slice_equal(struct trn_slice left, struct trn_slice right)
{
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

int trn_slice_compare(struct trn_slice left, struct trn_slice right)
{
    size_t common = left.size < right.size ? left.size : right.size;
    int order = common != 0 ? memcmp(left.data, right.data, common) : 0;

    if (order != 0) {
        return order;
    }
    return (left.size > right.size) - (left.size < right.size);
}

bool trn_slice_equal_text(struct trn_slice slice, const char *text)
{
    return trn_slice_equal(slice, trn_slice_text(text));
}

tern_status trn_bytes_reserve(struct trn_bytes *bytes, size_t more)
{
    size_t needed;
    size_t capacity;
    uint8_t *data;

    TRN_ASSERT(bytes != NULL);

    if (more >= SIZE_MAX - bytes->size) {
        return TERN_ERR_NOMEM;
    }
    needed = bytes->size + more + 1;
    if (needed <= bytes->capacity) {
        return TERN_OK;
    }
    capacity = bytes->capacity < SIZE_MAX / 2 ? bytes->capacity * 2 : needed;
    if (capacity < needed) {
        capacity = needed > CAPACITY_MIN ? needed : CAPACITY_MIN;
    }
    data = trn_realloc(bytes->data, capacity);
    if (data == NULL) {
        return TERN_ERR_NOMEM;
    }
    data[bytes->size] = 0;
    bytes->data = data;
    bytes->capacity = capacity;
    return TERN_OK;
}

tern_status trn_bytes_append(struct trn_bytes *bytes, const void *data, size_t size)
{
    tern_status status = trn_bytes_reserve(bytes, size);

    if (status != TERN_OK) {
        return status;
    }
    if (size != 0) {
        memcpy(bytes->data + bytes->size, data, size);
        bytes->size += size;
        bytes->data[bytes->size] = 0;
    }
    return TERN_OK;
}

tern_status trn_bytes_append_slice(struct trn_bytes *bytes, struct trn_slice slice)
{
    return trn_bytes_append(bytes, slice.data, slice.size);
}

tern_status trn_bytes_append_text(struct trn_bytes *bytes, const char *text)
{
    return trn_bytes_append_slice(bytes, trn_slice_text(text));
}

tern_status trn_bytes_append_byte(struct trn_bytes *bytes, uint8_t byte)
{
    return trn_bytes_append(bytes, &byte, 1);
}

/* Printed a second time only where there was no room for it. */
tern_status trn_bytes_append_format(struct trn_bytes *bytes, const char *format, ...)
{
    char nowhere[1];
    char *end = bytes->data != NULL ? (char *)bytes->data + bytes->size : nowhere;
    size_t room = bytes->capacity - bytes->size;
    va_list arguments;
    va_list again;
    int length;
    tern_status status;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(end, room, format, arguments);
    status = length >= 0 ? TERN_OK : TERN_ERR_NOMEM;
    if (status == TERN_OK && (size_t)length >= room) {
        status = trn_bytes_reserve(bytes, (size_t)length);
        if (status == TERN_OK) {
            (void)vsnprintf((char *)bytes->data + bytes->size, (size_t)length + 1, format, again);
        }
    }
    if (status == TERN_OK) {
        bytes->size += (size_t)length;
    } else {
        *end = 0; /* as it was */
    }
    va_end(again);
    va_end(arguments);
    return status;
}

struct trn_slice trn_bytes_slice(const struct trn_bytes *bytes)
{
    return trn_slice_make(bytes->data, bytes->size);
}

const char *trn_bytes_text(const struct trn_bytes *bytes)
{
    return bytes->data != NULL ? (const char *)bytes->data : "";
}

void trn_bytes_clear(struct trn_bytes *bytes)
{
    bytes->size = 0;
    if (bytes->data != NULL) {
        bytes->data[0] = 0;
    }
}

struct trn_bytes trn_bytes_move(struct trn_bytes *bytes)
{
    struct trn_bytes moved = *bytes;

    *bytes = (struct trn_bytes){0};
    return moved;
}

void trn_bytes_free(struct trn_bytes *bytes)
{
    if (bytes != NULL) {
        trn_free(bytes->data);
        *bytes = (struct trn_bytes){0};
    }
}

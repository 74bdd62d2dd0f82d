/* gzip by zlib, whose memory is ours to fail. */
#include "wire/gzip.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/memory.h"
#include "wire/dictionary.h"
#include "wire/limits.h"

enum {
    WINDOW_BITS_GZIP = 15 + 16,
    WINDOW_BITS_SMALL = 13, /* a small body and the dictionary: the rest would only be memory */
    WINDOW_BITS_ANY = 15 + 32,
    MEMORY_LEVEL = 8,
    MEMORY_LEVEL_SMALL = 6,
    SMALL_LEVEL = 9,
    ROOM_FIRST = 4096
};

/* Not zeroed, as zlib's own is not: a quarter of a megabyte for each small body. */
static void *take_memory(void *context, unsigned count, unsigned size)
{
    (void)context;
    return size != 0 && count > SIZE_MAX / size ? NULL : trn_alloc((size_t)count * size);
}

static void give_memory(void *context, void *block)
{
    (void)context;
    trn_free(block);
}

static z_stream stream_over(struct trn_slice input)
{
    z_stream stream = {.zalloc = take_memory, .zfree = give_memory};

    stream.next_in = input.data;
    stream.avail_in = (uInt)input.size;
    return stream;
}

static void cut_back(struct trn_bytes *bytes, size_t size)
{
    bytes->size = size;
    if (bytes->data != NULL) {
        bytes->data[size] = 0;
    }
}

/* Ends the stream. */
static tern_status
deflate_all(z_stream *stream, struct trn_slice plain, struct trn_bytes *bytes, tern_error *error)
{
    uLong bound = deflateBound(stream, (uLong)plain.size);
    tern_status status = trn_bytes_reserve(bytes, bound);

    if (status == TERN_OK) {
        int rc;

        stream->next_out = bytes->data + bytes->size;
        stream->avail_out = (uInt)bound;
        rc = deflate(stream, Z_FINISH);
        TRN_ASSERT(rc == Z_STREAM_END);
        (void)rc;
        cut_back(bytes, bytes->size + stream->total_out);
    }
    (void)deflateEnd(stream);
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

tern_status trn_gzip(struct trn_slice plain, int level, struct trn_bytes *bytes, tern_error *error)
{
    z_stream stream = stream_over(plain);

    TRN_ASSERT(plain.size <= INT_MAX && level >= 1 && level <= 9);

    if (deflateInit2(&stream,
                     level,
                     Z_DEFLATED,
                     WINDOW_BITS_GZIP,
                     MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return trn_fail_nomem(error);
    }
    return deflate_all(&stream, plain, bytes, error);
}

static tern_status deflate_small(struct trn_slice plain, struct trn_bytes *bytes, tern_error *error)
{
    z_stream stream = stream_over(plain);
    struct trn_slice dictionary = trn_wire_dictionary();
    int rc;

    if (deflateInit2(&stream,
                     SMALL_LEVEL,
                     Z_DEFLATED,
                     WINDOW_BITS_SMALL,
                     MEMORY_LEVEL_SMALL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return trn_fail_nomem(error);
    }
    rc = deflateSetDictionary(&stream, dictionary.data, (uInt)dictionary.size);
    TRN_ASSERT(rc == Z_OK);
    (void)rc;
    return deflate_all(&stream, plain, bytes, error);
}

const char *trn_coding_for(size_t size, bool takes_gzip, bool takes_small)
{
    if (takes_small && size > TRN_WIRE_SMALL_ABOVE && size <= TRN_WIRE_SMALL_UP_TO) {
        return TRN_CODING_SMALL;
    }
    return takes_gzip && size > TRN_WIRE_GZIP_ABOVE ? TRN_CODING_GZIP : NULL;
}

tern_status trn_code(struct trn_slice plain,
                     const char *coding,
                     int level,
                     struct trn_bytes *bytes,
                     tern_error *error)
{
    if (coding == NULL) {
        return trn_bytes_append_slice(bytes, plain) == TERN_OK ? TERN_OK : trn_fail_nomem(error);
    }
    return strcmp(coding, TRN_CODING_SMALL) == 0 ? deflate_small(plain, bytes, error)
                                                 : trn_gzip(plain, level, bytes, error);
}

/* Room for the next stretch of output: as much as there is already, within the limit and one byte
 * beyond it, which tells a body at the limit from one above. */
static tern_status give_room(z_stream *stream, size_t limit, struct trn_bytes *bytes)
{
    size_t made = stream->total_out;
    size_t room = made < ROOM_FIRST ? ROOM_FIRST : made;

    if (room > limit - made + 1) {
        room = limit - made + 1;
    }
    if (trn_bytes_reserve(bytes, room) != TERN_OK) {
        return TERN_ERR_NOMEM;
    }
    stream->next_out = bytes->data + bytes->size;
    stream->avail_out = (uInt)room;
    return TERN_OK;
}

static tern_status
inflate_all(z_stream *stream, size_t limit, struct trn_bytes *bytes, tern_error *error)
{
    struct trn_slice dictionary = trn_wire_dictionary();
    size_t start = bytes->size;
    int rc = Z_OK;

    while (rc != Z_STREAM_END) {
        if (stream->total_out > limit) {
            return trn_fail(error, TERN_ERR_TOO_LARGE, "more than %zu bytes decompressed", limit);
        }
        if (give_room(stream, limit, bytes) != TERN_OK) {
            return trn_fail_nomem(error);
        }
        rc = inflate(stream, Z_NO_FLUSH);
        if (rc == Z_NEED_DICT) {
            rc = inflateSetDictionary(stream, dictionary.data, (uInt)dictionary.size);
        }
        bytes->size = start + stream->total_out;
        if (rc == Z_MEM_ERROR) {
            return trn_fail_nomem(error);
        }
        if (rc != Z_OK && rc != Z_STREAM_END) {
            return trn_fail(error, TERN_ERR_PROTOCOL, "compressed body damaged or cut off");
        }
    }
    if (stream->total_out > limit) {
        return trn_fail(error, TERN_ERR_TOO_LARGE, "more than %zu bytes decompressed", limit);
    }
    if (stream->avail_in != 0) {
        return trn_fail(error, TERN_ERR_PROTOCOL, "more follows the compressed body");
    }
    return TERN_OK;
}

tern_status
trn_gunzip(struct trn_slice compressed, size_t limit, struct trn_bytes *bytes, tern_error *error)
{
    z_stream stream = stream_over(compressed);
    size_t before = bytes->size;
    tern_status status;

    if (compressed.size > INT_MAX) {
        return trn_fail(error, TERN_ERR_TOO_LARGE, "a compressed body of more than 2 GiB");
    }
    TRN_ASSERT(limit < INT_MAX);

    if (inflateInit2(&stream, WINDOW_BITS_ANY) != Z_OK) {
        return trn_fail_nomem(error);
    }
    status = inflate_all(&stream, limit, bytes, error);
    (void)inflateEnd(&stream);
    cut_back(bytes, status == TERN_OK ? bytes->size : before);
    return status;
}

/*
 * The cursor's bytes: three of the epoch, the high number, its tag, the own position, then each
 * other scope's id, grant version and position, and the seal. Integers are LEB128.
 */
#include "server/cursor.h"

#include <string.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/uuid.h"

/* Position flags. */
enum {
    AT_HIGH = 1,
    BEGUN = 2,
    FRESH = 4,
    PARTIAL = 8,
    INSIDE = 16,
    VERSION = 32,
    ERASED = 64,
    FLAGS_END = 128
};

void trn_cursor_tag(const struct trn_db_tx *tx, uint8_t ret_tag[TRN_CURSOR_TAG_BYTES])
{
    uint64_t time = (uint64_t)tx->received_us;

    memcpy(ret_tag, tx->tx.bytes, TRN_CURSOR_TAG_BYTES);
    for (size_t i = 0; i < sizeof(time); i++) {
        ret_tag[i % TRN_CURSOR_TAG_BYTES] ^= (uint8_t)(time >> 8 * i);
    }
}

void trn_cursor_free(struct trn_cursor *cursor)
{
    trn_free(cursor->others);
    memset(cursor, 0, sizeof(*cursor));
}

tern_status trn_cursor_add(struct trn_cursor *cursor, const struct trn_position *position)
{
    size_t at = cursor->count;

    if (cursor->count == cursor->capacity) {
        size_t capacity = cursor->capacity == 0 ? 8 : cursor->capacity * 2;
        struct trn_position *others = trn_realloc(cursor->others, capacity * sizeof(*others));

        if (others == NULL) {
            return TERN_ERR_NOMEM;
        }
        cursor->others = others;
        cursor->capacity = capacity;
    }
    /* Nearly all come in order. */
    while (at > 0 && trn_id_compare(&cursor->others[at - 1].scope, &position->scope) > 0) {
        at--;
    }
    memmove(&cursor->others[at + 1],
            &cursor->others[at],
            (cursor->count++ - at) * sizeof(*cursor->others));
    cursor->others[at] = *position;
    return TERN_OK;
}

const struct trn_position *trn_cursor_find(const struct trn_cursor *cursor, const tern_id *scope)
{
    size_t low = 0;
    size_t high = cursor->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = trn_id_compare(&cursor->others[middle].scope, scope);

        if (order == 0) {
            return &cursor->others[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* ---- Sealing ---- */

static tern_status seal(const struct trn_db_meta *meta,
                        const tern_id *user,
                        const tern_id *device,
                        struct trn_slice content,
                        uint8_t ret_seal[TRN_CURSOR_SEAL_BYTES],
                        tern_error *error)
{
    const struct trn_slice parts[] = {trn_slice_make(user->bytes, sizeof(user->bytes)),
                                      trn_slice_make(device->bytes, sizeof(device->bytes)),
                                      content};
    uint8_t mac[TRN_SHA256_BYTES];

    if (trn_hmac_sha256(trn_slice_make(meta->seal_key, sizeof(meta->seal_key)), parts, 3, mac) !=
        TERN_OK) {
        return trn_fail(error, TERN_ERR_INTERNAL, "cursor: the hash engine failed");
    }
    memcpy(ret_seal, mac, TRN_CURSOR_SEAL_BYTES);
    return TERN_OK;
}

static tern_status write_integer(struct trn_bytes *bytes, int64_t integer)
{
    uint64_t rest = (uint64_t)integer;
    tern_status status = TERN_OK;

    while (rest >= 0x80 && status == TERN_OK) {
        status = trn_bytes_append_byte(bytes, (uint8_t)(rest | 0x80));
        rest >>= 7;
    }
    return status == TERN_OK ? trn_bytes_append_byte(bytes, (uint8_t)rest) : status;
}

static tern_status write_position(struct trn_bytes *bytes,
                                  int64_t high,
                                  const struct trn_position *position,
                                  bool versioned)
{
    bool inside = position->place.table != TRN_NO_TABLE;
    bool at_high = position->place.number == high && !inside;
    unsigned flags = (at_high ? AT_HIGH : 0U) | (position->begun ? BEGUN : 0U) |
                     (position->fresh ? FRESH : 0U) | (position->partial ? PARTIAL : 0U) |
                     (inside ? INSIDE : 0U) | (versioned ? VERSION : 0U) |
                     (position->erased ? ERASED : 0U);
    tern_status status = trn_bytes_append_byte(bytes, (uint8_t)flags);

    if (status == TERN_OK && !at_high) {
        status = write_integer(bytes, position->place.number);
    }
    if (status == TERN_OK && versioned) {
        status = write_integer(bytes, position->version);
    }
    if (status == TERN_OK && inside) {
        status = write_integer(bytes, position->place.table);
    }
    if (status == TERN_OK && inside) {
        status = trn_bytes_append(bytes, position->place.id.bytes, sizeof(tern_id));
    }
    return status;
}

static tern_status write_content(struct trn_bytes *bytes,
                                 const struct trn_cursor *cursor,
                                 const struct trn_db_meta *meta)
{
    tern_status status = trn_bytes_append(bytes, meta->epoch, TRN_EPOCH_TAG_BYTES);

    if (status == TERN_OK) {
        status = write_integer(bytes, cursor->high);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append(bytes, cursor->tag, sizeof(cursor->tag));
    }
    if (status == TERN_OK) {
        /* Of the own record it is 0 as a rule. */
        status = write_position(bytes, cursor->high, &cursor->own, cursor->own.version != 0);
    }
    for (size_t index = 0; index < cursor->count && status == TERN_OK; index++) {
        const struct trn_position *other = &cursor->others[index];

        status = trn_bytes_append(bytes, other->scope.bytes, sizeof(other->scope.bytes));
        if (status == TERN_OK) {
            status = write_integer(bytes, other->version);
        }
        if (status == TERN_OK) {
            status = write_position(bytes, cursor->high, other, false);
        }
    }
    return status;
}

tern_status trn_cursor_seal(const struct trn_cursor *cursor,
                            const struct trn_db_meta *meta,
                            const tern_id *user,
                            const tern_id *device,
                            struct trn_bytes *text,
                            tern_error *error)
{
    uint8_t mac[TRN_CURSOR_SEAL_BYTES];
    struct trn_bytes bytes = {0};
    size_t size;
    tern_status status = write_content(&bytes, cursor, meta);

    if (status == TERN_OK) {
        status = seal(meta, user, device, trn_bytes_slice(&bytes), mac, error);
    }
    if (status == TERN_OK) {
        status = trn_bytes_append(&bytes, mac, sizeof(mac));
    }
    size = trn_base64_encoded_size(bytes.size);
    if (status == TERN_OK) {
        status = trn_bytes_reserve(text, size);
    }
    if (status == TERN_OK) {
        trn_base64_encode(bytes.data, bytes.size, (char *)text->data + text->size);
        text->size += size;
        text->data[text->size] = '\0';
    }
    trn_bytes_free(&bytes);
    return status == TERN_ERR_NOMEM ? trn_fail_nomem(error) : status;
}

/* ---- Opening ---- */

/* What is left to read; a read past the end marks it broken and gives zeros. */
struct rest {
    const uint8_t *data;
    size_t size;
    bool broken;
};

static void read_bytes(struct rest *rest, void *ret_bytes, size_t size)
{
    if (rest->size < size) {
        rest->broken = true;
        memset(ret_bytes, 0, size);
        return;
    }
    memcpy(ret_bytes, rest->data, size);
    rest->data += size;
    rest->size -= size;
}

static int64_t read_integer(struct rest *rest)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 63; shift += 7) {
        uint8_t byte = 0;

        read_bytes(rest, &byte, 1);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return (int64_t)value;
        }
    }
    rest->broken = true;
    return 0;
}

static void read_position(struct rest *rest, int64_t high, struct trn_position *ret_position)
{
    uint8_t flags = 0;
    int64_t table = TRN_NO_TABLE;

    read_bytes(rest, &flags, 1);
    ret_position->begun = (flags & BEGUN) != 0;
    ret_position->fresh = (flags & FRESH) != 0;
    ret_position->partial = (flags & PARTIAL) != 0;
    ret_position->erased = (flags & ERASED) != 0;
    ret_position->place.number = (flags & AT_HIGH) != 0 ? high : read_integer(rest);
    if ((flags & VERSION) != 0) {
        ret_position->version = read_integer(rest);
    }
    if ((flags & INSIDE) != 0) {
        table = read_integer(rest);
        read_bytes(rest, ret_position->place.id.bytes, sizeof(tern_id));
    }
    if (flags >= FLAGS_END || table < 0 || table > TRN_NO_TABLE) {
        rest->broken = true;
    }
    ret_position->place.table = (uint16_t)table;
}

static tern_status
read_content(struct rest *rest, const struct trn_db_meta *meta, struct trn_cursor *ret_cursor)
{
    tern_status status = TERN_OK;

    read_bytes(rest, ret_cursor->epoch, sizeof(ret_cursor->epoch));
    ret_cursor->same_epoch = memcmp(ret_cursor->epoch, meta->epoch, sizeof(ret_cursor->epoch)) == 0;
    ret_cursor->high = read_integer(rest);
    read_bytes(rest, ret_cursor->tag, sizeof(ret_cursor->tag));
    read_position(rest, ret_cursor->high, &ret_cursor->own);
    while (status == TERN_OK && !rest->broken && rest->size > 0) {
        struct trn_position other = {.version = 0};

        read_bytes(rest, other.scope.bytes, sizeof(other.scope.bytes));
        other.version = read_integer(rest);
        read_position(rest, ret_cursor->high, &other);
        status = trn_cursor_add(ret_cursor, &other);
    }
    return status;
}

static bool seals_equal(const uint8_t *a, const uint8_t *b)
{
    unsigned difference = 0;

    for (size_t index = 0; index < TRN_CURSOR_SEAL_BYTES; index++) {
        difference |= (unsigned)(a[index] ^ b[index]);
    }
    return difference == 0;
}

static tern_status check_seal(struct trn_slice bytes,
                              const struct trn_db_meta *meta,
                              const tern_id *user,
                              const tern_id *device,
                              tern_error *error)
{
    uint8_t expected[TRN_CURSOR_SEAL_BYTES] = {0};
    struct trn_slice content = {bytes.data, bytes.size - TRN_CURSOR_SEAL_BYTES};
    tern_status status = seal(meta, user, device, content, expected, error);

    if (status == TERN_OK && !seals_equal(expected, bytes.data + content.size)) {
        return trn_fail(error, TERN_ERR_CURSOR, "the cursor was not given to this device");
    }
    return status;
}

tern_status trn_cursor_open(struct trn_slice text,
                            const struct trn_db_meta *meta,
                            const tern_id *user,
                            const tern_id *device,
                            struct trn_cursor *ret_cursor,
                            tern_error *error)
{
    struct trn_cursor cursor = {.own.scope = *user};
    struct rest rest = {0};
    size_t size = trn_base64_decoded_size(text.size);
    uint8_t *bytes = trn_alloc(size);
    tern_status status = TERN_OK;

    if (bytes == NULL) {
        return trn_fail_nomem(error);
    }
    if (!trn_base64_decode(text, bytes) || size <= TRN_CURSOR_SEAL_BYTES) {
        status = trn_fail(error, TERN_ERR_CURSOR, "the cursor is malformed");
        goto out;
    }
    status = check_seal(trn_slice_make(bytes, size), meta, user, device, error);
    if (status != TERN_OK) {
        goto out;
    }
    rest.data = bytes;
    rest.size = size - TRN_CURSOR_SEAL_BYTES;
    status = read_content(&rest, meta, &cursor);
    if (status != TERN_OK) {
        status = trn_fail_nomem(error);
        goto out;
    }
    if (rest.broken) {
        status = trn_fail(error, TERN_ERR_CURSOR, "the cursor is malformed");
        goto out;
    }
    *ret_cursor = cursor;
    memset(&cursor, 0, sizeof(cursor));
out:
    trn_cursor_free(&cursor);
    trn_free(bytes);
    return status;
}

/* Ids as text, in the wire's base64, and made new: v4, v5 and monotone v7. */
#include "base/uuid.h"

#include <string.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/hex.h"

enum { ID_BYTES = 16, TIME_BYTES = 6 };

bool trn_id_equal(const tern_id *left, const tern_id *right)
{
    return memcmp(left->bytes, right->bytes, ID_BYTES) == 0;
}

int trn_id_compare(const tern_id *left, const tern_id *right)
{
    return memcmp(left->bytes, right->bytes, ID_BYTES);
}

bool trn_id_is_nil(const tern_id *id)
{
    static const tern_id nil;

    return trn_id_equal(id, &nil);
}

static bool is_hyphen_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void trn_id_format(const tern_id *id, char ret_text[TRN_ID_TEXT_SIZE + 1])
{
    char *out = ret_text;

    for (size_t i = 0; i < ID_BYTES; i++) {
        if (is_hyphen_before(i)) {
            *out++ = '-';
        }
        trn_hex_encode(&id->bytes[i], 1, out);
        out += 2;
    }
}

bool trn_id_parse(struct trn_slice text, tern_id *ret_id)
{
    tern_id id;
    size_t at = 0;

    if (text.size != TRN_ID_TEXT_SIZE) {
        return false;
    }
    for (size_t i = 0; i < ID_BYTES; i++) {
        if (is_hyphen_before(i) && text.data[at++] != '-') {
            return false;
        }
        if (!trn_hex_decode(trn_slice_make(text.data + at, 2), &id.bytes[i], 1)) {
            return false;
        }
        at += 2;
    }
    *ret_id = id;
    return true;
}

void trn_id_to_wire(const tern_id *id, char ret_text[TRN_ID_WIRE_SIZE + 1])
{
    trn_base64_encode(id->bytes, ID_BYTES, ret_text);
    ret_text[TRN_ID_WIRE_SIZE] = '\0';
}

bool trn_id_from_wire(struct trn_slice text, tern_id *ret_id)
{
    tern_id id;

    if (text.size != TRN_ID_WIRE_SIZE || !trn_base64_decode(text, id.bytes)) {
        return false;
    }
    *ret_id = id;
    return true;
}

static void mark(tern_id *id, unsigned version)
{
    id->bytes[6] = (uint8_t)((id->bytes[6] & 0x0F) | version << 4);
    id->bytes[8] = (uint8_t)((id->bytes[8] & 0x3F) | 0x80);
}

static void seed(tern_id *id, int64_t time_ms, const uint8_t random[TRN_ID_V7_RANDOM_BYTES])
{
    for (unsigned i = 0; i < TIME_BYTES; i++) {
        id->bytes[i] = (uint8_t)(time_ms >> (8 * (TIME_BYTES - 1 - i)));
    }
    memcpy(id->bytes + TIME_BYTES, random, TRN_ID_V7_RANDOM_BYTES);
    mark(id, 7);
}

static int64_t time_of(const tern_id *id)
{
    int64_t time_ms = 0;

    for (unsigned i = 0; i < TIME_BYTES; i++) {
        time_ms = time_ms << 8 | id->bytes[i];
    }
    return time_ms;
}

/* Adds to the 74 random bits, passing over version and variant. False when they overflow. */
static bool advance(tern_id *id, uint32_t step)
{
    uint64_t low = 0;
    unsigned high = (id->bytes[6] & 0x0FU) << 8 | id->bytes[7];

    for (unsigned i = 8; i < ID_BYTES; i++) {
        low = low << 8 | id->bytes[i];
    }
    low = (low & UINT64_C(0x3FFFFFFFFFFFFFFF)) + step;
    high += (unsigned)(low >> 62);
    if (high > 0x0FFF) {
        return false;
    }
    for (unsigned i = ID_BYTES; i > 8; i--) {
        id->bytes[i - 1] = (uint8_t)low;
        low >>= 8;
    }
    id->bytes[7] = (uint8_t)high;
    id->bytes[6] = (uint8_t)(high >> 8);
    mark(id, 7);
    return true;
}

void trn_id_v7_next(struct trn_id_v7_state *state,
                    int64_t wall_ms,
                    const uint8_t random[TRN_ID_V7_RANDOM_BYTES],
                    tern_id *ret_id)
{
    uint32_t step = 1 + ((uint32_t)random[0] << 8 | random[1]);
    int64_t last_ms = time_of(&state->last);
    bool is_first = trn_id_is_nil(&state->last);

    if (is_first || (wall_ms > last_ms && wall_ms - state->burst_ms >= TRN_ID_V7_BURST_MS)) {
        state->burst_ms = wall_ms > 0 ? wall_ms : 0;
        seed(&state->last, state->burst_ms, random);
    } else if (!advance(&state->last, step)) {
        seed(&state->last, last_ms + 1, random);
    }
    *ret_id = state->last;
}

void trn_id_v4(const uint8_t random[16], tern_id *ret_id)
{
    memcpy(ret_id->bytes, random, ID_BYTES);
    mark(ret_id, 4);
}

tern_status trn_id_v5(const tern_id *space, struct trn_slice name, tern_id *ret_id)
{
    const struct trn_slice parts[] = {trn_slice_make(space->bytes, ID_BYTES), name};
    uint8_t hash[TRN_SHA1_BYTES];
    tern_status status = trn_sha1(parts, sizeof(parts) / sizeof(parts[0]), hash);

    if (status != TERN_OK) {
        return status;
    }
    memcpy(ret_id->bytes, hash, ID_BYTES);
    mark(ret_id, 5);
    return TERN_OK;
}

/* The cell tern_v: one integer where one transaction wrote every unit, else a varint a unit. */
#include "model/version.h"

#include "base/assert.h"
#include "base/error.h"

enum { RANK_BITS = 16, VARINT_BITS = 7, VARINT_BYTES_MAX = 7 };

static tern_status damaged(tern_error *error)
{
    return trn_fail(error, TERN_ERR_CORRUPT, "tern_v holds no version");
}

static tern_status
decode_integer(int64_t cell, size_t unit_count, struct trn_version *ret_version, tern_error *error)
{
    struct trn_version version = {.ranks = (uint16_t)(cell & UINT16_MAX)};

    if (cell < 0 || cell >> RANK_BITS > TRN_KEY_MAX) {
        return damaged(error);
    }
    for (size_t unit = 0; unit < unit_count; unit++) {
        version.keys[unit] = cell >> RANK_BITS;
    }
    *ret_version = version;
    return TERN_OK;
}

/* Reads one varint at `*at` and moves behind it. False where there is none. */
static bool read_varint(const uint8_t *bytes, size_t size, size_t *at, uint64_t *ret_number)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < VARINT_BYTES_MAX && *at < size; i++) {
        uint8_t byte = bytes[(*at)++];

        number |= (uint64_t)(byte & 0x7F) << (VARINT_BITS * i);
        if ((byte & 0x80) == 0) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

tern_status trn_version_decode(const tern_value *cell,
                               size_t unit_count,
                               struct trn_version *ret_version,
                               tern_error *error)
{
    struct trn_version version = {0};
    size_t unit = 0;
    size_t at = 0;

    TRN_ASSERT(cell != NULL && ret_version != NULL && unit_count <= TRN_UNITS_MAX);

    if (cell->kind == TERN_INTEGER) {
        return decode_integer(cell->integer, unit_count, ret_version, error);
    }
    if (cell->kind != TERN_BLOB || cell->size == 0) {
        return damaged(error);
    }
    for (; at < cell->size; unit++) {
        uint64_t number = 0;

        if (unit == unit_count || !read_varint(cell->data, cell->size, &at, &number) ||
            number >> 1 > (uint64_t)TRN_KEY_MAX) {
            return damaged(error);
        }
        trn_version_set(&version,
                        unit,
                        (int64_t)(number >> 1),
                        (enum trn_rank)(unsigned)(number & 1));
    }
    *ret_version = version;
    return TERN_OK;
}

static bool is_of_one_key(const struct trn_version *version, size_t unit_count)
{
    for (size_t unit = 1; unit < unit_count; unit++) {
        if (version->keys[unit] != version->keys[0]) {
            return false;
        }
    }
    return true;
}

static size_t write_varint(uint64_t number, uint8_t *room)
{
    size_t size = 0;

    while (number > 0x7F) {
        room[size++] = (uint8_t)(number | 0x80);
        number >>= VARINT_BITS;
    }
    room[size++] = (uint8_t)number;
    return size;
}

void trn_version_encode(const struct trn_version *version,
                        size_t unit_count,
                        uint8_t room[TRN_VERSION_BLOB_MAX],
                        tern_value *ret_cell)
{
    size_t size = 0;

    TRN_ASSERT(unit_count > 0 && unit_count <= TRN_UNITS_MAX);

    if (is_of_one_key(version, unit_count)) {
        uint16_t known = (uint16_t)((1U << unit_count) - 1);

        *ret_cell = tern_value_integer(version->keys[0] << RANK_BITS | (version->ranks & known));
        return;
    }
    for (size_t unit = 0; unit < unit_count; unit++) {
        uint64_t rank = (uint64_t)trn_version_rank(version, unit);

        size += write_varint((uint64_t)version->keys[unit] << 1 | rank, room + size);
    }
    *ret_cell = tern_value_blob(room, size);
}

int64_t trn_version_newest(const struct trn_version *version, size_t unit_count)
{
    int64_t newest = 0;

    for (size_t unit = 0; unit < unit_count; unit++) {
        if (version->keys[unit] > newest) {
            newest = version->keys[unit];
        }
    }
    return newest;
}

void trn_version_set(struct trn_version *version, size_t unit, int64_t key, enum trn_rank rank)
{
    unsigned bit = 1U << unit;

    TRN_ASSERT(unit < TRN_UNITS_MAX && key >= 0 && key <= TRN_KEY_MAX);

    version->keys[unit] = key;
    version->ranks =
        (uint16_t)(rank == TRN_RANK_1_RECORDED ? version->ranks | bit : version->ranks & ~bit);
}

enum trn_rank trn_version_rank(const struct trn_version *version, size_t unit)
{
    return (version->ranks >> unit & 1) != 0 ? TRN_RANK_1_RECORDED : TRN_RANK_0_INFERRED;
}

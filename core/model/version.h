/*
 * Which transaction wrote each unit of a row, in the compact form of the hidden column `tern_v`.
 *
 * A key is a local name of a transaction: the row of tern_tx on a device, the server's number on
 * the server. Where one transaction wrote every unit, the cell is INTEGER `key << 16 | ranks`, bit
 * u of ranks being unit u's rank; else a BLOB of one LEB128 varint `key << 1 | rank` a unit. Key 0
 * says that nothing has written the unit yet (it came with an upgrade): any stamp is after it. An
 * integer speaks for units that came later too: they hold their defaults, inferred, by that key,
 * just as if the same insert were made under the newer schema.
 */
#ifndef TRN_MODEL_VERSION_H
#define TRN_MODEL_VERSION_H

#include "model/schema.h"
#include "model/stamp.h"
#include "tern/error.h"

#define TRN_KEY_MAX ((int64_t)1 << 46)
#define TRN_VERSION_BLOB_MAX (TRN_UNITS_MAX * 10)

struct trn_version {
    int64_t keys[TRN_UNITS_MAX];
    uint16_t ranks; /* bit u: rank of unit u */
};

/* Reads a tern_v cell of a table of `unit_count` units. TERN_ERR_CORRUPT if it is no such thing;
 * units missing at the end get key 0. */
tern_status trn_version_decode(const tern_value *cell,
                               size_t unit_count,
                               struct trn_version *ret_version,
                               tern_error *error);

/* Writes the cell; a BLOB's bytes go to `room`, which must outlive `ret_cell`. */
void trn_version_encode(const struct trn_version *version,
                        size_t unit_count,
                        uint8_t room[TRN_VERSION_BLOB_MAX],
                        tern_value *ret_cell);

/* The highest key, 0 if none. */
int64_t trn_version_newest(const struct trn_version *version, size_t unit_count);

void trn_version_set(struct trn_version *version, size_t unit, int64_t key, enum trn_rank rank);
enum trn_rank trn_version_rank(const struct trn_version *version, size_t unit);

#endif

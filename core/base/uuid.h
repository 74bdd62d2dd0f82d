/**
 * Ids: their texts, and how new ones are made.
 *
 * Every version is accepted from outside. Ours are v7 (ordered by time, so that keys of one burst
 * lie beside each other on disk and compress on the wire) or v5 (derived from a name).
 */
#ifndef TRN_BASE_UUID_H
#define TRN_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tern/value.h"

enum {
    TRN_ID_TEXT_SIZE = 36,      /* characters of 8-4-4-4-12 */
    TRN_ID_WIRE_SIZE = 22,      /* characters of base64 without padding */
    TRN_ID_V7_RANDOM_BYTES = 10 /* what one new id may use */
};

bool trn_id_equal(const tern_id *left, const tern_id *right);
/** Bytewise order: negative, zero or positive. */
int trn_id_compare(const tern_id *left, const tern_id *right);
bool trn_id_is_nil(const tern_id *id);

/** Writes the 36 lower-case characters and a NUL. */
void trn_id_format(const tern_id *id, char ret_text[TRN_ID_TEXT_SIZE + 1]);
/** Reads 36 characters, either case. False, and `ret_id` untouched, for anything else. */
bool trn_id_parse(struct trn_slice text, tern_id *ret_id);

/** Writes the 22 characters and a NUL. */
void trn_id_to_wire(const tern_id *id, char ret_text[TRN_ID_WIRE_SIZE + 1]);
/** Reads the one spelling that trn_id_to_wire writes. False, and `ret_id` untouched, for anything
 * else. */
bool trn_id_from_wire(struct trn_slice text, tern_id *ret_id);

/** The last id of a generator and when its burst began; all zero to begin with. The owner
 * serializes its use. */
struct trn_id_v7_state {
    tern_id last;
    int64_t burst_ms;
};

/** A burst is what follows its first id within this time. */
enum { TRN_ID_V7_BURST_MS = 250 };

/**
 * Mints a v7 id above all earlier ones of the generator (RFC 9562, monotonic random), also when the
 * clock stands still or runs back.
 *
 * Within a burst, an id is the one before it plus 1 to 65,536; else it is the wall clock
 * (milliseconds since 1970) and 74 random bits.
 */
void trn_id_v7_next(struct trn_id_v7_state *state,
                    int64_t wall_ms,
                    const uint8_t random[TRN_ID_V7_RANDOM_BYTES],
                    tern_id *ret_id);

/** Makes a random id (v4) of 16 random bytes. */
void trn_id_v4(const uint8_t random[16], tern_id *ret_id);

/** Derives the v5 id of a name within a namespace. TERN_ERR_INTERNAL as trn_sha1. */
TERN_MUST_USE tern_status trn_id_v5(const tern_id *space, struct trn_slice name, tern_id *ret_id);

#endif

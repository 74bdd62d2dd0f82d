/*
 * Requests: an envelope, then entries with what this attempt says of each, then the end line.
 *
 * The device appends the parts; the server reads a whole body, whose framing is checked to the last
 * byte before the first entry is handed out, so that a malformed request changes nothing.
 */
#ifndef TRN_WIRE_REQUEST_H
#define TRN_WIRE_REQUEST_H

#include "base/digest.h"
#include "wire/entry.h"
#include "wire/limits.h"

/* An entry of this device, by its count and its tx; ordinal 0: there is none. */
struct trn_landmark {
    uint64_t ordinal;
    tern_id tx;
};

/* Of a whole copy of a record, rows of `table` may be left out whose `column`, a date or a
 * timestamptz, lies more than `days` back. */
struct trn_request_window {
    size_t table; /* index, in the request's version of the schema */
    uint16_t column;
    uint32_t days;
};

struct trn_request_envelope {
    uint32_t schema_version;
    tern_id device;
    tern_id user; /* whose replica it is; nil: an older device does not say */
    int64_t sent_us;
    uint32_t rows;             /* wanted in the answer; 0: push only */
    struct trn_slice cursor;   /* opaque text; size 0 before the first answer */
    struct trn_slice dropped;  /* one not gone by, any more or yet, for trn_dropped_read; size 0:
                                  none */
    struct trn_landmark acked; /* last acknowledged */
    struct trn_landmark top;   /* highest committed */
    size_t tx_count;
    struct trn_request_window windows[TRN_WIRE_WINDOWS_MAX];
    size_t window_count;
};

/* What an attempt says of the entry behind it. */
struct trn_attempt {
    int64_t age_us;
    bool is_reoffer; /* a server had stored it before, at `stored_us` */
    int64_t stored_us;
    bool is_inherited; /* another device, `author`, wrote it */
    tern_id author;
};

/* ---- Device ---- */

/* Appends the envelope to an empty body. */
TERN_MUST_USE tern_status trn_request_write_envelope(struct trn_line_writer *writer,
                                                     const struct trn_request_envelope *envelope,
                                                     tern_error *error);
/* Appends one entry as it was written. Behind the last goes trn_line_write_last. */
TERN_MUST_USE tern_status trn_request_write_entry(struct trn_line_writer *writer,
                                                  const struct trn_attempt *attempt,
                                                  struct trn_slice entry,
                                                  tern_error *error);

/* Appends to `dropped` the cursor with whom it was given before it, unless that stands there: a
 * device that has taken another id proves by it what it was given under an earlier one. */
TERN_MUST_USE tern_status trn_dropped_write(const tern_id *device,
                                            struct trn_slice cursor,
                                            struct trn_bytes *dropped,
                                            tern_error *error);

/* ---- Server ---- */

/* The cursor in `dropped`. Whom it was given replaces `device` where that is said. */
struct trn_slice trn_dropped_read(struct trn_slice dropped, tern_id *device);

struct trn_request_entry {
    struct trn_attempt attempt;
    struct trn_slice bytes; /* for trn_entry_open; borrowed from the body */
    uint8_t hash[TRN_SHA256_BYTES];
};

struct trn_request_reader {
    struct trn_line_reader lines;
    struct trn_request_envelope envelope; /* cursors borrowed from the reader */
    struct trn_bytes cursor;
    struct trn_bytes dropped;
    size_t entries; /* handed out so far */
    bool unhashed;  /* to be set by who does without the entries' hashes, which are zeros then */
};

/**
 * Reads the envelope and checks the framing of the whole body: each line flat JSON in UTF-8, all in
 * order, as many entries as the envelope says, the end line right and last. What needs the schema
 * is not looked at: it is one entry's matter.
 *
 * @param body Decompressed; must outlive the reader.
 * @return TERN_OK, TERN_ERR_PROTOCOL, _TOO_DEEP, _NOT_UTF8, _TOO_LARGE, _NOMEM. The reader is to be
 * closed either way.
 */
TERN_MUST_USE tern_status trn_request_open(struct trn_request_reader *reader,
                                           struct trn_slice body,
                                           tern_error *error);
/* The next entry, `ret_any` false behind the last. TERN_ERR_NOMEM, _INTERNAL. */
TERN_MUST_USE tern_status trn_request_next(struct trn_request_reader *reader,
                                           bool *ret_any,
                                           struct trn_request_entry *ret_entry,
                                           tern_error *error);
/* All zero is accepted. */
void trn_request_close(struct trn_request_reader *reader);

#endif

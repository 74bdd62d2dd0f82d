/*
 * The undo image of an entry: for each row it changed what was there before, so that laying the
 * rows back by it, in any order, gives exactly the rows as the entry found them.
 *
 * Private to the replica that wrote it. A row stands in an image once. Integers are LEB128 varints,
 * signed ones zigzag.
 */
#ifndef TRN_ENGINE_UNDO_H
#define TRN_ENGINE_UNDO_H

#include "base/bytes.h"
#include "model/change.h"

struct trn_undo_record {
    const struct trn_table *table;
    tern_id id;
    bool absent;    /* the entry inserted the row: before, there was none; the rest is not set */
    uint16_t units; /* those that the entry changed; bit 0: deleted_at */
    int64_t updated_at_us;
    int64_t deleted_at_us;              /* 0: live; set whether or not bit 0 is */
    struct trn_version version;         /* of all units */
    tern_value values[TRN_COLUMNS_MAX]; /* columns of `units`; of existence, created_at */
};

/* ---- Writing ---- */

/* The row was not there. TERN_ERR_NOMEM. */
tern_status
trn_undo_write_absent(struct trn_bytes *image, const struct trn_table *table, const tern_id *id);
/* The row was there, and `units` of it change. Columns of these are read from `before`. */
tern_status trn_undo_write_row(struct trn_bytes *image,
                               const struct trn_table *table,
                               const struct trn_row *before,
                               uint16_t units);

/* ---- Reading ---- */

struct trn_undo_reader {
    struct trn_slice image;
    const struct trn_schema *schema;
    size_t at;
};

/* Starts at the first record of `image`, which must outlive the reader and its records. */
void trn_undo_reader_open(struct trn_undo_reader *reader,
                          const struct trn_schema *schema,
                          struct trn_slice image);
/* The next record, its bytes borrowed from the image; `ret_any` is false at the end.
 * TERN_ERR_CORRUPT. */
tern_status trn_undo_next(struct trn_undo_reader *reader,
                          bool *ret_any,
                          struct trn_undo_record *ret_record,
                          tern_error *error);

#endif

/*
 * Values of a row as one JSON object, column name to value in the wire's spelling: how audit
 * entries keep them, and how people are shown them.
 */
#ifndef TRN_WIRE_VALUES_H
#define TRN_WIRE_VALUES_H

#include "base/bytes.h"
#include "model/schema.h"

/* Appends the object of the columns whose bits are set in `columns`. TERN_ERR_NOMEM;
 * TERN_ERR_NOT_UTF8 for a text that is none. */
TERN_MUST_USE tern_status trn_values_write(const struct trn_table *table,
                                           uint64_t columns,
                                           const tern_value *values,
                                           struct trn_bytes *text,
                                           tern_error *error);

/* An object read: `values` is indexed by column, and borrowed until it is freed. */
struct trn_values {
    tern_value *values;
    uint64_t columns;      /* bits of those that were there */
    bool has_deleted;      /* it holds deleted_at */
    int64_t deleted_at_us; /* 0: null */
    void *object;
    struct trn_bytes blobs;
};

/* Reads an object; members that the table does not have are passed over. TERN_ERR_CORRUPT where it
 * is none or a value is not of its column's type, _NOMEM.
 */
TERN_MUST_USE tern_status trn_values_read(const struct trn_table *table,
                                          struct trn_slice text,
                                          struct trn_values *ret_values,
                                          tern_error *error);
/* All zero is accepted. */
void trn_values_free(struct trn_values *values);

/* Whether the values of the unit can be set aside: an audit entry holds them as one text, as
 * trn_values_write spells them, and so none may be longer than a text may be. Those of existence
 * always can. */
bool trn_values_fit(const struct trn_table *table, size_t unit, const tern_value *values);
/* TERN_ERR_TOO_LARGE where the columns of a row may take a longer line than any answer has room
 * for. */
TERN_MUST_USE tern_status trn_values_check_size(const struct trn_table *table,
                                                const tern_value *values,
                                                tern_error *error);

#endif

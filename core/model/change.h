/*
 * Rows and changes as engine, wire and server pass them to each other.
 *
 * Values are in the schema's column order and borrowed from whoever filled them in.
 */
#ifndef TRN_MODEL_CHANGE_H
#define TRN_MODEL_CHANGE_H

#include "model/schema.h"
#include "model/version.h"

#define TRN_COLUMNS_MAX 64

enum trn_operation {
    TRN_OP_INSERT,  /* all columns */
    TRN_OP_UPDATE,  /* all columns of one unit */
    TRN_OP_UNDO,    /* as update, and recorded whatever the value rule says */
    TRN_OP_DELETE,  /* existence */
    TRN_OP_UNDELETE /* existence */
};

/* One line of an entry. `values` is indexed by column; only the columns that the operation carries
 * are set. */
struct trn_change {
    enum trn_operation operation;
    const struct trn_table *table;
    tern_id id;
    size_t unit;  /* of update and undo; TRN_UNIT_EXISTENCE otherwise */
    int64_t base; /* the version its writer saw: a server's number; negative, minus the ordinal of
                     its own earlier tx; 0 for none */
    tern_value values[TRN_COLUMNS_MAX];
};

/* One row of a synced table, whole. */
struct trn_row {
    tern_id id;
    int64_t updated_at_us;
    int64_t deleted_at_us; /* 0: live */
    struct trn_version version;
    tern_value values[TRN_COLUMNS_MAX];
};

/* What rank a write of `unit` has: recorded if `undo`; else inferred in a tx that says so; else, in
 * an `insert`, inferred where the unit holds nothing but defaults; else by the schema's rule for
 * the unit. Existence goes by the tx's word alone. `values` is indexed by column and must hold the
 * unit's columns, and the one that the unit's exception names (the row's own, where the change does
 * not carry it). */
enum trn_rank trn_change_rank(const struct trn_table *table,
                              size_t unit,
                              const tern_value *values,
                              bool tx_inferred,
                              bool undo,
                              bool insert);

/* Whether the change carries the column: `values` holds it. */
bool trn_change_carries(const struct trn_change *change, size_t column);

/* The id that a value holds; false, and `ret_id` untouched, if it is null or no id. */
bool trn_value_id(const tern_value *value, tern_id *ret_id);
/* Whether two cells hold the same value; of different kinds they never do. */
bool trn_value_equal(const tern_value *a, const tern_value *b);
/* Whether all columns of `unit` are equal. */
bool trn_unit_equal(const struct trn_table *table,
                    size_t unit,
                    const tern_value *a,
                    const tern_value *b);

/* The id that the natural key gives: UUIDv5 (RFC 9562) in the namespace of the table's name, over
 * the key's columns as a canonical JSON array. False if a column of a partial key is null, and the
 * id is then minted. `values` is indexed by column. */
tern_status trn_natural_id(const struct trn_table *table,
                           const tern_value *values,
                           bool *ret_derived,
                           tern_id *ret_id,
                           tern_error *error);

/* The namespace of a table's derived ids: UUIDv5 of its name. TERN_ERR_INTERNAL as trn_sha1. */
tern_status trn_natural_space(const char *table, tern_id *ret_space);

#endif

/*
 * Doses as the medication library knows them, out of the server's rows: where their columns stand
 * in the schema document, and what the rows around a dose say of when it is due.
 */
#ifndef TRN_SERVER_DOSES_H
#define TRN_SERVER_DOSES_H

#include "medication/source.h"
#include "server/db.h"

/* Columns of dose_events. */
enum trn_dose_column {
    TRN_DOSE_PRESCRIPTION,
    TRN_DOSE_MEDICATION,
    TRN_DOSE_PATIENT,
    TRN_DOSE_TIME,
    TRN_DOSE_DATE,
    TRN_DOSE_SLOT,
    TRN_DOSE_GRACE,
    TRN_DOSE_STATUS,
    TRN_DOSE_OFFLINE,
    TRN_DOSE_FLAGS,
    TRN_DOSE_COLUMNS
};

enum { TRN_KNOWN_COLUMNS_MAX = 10 };

/* A table of the schema document, and where its columns stand. */
struct trn_known_table {
    const struct trn_table *table;
    uint16_t columns[TRN_KNOWN_COLUMNS_MAX];
};

struct trn_doses {
    struct trn_known_table doses;
    struct trn_known_table medications;
    struct trn_known_table prescriptions;
    struct trn_known_table versions;
    struct trn_known_table beginnings;
    struct trn_known_table turns;
    struct trn_known_table users;
    struct trn_known_table meals;
    size_t rows_read; /* of versions, beginnings and turns, by trn_doses_source, in all */
};

/* Finds a table and columns of it by their names; false where the document lacks one. */
bool trn_known_find(const struct trn_schema *schema,
                    const char *name,
                    const char *const *columns,
                    size_t count,
                    struct trn_known_table *ret_known);

/* False where the document lacks a table or a column. */
bool trn_doses_know(const struct trn_schema *schema, struct trn_doses *ret_doses);

tern_value
trn_known_value(const struct trn_known_table *known, const struct trn_row *row, unsigned column);

/* What the rows around a dose whose grace has passed say of it, by the version that was in force
 * then; it outlives none of them. `seen` remembers the versions that were read, without what they
 * say, for the next doses of the same view; empty at first, and the caller's to free. The codes of
 * the database and of the zones' port. */
tern_status trn_doses_source(struct trn_doses *doses,
                             const struct trn_db *db,
                             struct trn_db_view *view,
                             const tern_zone_port *zones,
                             const struct trn_row *dose,
                             struct trn_bytes *seen,
                             struct trn_source *ret_source,
                             tern_error *error);

#endif

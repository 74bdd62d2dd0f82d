/**
 * A row as the import makes it: named values that own their bytes, ready for the typed row calls.
 *
 * The first failure of an append is kept in `status`; later appends do nothing then.
 */
#ifndef TRN_CLI_FHIR_ROW_H
#define TRN_CLI_FHIR_ROW_H

#include "base/bytes.h"
#include "tern/value.h"

enum { TRN_FHIR_CELLS_MAX = 24 };

struct trn_fhir_cell {
    const char *column; /* static, or as long as what the row is read from */
    tern_kind kind;
    int64_t integer;
    size_t offset; /* into the row's data */
    size_t size;
};

struct trn_fhir_row {
    const char *table;  /* static */
    const char *source; /* what it was made from, for the report; static */
    tern_id id;
    tern_id patient; /* whose record it belongs to */
    size_t resource; /* which resource of the import it was made of, counted; the importer's */
    int place;       /* its place among that resource's rows; the importer's */
    struct trn_fhir_cell cells[TRN_FHIR_CELLS_MAX];
    size_t count;
    struct trn_bytes data;
    tern_status status;
};

/** Empties the row and gives it its place. The id is no cell. */
void trn_fhir_row_begin(struct trn_fhir_row *row,
                        const char *table,
                        const char *source,
                        const tern_id *id,
                        const tern_id *patient);

void trn_fhir_row_add_text(struct trn_fhir_row *row, const char *column, struct trn_slice text);
void trn_fhir_row_add_integer(struct trn_fhir_row *row, const char *column, int64_t integer);
void trn_fhir_row_add_id(struct trn_fhir_row *row, const char *column, const tern_id *id);

/** Takes a cell out, if it is there. */
void trn_fhir_row_drop(struct trn_fhir_row *row, const char *column);

/** The value of cell `index`, borrowed until the row changes. */
tern_value trn_fhir_row_value(const struct trn_fhir_row *row, size_t index);
/** The value of the named cell; the null value if the row has none. */
tern_value trn_fhir_row_find(const struct trn_fhir_row *row, const char *column);

void trn_fhir_row_free(struct trn_fhir_row *row);

#endif

/**
 * Columns that FHIR has no element for, or not the same: they go along in an extension, so that an
 * exported row comes back as it was.
 *
 * The export reads what it made as the import would, and puts what then differs from the row into
 * the extension; the import lays the extension over what the elements say.
 */
#ifndef TRN_CLI_FHIR_COLUMN_H
#define TRN_CLI_FHIR_COLUMN_H

#include <jansson.h>

#include "cli/fhir_report.h"
#include "cli/fhir_row.h"

/** Sets `ret_extension` to an extension with every column in which `read` differs from `row`, NULL
 * where none does; owned by the caller. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_fhir_columns_write(const struct trn_fhir_row *row,
                                                 const struct trn_fhir_row *read,
                                                 json_t **ret_extension);

/** The resource's extension of the table's columns; NULL without one. Borrowed. */
const json_t *trn_fhir_columns_find(const json_t *resource, const char *table);

/** The id that the extension gives a column; false if it gives none. */
bool trn_fhir_columns_id(const json_t *extension, const char *column, tern_id *ret_id);

/** Lays the extension (NULL: none) over the row; what the table cannot hold is counted. A failure
 * is the row's status. */
void trn_fhir_columns_apply(const json_t *extension,
                            struct trn_fhir_report *report,
                            struct trn_fhir_row *row);

/** Gives the row the id that every device derives of its cells, which are its natural key and no
 * more. A failure is the row's status. */
void trn_fhir_columns_derive_id(struct trn_fhir_row *row);

/** Whether the name is that of the resource's member `extension` and no others than of columns
 * stand in it. */
bool trn_fhir_columns_only(const json_t *resource);

#endif

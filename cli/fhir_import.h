/**
 * The import of FHIR files: reads them, and hands their rows over in transactions.
 *
 * The files are read three times: first for what the requests refer to, which also finds whatever
 * is malformed before anything is written; then for the patients, then for the requests; and a
 * fourth time where there are administrations. The rows
 * of one transaction are of one patient, at most TRN_FHIR_TX_ROWS of them, so that a record that
 * the server refuses parks itself alone; those of one resource stay together. At most
 * TRN_FHIR_HELD_ROWS are held at a time.
 */
#ifndef TRN_CLI_FHIR_IMPORT_H
#define TRN_CLI_FHIR_IMPORT_H

#include "cli/fhir_report.h"
#include "cli/fhir_row.h"

enum { TRN_FHIR_TX_ROWS = 100, TRN_FHIR_HELD_ROWS = 10000 };

/** Where the rows go. */
struct trn_fhir_sink {
    void *context;
    /** Writes one transaction. `rows` is borrowed. */
    tern_status (*put)(void *context,
                       const struct trn_fhir_row *rows,
                       size_t count,
                       struct trn_fhir_report *report,
                       tern_error *error);
    /** Whose prescription is there under that id; `ret_found` is false where there is none. NULL
     * where nothing is there before the import. */
    tern_status (*find)(void *context,
                        const tern_id *prescription,
                        bool *ret_found,
                        tern_id *ret_patient,
                        tern_error *error);
};

/**
 * Imports the files in order.
 *
 * @return TERN_OK, TERN_ERR_IO, TERN_ERR_FORMAT, TERN_ERR_NOMEM, or what the sink returned.
 */
TERN_MUST_USE tern_status trn_fhir_import(const char *const *paths,
                                          size_t path_count,
                                          const struct trn_fhir_sink *sink,
                                          struct trn_fhir_report *report,
                                          tern_error *error);

#endif

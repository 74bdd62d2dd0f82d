/** What the tests of the FHIR import share: files from text, and the rows of an import as JSON. */
#ifndef TERN_TEST_CLI_FIXTURE_H
#define TERN_TEST_CLI_FIXTURE_H

#include <jansson.h>

#include "cli/fhir_import.h"

/** The outcome of one import. */
struct imported {
    json_t *tables; /* table -> id as text -> row */
    json_t *txs;    /* one array of patients' ids per transaction */
    struct trn_fhir_report report;
    tern_status status;
    tern_error error;
};

/** Writes `text` into a new file of the test and gives its path. */
const char *fixture_file(const char *name, const char *text);

/** Imports the files, NULL-terminated; closed with imported_close. */
void import_files(struct imported *ret_imported, const char *const *paths);
/** Imports one file of that content. */
void import_text(struct imported *ret_imported, const char *text);
void imported_close(struct imported *imported);

/** The row, which must be there. Borrowed. */
const json_t *imported_row(const struct imported *imported, const char *table, const char *id);
/** The only row of the table. Borrowed. */
const json_t *imported_only(const struct imported *imported, const char *table);
/** How often an element was left out. */
int64_t imported_unmapped(const struct imported *imported, const char *path);
/** A text cell; "" without one. Borrowed. */
const char *cell_text(const json_t *row, const char *column);

#endif

/** What the commands print: tables for people, JSON and CSV for programs, sentences for failures.
 */
#ifndef TRN_CLI_OUTPUT_H
#define TRN_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "base/bytes.h"
#include "cli/command.h"
#include "tern/value.h"

enum trn_sheet_format { TRN_SHEET_TABLE, TRN_SHEET_JSON, TRN_SHEET_CSV };

/** Reads --format and --json; says what is wrong and returns false for another. */
bool trn_sheet_format_read(const struct trn_call *call, enum trn_sheet_format *ret_format);

/** The value as JSON: ids (blobs of 16 bytes) as UUID text, other blobs as base64. NULL when memory
 * ran out. */
json_t *trn_value_json(tern_value value);

/** Appends the value as text, ids as UUIDs; nothing for null. TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_value_text(tern_value value, struct trn_bytes *text);

/** Writes microseconds since 1970 as "2026-03-02 06:30:00.123456Z"; "-" for 0. */
enum { TRN_TIME_BYTES = 32 };
void trn_time_text(int64_t us, char ret_text[TRN_TIME_BYTES]);

/** Rows with a heading, printed in one of the formats. */
struct trn_sheet {
    enum trn_sheet_format format;
    FILE *file;
    size_t columns;
    size_t rows;
    unsigned documents; /* set of columns whose texts are JSON, which JSON has as it is; none */
    json_t *names;      /* array of texts */
    json_t *cells; /* arrays of texts, one for each row; for tables alone, to find the widths */
    tern_status status;
};

/** Begins; freed with trn_sheet_end. `names` is borrowed. */
void trn_sheet_begin(struct trn_sheet *sheet,
                     enum trn_sheet_format format,
                     FILE *file,
                     const char *const *names,
                     size_t columns);
void trn_sheet_row(struct trn_sheet *sheet, const tern_value *values);
/** Prints what is left and frees; TERN_ERR_NOMEM or TERN_ERR_IO if something went missing. */
TERN_MUST_USE tern_status trn_sheet_end(struct trn_sheet *sheet);

/** Prints `document`, which is taken over, on standard output. False if it could not be made or
 * written. */
bool trn_print_json(json_t *document);

#endif

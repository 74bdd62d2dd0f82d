/*
 * Lines of flat JSON arrays, read and written without a tree: the whole of the wire but its
 * envelopes and problems.
 *
 * Reading goes by one cursor over a body in memory. What is taken is a subset of what jansson takes
 * as an array of scalars; in exchange there is no recursion and no allocation but one scratch
 * buffer. Writing appends to a byte string; the first failure sticks, and a line that failed leaves
 * no trace.
 */
#ifndef TRN_WIRE_LINE_H
#define TRN_WIRE_LINE_H

#include "base/bytes.h"
#include "model/schema.h"
#include "tern/error.h"
#include "tern/value.h"

/* ---- Reading: line_reader.c ---- */

struct trn_line_reader {
    struct trn_slice body;
    size_t at;             /* where the next line begins */
    size_t count;          /* lines begun so far */
    size_t member;         /* members of this line read so far */
    const uint8_t *line;   /* the line's first byte */
    const uint8_t *cursor; /* the next member, or the closing bracket */
    const uint8_t *end;    /* the line's newline, which ends every scan */
    struct trn_bytes scratch;
};

enum trn_token_kind {
    TRN_TOKEN_NULL,
    TRN_TOKEN_FALSE,
    TRN_TOKEN_TRUE,
    TRN_TOKEN_INTEGER,
    TRN_TOKEN_REAL,
    TRN_TOKEN_TEXT
};

/* One member of a line. `text` is borrowed until the next line is begun. */
struct trn_token {
    enum trn_token_kind kind;
    int64_t integer;
    double real;
    struct trn_slice text;
};

/* Starts at the first line of `body`, which must outlive the reader. No allocation. */
void trn_line_reader_open(struct trn_line_reader *reader, struct trn_slice body);
/* Frees the scratch buffer. All zero is accepted. */
void trn_line_reader_free(struct trn_line_reader *reader);

/* Begins the next line, whether or not the one before was read to its end; `ret_any` is false where
 * there is none. TERN_ERR_PROTOCOL where it is no array or lacks its newline, _NOMEM. */
TERN_MUST_USE tern_status trn_line_next(struct trn_line_reader *reader,
                                        bool *ret_any,
                                        tern_error *error);
/* The bytes of the line begun last, its newline included; borrowed from the body. */
struct trn_slice trn_line_bytes(const struct trn_line_reader *reader);
/* Whether the line holds another member. */
bool trn_line_has_more(const struct trn_line_reader *reader);
/* Whether the next member is null. */
bool trn_line_is_null(const struct trn_line_reader *reader);

/*
 * The next member, of any kind, of the kind named, or of a column's type.
 *
 * TERN_ERR_PROTOCOL where it is malformed, missing or of another kind; _TOO_DEEP for an array or an
 * object; _NOT_UTF8; _TOO_LARGE for a text above the cap; for a column _TYPE where it is of another
 * kind. A failed line can only be left; `ret_token` is undefined then.
 */
TERN_MUST_USE tern_status trn_line_read(struct trn_line_reader *reader,
                                        struct trn_token *ret_token,
                                        tern_error *error);
TERN_MUST_USE tern_status trn_line_read_integer(struct trn_line_reader *reader,
                                                int64_t *ret_integer,
                                                tern_error *error);
/* An integer within bounds. */
TERN_MUST_USE tern_status trn_line_read_count(struct trn_line_reader *reader,
                                              int64_t min,
                                              int64_t max,
                                              int64_t *ret_integer,
                                              tern_error *error);
TERN_MUST_USE tern_status trn_line_read_bool(struct trn_line_reader *reader,
                                             bool *ret_bool,
                                             tern_error *error);
TERN_MUST_USE tern_status trn_line_read_text(struct trn_line_reader *reader,
                                             struct trn_slice *ret_text,
                                             tern_error *error);
TERN_MUST_USE tern_status trn_line_read_id(struct trn_line_reader *reader,
                                           tern_id *ret_id,
                                           tern_error *error);
/* A cell, or null; borrowed until the next line is begun. Only the type is looked at: checks of the
 * schema document come later. */
TERN_MUST_USE tern_status trn_line_read_value(struct trn_line_reader *reader,
                                              const struct trn_column *column,
                                              tern_value *ret_value,
                                              tern_error *error);
/* The closing bracket: TERN_ERR_PROTOCOL where more members follow. */
TERN_MUST_USE tern_status trn_line_read_end(struct trn_line_reader *reader, tern_error *error);
/* Checks what is left of the line and throws it away. */
TERN_MUST_USE tern_status trn_line_skip(struct trn_line_reader *reader, tern_error *error);

/* Notes a failure at this place of the body. Returns `status`. */
TERN_MUST_USE tern_status trn_line_fail(const struct trn_line_reader *reader,
                                        tern_status status,
                                        const char *what,
                                        tern_error *error);

/* ---- Writing: line_writer.c ---- */

struct trn_line_writer {
    struct trn_bytes *bytes;
    size_t start; /* of the line under way */
    size_t lines; /* finished */
    tern_status status;
    const struct trn_column *culprit; /* whose value failed, or NULL */
};

/* Appends to `bytes`, which must outlive the writer. */
void trn_line_writer_open(struct trn_line_writer *writer, struct trn_bytes *bytes);

/* Starts a line with its one-letter tag. */
void trn_line_begin(struct trn_line_writer *writer, char tag);
void trn_line_write_null(struct trn_line_writer *writer);
void trn_line_write_bool(struct trn_line_writer *writer, bool value);
void trn_line_write_integer(struct trn_line_writer *writer, int64_t integer);
/* TERN_ERR_NOT_UTF8, _FORMAT for a zero character, _TOO_LARGE. */
void trn_line_write_text(struct trn_line_writer *writer, struct trn_slice text);
void trn_line_write_id(struct trn_line_writer *writer, const tern_id *id);
/* A cell in its column's spelling. TERN_ERR_TYPE where its kind is not the column's, _RANGE for a
 * real that is no number, and those of text. */
void trn_line_write_value(struct trn_line_writer *writer,
                          const struct trn_column *column,
                          const tern_value *value);
/* Finishes the line. On failure the line is taken back, and the failure is this call's result and
 * that of all later ones; the message names the column. */
TERN_MUST_USE tern_status trn_line_finish(struct trn_line_writer *writer, tern_error *error);
/* Appends whole lines as they are. */
TERN_MUST_USE tern_status trn_line_append(struct trn_line_writer *writer,
                                          struct trn_slice lines,
                                          tern_error *error);
/* The end line: how many lines stand before it. */
TERN_MUST_USE tern_status trn_line_write_last(struct trn_line_writer *writer, tern_error *error);

#endif

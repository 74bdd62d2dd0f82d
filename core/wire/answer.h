/*
 * Answers: an envelope, the verdicts, then scope by scope the rows and the transactions they name,
 * then the end line.
 *
 * The lines of a scope stand on their own: every transaction that a row names is named between the
 * scope's "s" line and the row. So they can be cut out, kept and read again later.
 */
#ifndef TRN_WIRE_ANSWER_H
#define TRN_WIRE_ANSWER_H

#include "wire/entry.h"

struct trn_answer_envelope {
    uint32_t schema_version; /* the server's */
    char epoch[TRN_EPOCH_BYTES];
    int64_t time_us;         /* server time */
    struct trn_slice cursor; /* opaque text */
    size_t verdict_count;
    bool more;      /* there is more to fetch */
    int64_t backup; /* every number up to it is in a backup of the server's; 0: none is known */
    bool any;       /* the token writes any record: what it wrote into one stays on its device */
};

enum trn_verdict_kind {
    TRN_VERDICT_APPLIED,
    TRN_VERDICT_DUPLICATE,
    TRN_VERDICT_REJECTED,
    TRN_VERDICT_RETRY
};

struct trn_verdict {
    size_t index; /* of the entry in the request */
    enum trn_verdict_kind kind;
    int64_t number;            /* applied, duplicate */
    int64_t stored_us;         /* applied, duplicate */
    tern_status code;          /* rejected */
    int64_t change;            /* rejected: index of the change, or -1 */
    struct trn_slice sentence; /* rejected; borrowed */
};

/* "applied", "duplicate", "rejected", "retry"; and back, false for any other word. */
const char *trn_verdict_word(enum trn_verdict_kind kind);
bool trn_verdict_of_word(struct trn_slice word, enum trn_verdict_kind *ret_kind);

/* A transaction by its number, as rows name it. */
struct trn_answer_tx {
    int64_t number;
    int64_t time_us;
    tern_id device;
};

/* ---- Server ---- */

struct trn_answer_writer {
    struct trn_line_writer lines;
    const struct trn_schema *schema;
    uint32_t version; /* of the schema that rows are written in */
    int64_t last;     /* number of the last "t" line of this scope, 0 without */
};

/*
 * Appends to `bytes`. Every function after open fails with TERN_ERR_NOMEM, or as trn_line_finish
 * says, and leaves the lines before it whole.
 *
 * The envelope holds what is known last (cursor, more), so rows may be written to bytes of their
 * own and appended with trn_line_append(&writer->lines, ...). Behind all goes trn_line_write_last.
 */
void trn_answer_writer_open(struct trn_answer_writer *writer,
                            const struct trn_schema *schema,
                            uint32_t version,
                            struct trn_bytes *bytes);
TERN_MUST_USE tern_status trn_answer_write_envelope(struct trn_answer_writer *writer,
                                                    const struct trn_answer_envelope *envelope,
                                                    tern_error *error);
TERN_MUST_USE tern_status trn_answer_write_verdict(struct trn_answer_writer *writer,
                                                   const struct trn_verdict *verdict,
                                                   tern_error *error);
/* The scope is no longer granted. */
TERN_MUST_USE tern_status trn_answer_write_gone(struct trn_answer_writer *writer,
                                                const tern_id *scope,
                                                tern_error *error);
/* It is gone because it was erased, by the transaction `number`. */
TERN_MUST_USE tern_status trn_answer_write_erased(struct trn_answer_writer *writer,
                                                  const tern_id *scope,
                                                  int64_t number,
                                                  tern_error *error);
TERN_MUST_USE tern_status trn_answer_begin_scope(struct trn_answer_writer *writer,
                                                 const tern_id *scope,
                                                 bool fresh,
                                                 tern_error *error);
/* Names a transaction for the rows behind, in this scope. */
TERN_MUST_USE tern_status trn_answer_write_tx(struct trn_answer_writer *writer,
                                              const struct trn_answer_tx *tx,
                                              tern_error *error);
/* The keys of `row->version` are numbers; each other than 0 must have been named in this scope.
 * Columns and units that the version does not know are left out, and enum values that have a
 * fallback are replaced by it where the version is older than the schema. */
TERN_MUST_USE tern_status trn_answer_write_row(struct trn_answer_writer *writer,
                                               const struct trn_table *table,
                                               const struct trn_row *row,
                                               tern_error *error);
/* The scope is complete. */
TERN_MUST_USE tern_status trn_answer_end_scope(struct trn_answer_writer *writer,
                                               const tern_id *scope,
                                               tern_error *error);

/* ---- Device ---- */

enum trn_answer_kind {
    TRN_ANSWER_END, /* of the body or piece */
    TRN_ANSWER_VERDICT,
    TRN_ANSWER_GONE,    /* scope */
    TRN_ANSWER_SCOPE,   /* scope, fresh */
    TRN_ANSWER_TX,      /* tx */
    TRN_ANSWER_ROW,     /* table; the row is in `ret_row` */
    TRN_ANSWER_COMPLETE /* scope */
};

struct trn_answer_item {
    enum trn_answer_kind kind;
    struct trn_verdict verdict; /* its sentence borrowed until the next item */
    tern_id scope;
    bool fresh;
    int64_t erased; /* of a scope that is gone: the number of its erasure, 0 for none */
    struct trn_answer_tx tx;
    const struct trn_table *table;
    struct trn_slice line; /* its bytes; borrowed from the body */
};

struct trn_answer_reader {
    struct trn_line_reader lines;
    const struct trn_schema *schema;
    struct trn_answer_envelope envelope; /* cursor borrowed from the reader */
    struct trn_bytes cursor;
    size_t first; /* where the first line of items begins */
    bool is_piece;
    bool in_scope;
    tern_id scope;              /* in_scope: the one whose lines these are */
    size_t verdicts;            /* read so far */
    int64_t last;               /* number of the last "t" line of this scope, 0 without */
    struct trn_slice last_line; /* that line, for the head of a staged piece */
};

/**
 * Reads the envelope, and looks whether the body is whole: that the end line stands at its end and
 * counts its lines. Items follow by trn_answer_next; a body found malformed among them is to be
 * thrown away with all that it did, or is passed over by trn_answer_check first.
 *
 * @param schema The one that the request named; outlives the reader.
 * @param body   Decompressed; must outlive the reader.
 * @return TERN_OK, TERN_ERR_PROTOCOL, _TOO_DEEP, _NOT_UTF8, _TOO_LARGE, _NOMEM. The reader is to be
 * closed either way.
 */
TERN_MUST_USE tern_status trn_answer_open(struct trn_answer_reader *reader,
                                          const struct trn_schema *schema,
                                          struct trn_slice body,
                                          tern_error *error);
/* Reads lines "t", "r" and "m" of one scope that were cut out of an answer. A piece that does not
 * begin the scope's lines begins with the "t" line that was the last before it. No allocation. */
void trn_answer_open_piece(struct trn_answer_reader *reader,
                           const struct trn_schema *schema,
                           struct trn_slice piece);
/**
 * The next item; of kind TRN_ANSWER_END behind the last. `ret_row` is filled by a row, its values
 * borrowed until the next item, its version's keys being numbers.
 *
 * @return TERN_OK; TERN_ERR_PROTOCOL, _TOO_DEEP, _NOT_UTF8, _TOO_LARGE, _UNKNOWN_TABLE,
 * _UNKNOWN_COLUMN, _TYPE, _NOMEM.
 */
TERN_MUST_USE tern_status trn_answer_next(struct trn_answer_reader *reader,
                                          struct trn_answer_item *ret_item,
                                          struct trn_row *ret_row,
                                          tern_error *error);
/* Back to the first item, without the envelope being read again. */
void trn_answer_rewind(struct trn_answer_reader *reader);
/* Reads all items once, and goes back to the first. The codes of trn_answer_next. */
TERN_MUST_USE tern_status trn_answer_check(struct trn_answer_reader *reader, tern_error *error);
/* All zero is accepted. */
void trn_answer_close(struct trn_answer_reader *reader);

#endif

/*
 * Entries: one transaction as it is queued, sent and kept. Its first line names it, each further
 * one is a change.
 *
 * The bytes of an entry are written once and never change. They are read under the schema of today
 * whatever version they were written under: columns that came since hold their defaults.
 */
#ifndef TRN_WIRE_ENTRY_H
#define TRN_WIRE_ENTRY_H

#include "model/change.h"
#include "wire/epoch.h"
#include "wire/line.h"

/* What is left of a transaction whose own entry is kept no more: the units on the rows that still
 * are its, under a new tx id, for a server that lost it. */
enum trn_entry_kind {
    TRN_ENTRY_INFERRED = 0,
    TRN_ENTRY_RECORDED = 1,
    TRN_ENTRY_DISCARDED = 2,
    TRN_ENTRY_LEFT_RECORDED = 3,
    TRN_ENTRY_LEFT_INFERRED = 4
};

struct trn_entry_header {
    uint64_t ordinal;
    tern_id tx;
    int64_t time_us;
    enum trn_entry_kind kind;
    uint32_t schema_version;     /* that it was written under */
    char epoch[TRN_EPOCH_BYTES]; /* that its bases are numbers of; "" before the first answer */
    const uint64_t *depends_on;  /* ordinals of the author's earlier entries; borrowed */
    size_t depends_count;
    int64_t
        former; /* of what is left of a transaction: the number that it had in `epoch`, 0 unknown */
};

bool trn_entry_kind_is_left(unsigned kind);
bool trn_entry_kind_is_inferred(unsigned kind);

/* Appends the first line of an entry. */
TERN_MUST_USE tern_status trn_entry_write_header(struct trn_line_writer *writer,
                                                 const struct trn_entry_header *header,
                                                 tern_error *error);
/* Appends the line of one change, with the columns that its operation carries. A value that cannot
 * be written fails the line, see trn_line_finish. */
TERN_MUST_USE tern_status trn_entry_write_change(struct trn_line_writer *writer,
                                                 const struct trn_change *change,
                                                 tern_error *error);

struct trn_entry_place {
    size_t at;
    size_t lines;
    size_t changes;
};

struct trn_entry_reader {
    struct trn_line_reader lines;
    const struct trn_schema *schema;
    struct trn_entry_header header; /* depends_on borrowed from the reader */
    size_t change_count;            /* read so far */
    struct trn_bytes depends;
};

/**
 * Reads the first line of an entry; changes follow by trn_entry_next.
 *
 * @param schema Outlives the reader. NULL: only the header is wanted, and its version is not looked
 * at.
 * @param entry  Exactly the entry's lines; must outlive the reader.
 * @return TERN_OK; TERN_ERR_PROTOCOL, _TOO_DEEP, _NOT_UTF8, _TOO_LARGE as trn_line_read and for an
 * entry above the cap; TERN_ERR_CANNOT_UPCAST for one of a newer schema; _NOMEM. The reader is to
 * be freed either way.
 */
TERN_MUST_USE tern_status trn_entry_open(struct trn_entry_reader *reader,
                                         const struct trn_schema *schema,
                                         struct trn_slice entry,
                                         tern_error *error);
/**
 * Reads the next change; `ret_any` is false behind the last. Only values of the columns that the
 * operation carries are touched in `ret_change`; they are borrowed until the next call.
 *
 * @return TERN_OK; the codes of a malformed line; TERN_ERR_UNKNOWN_TABLE, _UNKNOWN_COLUMN (a number
 * of columns, or a unit, that the table does not have), _TYPE. Checks of the schema document are
 * the caller's.
 */
TERN_MUST_USE tern_status trn_entry_next(struct trn_entry_reader *reader,
                                         bool *ret_any,
                                         struct trn_change *ret_change,
                                         tern_error *error);
/* Where the next change stands, and back to it: a change may be read more than once. */
struct trn_entry_place trn_entry_place(const struct trn_entry_reader *reader);
void trn_entry_return(struct trn_entry_reader *reader, struct trn_entry_place place);
/* All zero is accepted. */
void trn_entry_close(struct trn_entry_reader *reader);

#endif

/*
 * What each column takes, and the sentence that says so when a value is refused.
 *
 * Device and server, CHECK constraints and the checker in C all speak through this table, so the
 * same mistake gives the same code and the same sentence everywhere. Sentences name table, column
 * and limit, never a value.
 */
#ifndef TRN_MODEL_LIMIT_H
#define TRN_MODEL_LIMIT_H

#include "model/schema.h"
#include "tern/error.h"

/* In the order in which they are tried. */
enum trn_limit {
    TRN_LIMIT_NOT_NULL,
    TRN_LIMIT_TYPE,
    TRN_LIMIT_ENUM,
    TRN_LIMIT_DATE,
    TRN_LIMIT_LENGTH,
    TRN_LIMIT_DECIMAL, /* shape */
    TRN_LIMIT_DIGITS,  /* digits before the point */
    TRN_LIMIT_RANGE,
    TRN_LIMIT_JSON,
    TRN_LIMIT_FORMAT,
    TRN_LIMIT_COUNT
};

/* What it is called in the name of its constraint: "table.column.<this>". */
const char *trn_limit_name(enum trn_limit limit);

/* Whether the column is subject to it. */
bool trn_limit_applies(const struct trn_column *column, enum trn_limit limit);

/* The limits of TRN_LIMIT_RANGE: the document's, the type's, or the narrower. False where that side
 * has none. */
bool trn_limit_min(const struct trn_column *column, double *ret_min);
bool trn_limit_max(const struct trn_column *column, double *ret_max);
/* Whether the limits are whole numbers. */
bool trn_limit_is_whole(const struct trn_column *column);
/* Whether well-formed JSON is nested deeper than TRN_LIMIT_JSON allows: 1,000, as SQLite from 3.45
 * on reads it. */
bool trn_limit_is_deep(const tern_value *json);

/* Fails with its code and sentence. */
TERN_MUST_USE tern_status trn_limit_fail(const struct trn_table *table,
                                         const struct trn_column *column,
                                         enum trn_limit limit,
                                         tern_error *error);
/* The same for a check over two columns. */
TERN_MUST_USE tern_status trn_limit_fail_check(const struct trn_table *table,
                                               const struct trn_check *check,
                                               tern_error *error);

/* "<", "<=", "<>". */
const char *trn_comparison_sign(enum trn_comparison comparison);

/**
 * Turns SQLite's message of a broken constraint into our code and sentence.
 *
 * Knows "CHECK constraint failed: <name>", "NOT NULL constraint failed: t.c", "UNIQUE constraint
 * failed: t.a, t.b" and "... index '<name>'", "FOREIGN KEY constraint failed", and the guard
 * triggers' text; a broken key of an id is TERN_ERR_EXISTS. Pure text: no database is asked.
 *
 * @return What the message says; TERN_ERR_CHECK with a plain sentence for one that names nothing in
 * the schema, whose text is not repeated.
 */
TERN_MUST_USE tern_status trn_schema_explain(const struct trn_schema *schema,
                                             const char *sqlite_message,
                                             tern_error *error);

#endif

/*
 * Writing DDL: a text that grows, and one failure that sticks.
 *
 * Callers write on without looking and ask once at the end.
 */
#ifndef TRN_SCHEMA_WRITER_H
#define TRN_SCHEMA_WRITER_H

#include "base/bytes.h"
#include "schema/schema.h"

struct trn_writer {
    struct trn_bytes text;
    tern_status status; /* TERN_OK, or TERN_ERR_NOMEM for good */
    enum trn_dialect dialect;
};

void trn_write(struct trn_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "name", in double quotes. */
void trn_write_name(struct trn_writer *writer, const char *name);
/* 'text', in single quotes. */
void trn_write_literal(struct trn_writer *writer, struct trn_slice text);
/* A list of names in parentheses. */
void trn_write_columns(struct trn_writer *writer,
                       const struct trn_table *table,
                       const uint16_t *columns,
                       size_t count);
/* A constant of the column, as an SQL literal. */
void trn_write_value(struct trn_writer *writer,
                     const struct trn_column *column,
                     const tern_value *value);
/* A limit of a range. */
void trn_write_number(struct trn_writer *writer, const struct trn_column *column, double number);

/* What the dialect calls a table, a column, an implied column. */
const char *trn_writer_table(const struct trn_writer *writer, const struct trn_table *table);
const char *trn_writer_column(const struct trn_writer *writer, const struct trn_column *column);
enum trn_implied { TRN_IMPLIED_UPDATED_AT, TRN_IMPLIED_DELETED_AT };
const char *trn_writer_implied(const struct trn_writer *writer,
                               const struct trn_schema *schema,
                               enum trn_implied implied);

/* What becomes of a row whose column refers to one that is deleted. */
void trn_write_action(struct trn_writer *writer, const struct trn_column *column);
/* CONSTRAINT "..." CHECK (...) over two columns */
void trn_write_check(struct trn_writer *writer,
                     const struct trn_table *table,
                     const struct trn_check *check);

/* Moves the text to the end of `out`, or frees it and fails. */
TERN_MUST_USE tern_status trn_writer_finish(struct trn_writer *writer,
                                            struct trn_bytes *out,
                                            tern_error *error);

/* ddl_sqlite.c: statements of one table, for the replica or the server. */
void trn_sqlite_table(struct trn_writer *writer,
                      const struct trn_schema *schema,
                      const struct trn_table *table,
                      bool is_server_only);
void trn_sqlite_column(struct trn_writer *writer,
                       const struct trn_schema *schema,
                       const struct trn_table *table,
                       const struct trn_column *column);
void trn_sqlite_enum_check(struct trn_writer *writer,
                           const struct trn_table *table,
                           const struct trn_column *column);
/* ddl_postgres.c */
void trn_postgres_enum(struct trn_writer *writer, const struct trn_enum *enumeration);
void trn_postgres_table(struct trn_writer *writer,
                        const struct trn_schema *schema,
                        const struct trn_table *table,
                        bool is_server_only);
void trn_postgres_column(struct trn_writer *writer,
                         const struct trn_table *table,
                         const struct trn_column *column);
void trn_postgres_reference(struct trn_writer *writer,
                            const struct trn_schema *schema,
                            const struct trn_table *table,
                            const struct trn_column *column);
/* ddl.c: the same words in every dialect. */
void trn_write_unique(struct trn_writer *writer,
                      const struct trn_schema *schema,
                      const struct trn_table *table,
                      const struct trn_unique *unique,
                      bool is_server_only);
void trn_write_index(struct trn_writer *writer,
                     const struct trn_schema *schema,
                     const struct trn_table *table,
                     const struct trn_index *index);
/* The table with its guards and indexes. */
void trn_write_table(struct trn_writer *writer,
                     const struct trn_schema *schema,
                     const struct trn_table *table,
                     bool is_server_only);

#endif

/*
 * Schema documents: from one JSON text the description that engine and server run on, the DDL of
 * the replica and of the server, and the check of a value. docs/SCHEMA.md states the language.
 */
#ifndef TRN_SCHEMA_SCHEMA_H
#define TRN_SCHEMA_SCHEMA_H

#include "base/bytes.h"
#include "model/limit.h"
#include "model/schema.h"

#define TRN_SCHEMA_DOCUMENT_MAX ((size_t)1024 * 1024)
#define TRN_SCHEMA_TABLES_MAX 256

enum trn_dialect { TRN_DIALECT_REPLICA, TRN_DIALECT_SERVER_SQLITE, TRN_DIALECT_SERVER_POSTGRES };

/**
 * Reads and checks a document, and appends the implied table sync_audit.
 *
 * @param json       `size` bytes of UTF-8; copied.
 * @param ret_schema Owned by the caller on success, freed with trn_schema_free.
 * @return TERN_OK, TERN_ERR_NOMEM, or TERN_ERR_SCHEMA with a JSON pointer to the place (line and
 * column where the text is no JSON at all) and the reason.
 */
TERN_MUST_USE tern_status trn_schema_load(const char *json,
                                          size_t size,
                                          struct trn_schema **ret_schema,
                                          tern_error *error);
/* NULL is accepted. */
void trn_schema_free(struct trn_schema *schema);

/* Appends the statements that make an empty database hold the schema. Must run in one transaction.
 * TERN_ERR_NOMEM, `out` untouched. */
TERN_MUST_USE tern_status trn_schema_ddl(const struct trn_schema *schema,
                                         enum trn_dialect dialect,
                                         struct trn_bytes *out,
                                         tern_error *error);

/**
 * Appends the statements that take a database from one version of a schema to a later one: new
 * tables, columns, indexes and enum values, and what needs no statement (minimum version, grants,
 * windows, retention, queries). Nothing for the same version.
 *
 * Must run in one transaction, on SQLite on a connection that is not in defensive mode: the check
 * of a grown enum is changed in sqlite_schema itself, which keeps every row, rowid and index as it
 * is.
 *
 * @return TERN_OK, TERN_ERR_NOMEM, TERN_ERR_SCHEMA_OLDER, or TERN_ERR_SCHEMA_INCOMPATIBLE with the
 * place and the reason; `out` is untouched on failure.
 */
TERN_MUST_USE tern_status trn_schema_upgrade_ddl(const struct trn_schema *from,
                                                 const struct trn_schema *to,
                                                 enum trn_dialect dialect,
                                                 struct trn_bytes *out,
                                                 tern_error *error);

/**
 * Whether the column takes the value: the same verdict, code and sentence as the replica's own
 * constraints give once SQLite has converted a value to the column's affinity. Text that is no
 * UTF-8, which SQLite does not look at, is TERN_ERR_NOT_UTF8.
 *
 * @return TERN_OK, TERN_ERR_NOT_NULL, _TYPE, _LENGTH, _RANGE, _FORMAT, _ENUM, _NOT_UTF8, _NOMEM.
 */
TERN_MUST_USE tern_status trn_schema_check_value(const struct trn_table *table,
                                                 const struct trn_column *column,
                                                 const tern_value *value,
                                                 tern_error *error);

/* All columns of a row and the table's checks, in the order in which SQLite tries them. `values` is
 * indexed by column. Adds TERN_ERR_CHECK to the codes above. */
TERN_MUST_USE tern_status trn_schema_check_row(const struct trn_table *table,
                                               const tern_value *values,
                                               tern_error *error);

/* Appends the SELECT that a query of the document stands for, in the replica's names, with
 * parameters ?1, ?2, ... */
TERN_MUST_USE tern_status trn_schema_query_sql(const struct trn_table *table,
                                               const struct trn_query *query,
                                               struct trn_bytes *out,
                                               tern_error *error);

#endif

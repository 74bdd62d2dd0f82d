/* Documents and databases that the schema's tests share. */
#ifndef TRN_TESTS_SCHEMA_DOCUMENTS_H
#define TRN_TESTS_SCHEMA_DOCUMENTS_H

#include <sqlite3.h>

#include "schema/schema.h"
#include "tests/harness/harness.h"

/* A file of the source tree, to be freed with free. */
char *documents_read(const char *path);

/* Loads or fails the test, naming the reason. */
struct trn_schema *documents_load(const char *json);
struct trn_schema *documents_dastern(void);

/* A small document in which every occurrence of ' stands for ". `extra` goes into the table
 * `notes`, after its columns, and `columns` behind its own ones; both may be "". */
struct trn_schema *documents_notes(const char *columns, const char *extra);
/* The text of it, to be freed with free. */
char *documents_notes_text(const char *columns, const char *extra);

/* An in-memory database with the functions that the library's connections have. */
sqlite3 *documents_database(void);
/* The same on a file. */
sqlite3 *documents_database_at(const char *path);
/* Runs the statements in one transaction, or fails the test with the message. */
void documents_run(sqlite3 *db, const char *sql);
/* A database that holds the schema, guard triggers out of the way. */
sqlite3 *documents_replica(const struct trn_schema *schema);
/* The first column of the first row as a number; fails the test without one. */
int64_t documents_number(sqlite3 *db, const char *sql);

#endif

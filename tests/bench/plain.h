/*
 * The plain side: SQLite as an app would use it by itself, at the same durability.
 *
 * Its tables, checks, keys and indexes are taken from a replica's own file; left out are the
 * library's tables, the guards, and the hidden column. Foreign keys are on, as they are in a
 * replica.
 */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <sqlite3.h>

#include "tests/bench/doses.h"

/* Creates the database with the tables of the replica at `replica_path`. */
sqlite3 *bench_plain_create(const char *path, const char *replica_path);
/* Opens one that exists. */
sqlite3 *bench_plain_open(const char *path);
/* The same for one thread, without a mutex, as the library's readers are. */
sqlite3 *bench_plain_open_reader(const char *path);
/* Finalizes what is left and closes; NULL is accepted. */
void bench_plain_close(sqlite3 *db);
void bench_plain_run(sqlite3 *db, const char *sql);
sqlite3_stmt *bench_plain_prepare(sqlite3 *db, const char *sql);
/* Steps to the end and resets. */
void bench_plain_step(sqlite3_stmt *statement);
int64_t bench_plain_number(sqlite3 *db, const char *sql);
void bench_plain_bind(sqlite3_stmt *statement, const tern_value *cells, size_t count);
/* Copies the rows of a table of an attached database, in their order, those columns that are here.
 */
void bench_plain_copy(sqlite3 *db, const char *from, const char *table);
/* The prescription and medications of a record. */
void bench_plain_parents(sqlite3 *db, const struct bench_record *record);
/* Runs `statement` with each dose's cells. */
void bench_plain_doses(sqlite3_stmt *statement, const struct bench_dose *doses, size_t count);

#endif

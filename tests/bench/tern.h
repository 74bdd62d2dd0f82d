/*
 * The Tern side: replicas through the public interface and nothing else.
 */
#ifndef BENCH_TERN_H
#define BENCH_TERN_H

#include "tern/outbox.h"
#include "tern/replica.h"
#include "tern/row.h"
#include "tests/bench/doses.h"

/* Which schema document: Das Tern's, or the same with the natural key of dose_events struck out, so
 * that the library mints their ids (version 7). */
enum bench_document { BENCH_DERIVED, BENCH_MINTED };

/* The document's text; borrowed for ever. */
const char *bench_document(enum bench_document document, size_t *ret_size);

/* Opens or creates the replica at `path`. */
tern_replica *bench_tern_open(const char *path, enum bench_document document, const tern_id *user);
/* The same where no file is left from before. */
tern_replica *
bench_tern_create(const char *path, enum bench_document document, const tern_id *user);
tern_tx *bench_tern_begin(tern_replica *replica);
void bench_tern_commit(tern_tx *tx);
tern_statement *bench_tern_prepare(tern_replica *replica, const char *sql);
void bench_tern_bind(tern_statement *statement, const tern_value *cells, size_t count);
/* Steps to the end. */
void bench_tern_step(tern_statement *statement);
int64_t bench_tern_number(tern_replica *replica, const char *sql);
/* The prescription and medications of a record, in a transaction of their own. */
void bench_tern_parents(tern_replica *replica, const struct bench_record *record);
/* Runs `statement` with each dose's cells. */
void bench_tern_doses(tern_statement *statement, const struct bench_dose *doses, size_t count);
/* Runs `sql`, a SELECT of one id, with the cells. */
void bench_tern_key(tern_replica *replica,
                    const char *sql,
                    const tern_value *cells,
                    size_t count,
                    tern_id *ret_id);
/* Gives the doses the ids that derive from their keys. */
void bench_tern_derive(tern_replica *replica, struct bench_dose *doses, size_t count);
/* How many entries wait for the server. */
uint64_t bench_tern_pending(tern_replica *replica);

#endif

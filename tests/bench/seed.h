/* Fills a server with records, as an operator's import would. */
#ifndef BENCH_SEED_H
#define BENCH_SEED_H

#include "tests/bench/client.h"
#include "tests/bench/tern.h"

struct bench_seeder;

struct bench_seeder *bench_seeder_open(const struct bench_ternd *server,
                                       enum bench_document document);
/* Sends what is left. */
void bench_seeder_close(struct bench_seeder *seeder);
/* Sends what waits, so that the server has it. */
void bench_seed_flush(struct bench_seeder *seeder);
/* Adds a person without a record of rows. */
void bench_seed_user(struct bench_seeder *seeder, const tern_id *user, const char *role);
/* Adds the patient, the connection with the doctor if there is one, prescription and medications,
 * and as many doses as make `rows` rows in all, by transactions of 100 rows. */
void bench_seed_record(struct bench_seeder *seeder, const struct bench_record *record, size_t rows);
/* Gives each dose its id: derived, or of version 7 in order. */
void bench_seed_ids(struct bench_seeder *seeder, struct bench_dose *doses, size_t count);
/* How many of a record's rows are doses. */
size_t bench_seed_doses(const struct bench_record *record, size_t rows);

#endif

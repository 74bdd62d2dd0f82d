/*
 * Timing in interleaved pairs, and the databases that the programs of this folder work on.
 *
 * A comparison runs every variant once a round, each right after the first one, which is the
 * yardstick, in an order that rotates; it reports the median over the rounds of the ratios of such
 * pairs. Any failure ends the program. The environment sets CHOICES_DIR (where files go, default
 * "."), CHOICES_ROUNDS (default 7) and CHOICES_ONLY (numbers of variants, such as "0,2,9").
 */
#ifndef CHOICES_BENCH_H
#define CHOICES_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

enum { BENCH_VARIANTS_MAX = 24, BENCH_ROUNDS_MAX = 31 };

struct bench_time {
    double wall_s;
    double cpu_s;
};

struct bench_table {
    const char *names[BENCH_VARIANTS_MAX];
    struct bench_time times[BENCH_VARIANTS_MAX][BENCH_ROUNDS_MAX];
    struct bench_time bases[BENCH_VARIANTS_MAX][BENCH_ROUNDS_MAX];
    size_t variants;
    size_t rounds;
};

typedef struct bench_time (*bench_run)(size_t variant, void *context);

struct bench_time bench_start(void);
struct bench_time bench_stop(struct bench_time start);
void bench_compare(struct bench_table *table, bench_run run, void *context);
/* `units` is how many rows or transactions one run handles. */
void bench_print(const struct bench_table *table, const char *title, double units);
size_t bench_rounds(void);
void bench_check(int ok, const char *what, sqlite3 *db);

/* WAL, synchronous=FULL. */
sqlite3 *db_open(const char *path);
/* Finalizes what is prepared, closes, and deletes the files. */
void db_close(sqlite3 *db, const char *path);
void db_remove(const char *path);
/* A file name in CHOICES_DIR; valid for the next three calls. */
const char *db_path(const char *name);
void db_exec(sqlite3 *db, const char *sql);
sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql);
/* Steps to its end or first row, and resets. */
void db_run(sqlite3_stmt *stmt);

#endif

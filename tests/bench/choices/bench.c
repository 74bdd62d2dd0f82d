/* Times variants against each other, and opens the databases they work on; a failure ends the
 * program. */
#include "tests/bench/choices/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct bench_time bench_start(void)
{
    struct bench_time start = {seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};

    return start;
}

struct bench_time bench_stop(struct bench_time start)
{
    struct bench_time now = bench_start();

    now.wall_s -= start.wall_s;
    now.cpu_s -= start.cpu_s;
    return now;
}

size_t bench_rounds(void)
{
    const char *text = getenv("CHOICES_ROUNDS");
    long rounds = text == NULL ? 7 : strtol(text, NULL, 10);

    return rounds < 1 ? 1 : rounds > BENCH_ROUNDS_MAX ? BENCH_ROUNDS_MAX : (size_t)rounds;
}

/* Whether CHOICES_ONLY (such as "0,2,9"; all if unset) names the variant; the first one always
 * runs. */
static int is_chosen(size_t variant)
{
    const char *at = getenv("CHOICES_ONLY");
    char *stop = NULL;

    if (at == NULL || variant == 0) {
        return 1;
    }
    for (; *at != 0; at = *stop == ',' ? stop + 1 : stop) {
        if (strtoul(at, &stop, 10) == variant || stop == at) {
            return stop != at;
        }
    }
    return 0;
}

void bench_compare(struct bench_table *table, bench_run run, void *context)
{
    size_t round;
    size_t i;

    table->rounds = bench_rounds();
    for (round = 0; round < table->rounds; round++) {
        for (i = 0; i < table->variants; i++) {
            size_t variant = (i + round) % table->variants;

            if (is_chosen(variant)) {
                table->bases[variant][round] = run(0, context);
                table->times[variant][round] = run(variant, context);
            }
        }
    }
}

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_doubles);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void bench_print(const struct bench_table *table, const char *title, double units)
{
    size_t i;
    size_t round;

    printf("\n%s (median of %zu paired rounds)\n", title, table->rounds);
    printf("  %-44s %8s %8s %10s %10s\n", "", "wall x", "cpu x", "wall us/u", "cpu us/u");
    for (i = 0; i < table->variants; i++) {
        double ratio[2][BENCH_ROUNDS_MAX];
        double each[2][BENCH_ROUNDS_MAX];

        if (!is_chosen(i)) {
            continue;
        }
        for (round = 0; round < table->rounds; round++) {
            const struct bench_time *time = &table->times[i][round];
            const struct bench_time *base = &table->bases[i][round];

            ratio[0][round] = time->wall_s / base->wall_s;
            ratio[1][round] = time->cpu_s / base->cpu_s;
            each[0][round] = time->wall_s / units * 1e6;
            each[1][round] = time->cpu_s / units * 1e6;
        }
        printf("  %-44s %8.2f %8.2f %10.2f %10.2f\n",
               table->names[i],
               median(ratio[0], table->rounds),
               median(ratio[1], table->rounds),
               median(each[0], table->rounds),
               median(each[1], table->rounds));
    }
    fflush(stdout);
}

void bench_check(int ok, const char *what, sqlite3 *db)
{
    if (!ok) {
        fprintf(stderr, "failed: %s: %s\n", what, db == NULL ? "" : sqlite3_errmsg(db));
        exit(1);
    }
}

const char *db_path(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    const char *folder = getenv("CHOICES_DIR");
    char *out = path[turn++ % 4];

    snprintf(out, sizeof(path[0]), "%s/%s.db", folder == NULL ? "." : folder, name);
    return out;
}

void db_remove(const char *path)
{
    char side[600];

    unlink(path);
    snprintf(side, sizeof(side), "%s-wal", path);
    unlink(side);
    snprintf(side, sizeof(side), "%s-shm", path);
    unlink(side);
}

void db_close(sqlite3 *db, const char *path)
{
    sqlite3_stmt *stmt;

    while ((stmt = sqlite3_next_stmt(db, NULL)) != NULL) {
        sqlite3_finalize(stmt);
    }
    bench_check(sqlite3_close(db) == SQLITE_OK, "close", db);
    db_remove(path);
}

sqlite3 *db_open(const char *path)
{
    sqlite3 *db = NULL;

    bench_check(sqlite3_open(path, &db) == SQLITE_OK, path, db);
    db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;");
    return db;
}

void db_exec(sqlite3 *db, const char *sql)
{
    bench_check(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql, db);
}

sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    bench_check(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) ==
                    SQLITE_OK,
                sql,
                db);
    return stmt;
}

void db_run(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    bench_check(rc == SQLITE_DONE || rc == SQLITE_ROW, sqlite3_sql(stmt), sqlite3_db_handle(stmt));
    sqlite3_reset(stmt);
}

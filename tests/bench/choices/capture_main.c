/*
 * Choices for capture: what each way of noticing and stamping a local write costs beside plain
 * SQLite.
 *
 * Timed: BEGIN to COMMIT, the outbox row included, WAL and synchronous=FULL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/choices/bench.h"
#include "tests/bench/choices/capture.h"

enum { ROWS = 10000, SINGLES = 1000, PREPARES = 10000 };

enum workload {
    INSERTS,
    UPDATES,
    UPDATES_SHUFFLED,
    UPDATES_TWICE,
    DELETES,
    ONE_INSERT,
    ONE_UPDATE
};

struct work {
    const struct dose *doses;
    const struct dose *shuffled;
    enum workload what;
};

static void run_bulk(struct capture *capture, const struct work *work)
{
    size_t i;

    capture_begin(capture);
    for (i = 0; i < ROWS; i++) {
        switch (work->what) {
        case INSERTS:
            capture_insert(capture, &work->doses[i]);
            break;
        case DELETES:
            capture_delete(capture, &work->doses[i]);
            break;
        case UPDATES_SHUFFLED:
            capture_update(capture, &work->shuffled[i], "TAKEN_ON_TIME");
            break;
        case UPDATES_TWICE:
            capture_update(capture, &work->doses[i / 2], i % 2 == 0 ? "SKIPPED" : "TAKEN_LATE");
            break;
        default:
            capture_update(capture, &work->doses[i], "TAKEN_ON_TIME");
            break;
        }
    }
    capture_commit(capture);
}

static void run_singles(struct capture *capture, const struct work *work)
{
    size_t i;

    for (i = 0; i < SINGLES; i++) {
        capture_begin(capture);
        if (work->what == ONE_INSERT) {
            capture_insert(capture, &work->doses[i]);
        } else {
            capture_update(capture, &work->doses[i], "TAKEN_ON_TIME");
        }
        capture_commit(capture);
    }
}

static struct bench_time run(size_t variant, void *context)
{
    const struct work *work = context;
    const char *path = db_path("capture");
    struct capture *capture = capture_open((enum capture_kind)variant, path);
    struct bench_time time;

    if (work->what != INSERTS && work->what != ONE_INSERT) {
        struct work fill = *work;

        fill.what = INSERTS;
        run_bulk(capture, &fill);
        db_exec(capture_db(capture), "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    time = bench_start();
    if (work->what == ONE_INSERT || work->what == ONE_UPDATE) {
        run_singles(capture, work);
    } else {
        run_bulk(capture, work);
    }
    time = bench_stop(time);
    capture_close(capture, path);
    return time;
}

static struct dose *shuffle(const struct dose *doses, size_t count)
{
    struct dose *copy = malloc(count * sizeof(*copy));
    uint64_t state = 7;
    size_t i;

    bench_check(copy != NULL, "memory", NULL);
    memcpy(copy, doses, count * sizeof(*copy));
    for (i = count - 1; i > 0; i--) {
        size_t other = bench_random(&state) % (i + 1);
        struct dose swap = copy[i];

        copy[i] = copy[other];
        copy[other] = swap;
    }
    return copy;
}

static int
allow(void *context, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    *(size_t *)context += (size_t)action;
    return SQLITE_OK;
}

static struct bench_time run_prepare(size_t variant, void *context)
{
    struct work *work = context;
    const char *path = db_path("capture");
    struct capture *capture = capture_open(PLAIN, path);
    struct bench_time time;
    size_t actions = 0;
    size_t i;

    (void)work;
    if (variant == 1) {
        sqlite3_set_authorizer(capture_db(capture), allow, &actions);
    }
    time = bench_start();
    for (i = 0; i < PREPARES; i++) {
        sqlite3_finalize(db_prepare(capture_db(capture), DOSE_UPDATE));
    }
    time = bench_stop(time);
    capture_close(capture, path);
    return time;
}

static void compare_prepare(void)
{
    static struct bench_table table = {.names = {"no authorizer", "authorizer"}, .variants = 2};
    struct work work = {0};

    bench_compare(&table, run_prepare, &work);
    bench_print(&table, "10k prepares of an UPDATE", PREPARES);
}

int main(int count, char **arguments)
{
    static const char *const titles[] = {
        [INSERTS] = "10k inserts, one transaction",
        [UPDATES] = "10k one-column updates in insertion order, one transaction",
        [UPDATES_SHUFFLED] = "10k one-column updates in random order, one transaction",
        [UPDATES_TWICE] = "5k rows updated twice each, one transaction",
        [DELETES] = "10k deletes (UPDATE deleted_at where there is no capture), one transaction",
        [ONE_INSERT] = "1k single-row insert transactions",
        [ONE_UPDATE] = "1k single-row update transactions",
    };
    static struct bench_table table;
    struct dose *doses = doses_make(ROWS, KEY_V7, 1);
    struct dose *shuffled = shuffle(doses, ROWS);
    struct work work = {.doses = doses, .shuffled = shuffled};
    int what;

    printf("SQLite %s\n", sqlite3_libversion());
    table.variants = CAPTURE_KINDS;
    memcpy(table.names, CAPTURE_NAMES, sizeof(CAPTURE_NAMES));
    for (what = INSERTS; what <= (int)ONE_UPDATE; what++) {
        if (count > 1 && atoi(arguments[1]) != what) {
            continue;
        }
        work.what = (enum workload)what;
        bench_compare(&table, run, &work);
        bench_print(&table, titles[what], what >= ONE_INSERT ? SINGLES : ROWS);
    }
    compare_prepare();
    free(doses);
    free(shuffled);
    return 0;
}

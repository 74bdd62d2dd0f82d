/* A first sync over loopback HTTPS into an empty replica: its speed, heap and WAL, and how long it
 * holds up a local writer. */
#include "tests/bench/seed.h"
#include "tests/bench/session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct first {
    struct bench_ternd server;
    tern_id many;            /* doctor of 100 records of 1,000 rows */
    tern_id few;             /* doctor of 10 such records */
    struct bench_record one; /* a record of 100,000 rows */
    size_t record_rows;
};

enum { MANY = 100, FEW = 10 };

struct outcome {
    double rows_per_s;
    double heap_mib;
    double wal_mib;
    double stall_ms; /* 0 without a writer */
};

/* ---- The server ---- */

static void seed_doctor(struct bench_seeder *seeder,
                        const struct first *first,
                        const tern_id *doctor,
                        uint64_t seed,
                        size_t records)
{
    bench_seed_user(seeder, doctor, "DOCTOR");
    for (size_t i = 0; i < records; i++) {
        struct bench_record record;

        bench_record_make(seed + i, &record);
        record.doctor = *doctor;
        bench_seed_record(seeder, &record, first->record_rows);
    }
}

static void open_first(struct first *first)
{
    size_t size;
    const char *document = bench_document(BENCH_DERIVED, &size);
    struct bench_seeder *seeder;
    uint64_t seed = 9;

    memset(first, 0, sizeof(*first));
    first->record_rows = bench_size(1000, 20);
    bench_random_id(&seed, &first->many);
    bench_random_id(&seed, &first->few);
    bench_record_make(1, &first->one);
    bench_ternd_start(&first->server, "first-server.db", document, size, NULL);
    seeder = bench_seeder_open(&first->server, BENCH_DERIVED);
    seed_doctor(seeder, first, &first->many, 2000, MANY);
    seed_doctor(seeder, first, &first->few, 3000, FEW);
    bench_seed_record(seeder, &first->one, MANY * first->record_rows);
    bench_seeder_close(seeder);
}

static void close_first(struct first *first)
{
    bench_ternd_stop(&first->server);
    bench_remove(bench_path("first-server.db"));
    bench_remove(bench_path("tern.db"));
}

/* ---- Watching the WAL ---- */

struct watch {
    pthread_t thread;
    char path[1024];
    atomic_bool stop;
    uint64_t peak;
};

static void *watch_wal(void *context)
{
    struct watch *watch = context;

    while (!atomic_load(&watch->stop)) {
        const uint64_t bytes = bench_file_bytes(watch->path);

        watch->peak = bytes > watch->peak ? bytes : watch->peak;
        bench_sleep_ms(1);
    }
    return NULL;
}

static void watch_start(struct watch *watch, const char *path)
{
    memset(watch, 0, sizeof(*watch));
    bench_check(strlen(path) + 5 < sizeof(watch->path), "path");
    strcpy(watch->path, path);
    strcat(watch->path, "-wal");
    bench_check(pthread_create(&watch->thread, NULL, watch_wal, watch) == 0, "thread");
}

static void watch_end(struct watch *watch)
{
    atomic_store(&watch->stop, true);
    pthread_join(watch->thread, NULL);
}

/* ---- A local writer meanwhile ---- */

struct writer {
    pthread_t thread;
    tern_replica *replica;
    tern_id user;
    atomic_bool stop;
    double longest_s;
    size_t count;
};

static void write_once(struct writer *writer, tern_statement *statement)
{
    const tern_value cells[] = {
        tern_value_id(&writer->user),
        tern_value_text("DATA_ACCESS"),
        tern_value_text("dose_events"),
    };
    const double begin = bench_seconds();
    tern_tx *tx = bench_tern_begin(writer->replica);
    double took;

    bench_tern_bind(statement, cells, 3);
    bench_tern_step(statement);
    bench_tern_commit(tx);
    took = bench_seconds() - begin;
    writer->longest_s = took > writer->longest_s ? took : writer->longest_s;
    writer->count++;
}

static void *write_rows(void *context)
{
    struct writer *writer = context;
    tern_statement *statement =
        bench_tern_prepare(writer->replica,
                           "INSERT INTO audit_logs(id, actor_id, action_type, resource_type)"
                           " VALUES(tern_id(), ?1, ?2, ?3)");

    while (!atomic_load(&writer->stop)) {
        write_once(writer, statement);
        bench_sleep_ms(5);
    }
    tern_statement_free(statement);
    return NULL;
}

static void writer_start(struct writer *writer, tern_replica *replica, const tern_id *user)
{
    memset(writer, 0, sizeof(*writer));
    writer->replica = replica;
    writer->user = *user;
    bench_check(pthread_create(&writer->thread, NULL, write_rows, writer) == 0, "thread");
}

static void writer_end(struct writer *writer)
{
    atomic_store(&writer->stop, true);
    pthread_join(writer->thread, NULL);
}

/* ---- One first sync ---- */

static void
first_sync(const struct first *first, const tern_id *user, bool with_writer, struct outcome *ret)
{
    const double mib = 1024.0 * 1024.0;
    const char *path = bench_path("tern.db");
    tern_replica *replica = bench_tern_create(path, BENCH_DERIVED, user);
    struct bench_link *link = bench_link_open(&first->server, user);
    struct writer writer = {0};
    struct watch watch;
    const double server_s = bench_ternd_cpu_s(&first->server);
    const double own_s = bench_cpu_seconds();
    uint64_t idle;
    double begin;
    double took;
    size_t rows;

    watch_start(&watch, path);
    if (with_writer) {
        writer_start(&writer, replica, user);
    }
    idle = bench_heap_bytes();
    bench_heap_restart();
    begin = bench_seconds();
    bench_sync(link, replica, 0);
    took = bench_seconds() - begin;
    bench_note("a first sync: %.2f s, of which %.2f s of CPU here and %.2f s in the server",
               took,
               bench_cpu_seconds() - own_s,
               bench_ternd_cpu_s(&first->server) - server_s);
    ret->heap_mib = (double)(bench_heap_peak() - idle) / mib;
    if (with_writer) {
        writer_end(&writer);
        ret->stall_ms = writer.longest_s * 1e3;
    }
    watch_end(&watch);
    ret->wal_mib = (double)watch.peak / mib;
    rows = (size_t)bench_tern_number(
        replica,
        "SELECT (SELECT count(*) FROM dose_events) + (SELECT count(*) FROM "
        "medications) + (SELECT count(*) FROM prescriptions) + (SELECT "
        "count(*) FROM users) + (SELECT count(*) FROM connections)");
    bench_check(rows >= FEW * first->record_rows, "a first sync brought too few rows");
    ret->rows_per_s = (double)rows / took;
    bench_link_close(link);
    tern_replica_close(replica);
}

/* The median of every figure over the rounds. */
static void first_rounds(const struct first *first,
                         const tern_id *user,
                         bool with_writer,
                         size_t rounds,
                         struct outcome *ret)
{
    double rows[BENCH_ROUNDS_MAX];
    double heap[BENCH_ROUNDS_MAX];
    double wal[BENCH_ROUNDS_MAX];
    double stall[BENCH_ROUNDS_MAX];

    for (size_t i = 0; i < rounds; i++) {
        struct outcome outcome = {0};

        first_sync(first, user, with_writer, &outcome);
        rows[i] = outcome.rows_per_s;
        heap[i] = outcome.heap_mib;
        wal[i] = outcome.wal_mib;
        stall[i] = outcome.stall_ms;
    }
    ret->rows_per_s = bench_median(rows, rounds);
    ret->heap_mib = bench_median(heap, rounds);
    ret->wal_mib = bench_median(wal, rounds);
    ret->stall_ms = bench_median(stall, rounds);
}

void bench_first_sync(void)
{
    const size_t rounds = bench_settings.rounds < 7 ? bench_settings.rounds : 7;
    struct outcome many;
    struct outcome few;
    struct outcome one;
    struct outcome written;
    struct outcome written_one;
    struct first first;

    open_first(&first);
    first_rounds(&first, &first.many, false, rounds, &many);
    first_rounds(&first, &first.few, false, rounds, &few);
    first_rounds(&first, &first.many, true, rounds, &written);
    first_rounds(&first, &first.one.patient, false, rounds < 3 ? rounds : 3, &one);
    first_rounds(&first, &first.one.patient, true, rounds < 3 ? rounds : 3, &written_one);
    close_first(&first);
    bench_figure("first_sync_rows_per_s", many.rows_per_s, "rows/s");
    if (bench_heap_is_counted()) {
        bench_figure("first_sync_heap_mib", many.heap_mib, "MiB");
        bench_figure("first_sync_heap_ratio", many.heap_mib / few.heap_mib, "x");
    }
    bench_figure("first_sync_wal_mib", many.wal_mib, "MiB");
    bench_figure("sync_stall_ms", written.stall_ms, "ms");
    bench_figure("first_sync_one_rows_per_s", one.rows_per_s, "rows/s");
    if (bench_heap_is_counted()) {
        bench_figure("first_sync_one_heap_mib", one.heap_mib, "MiB");
    }
    bench_figure("first_sync_one_wal_mib", one.wal_mib, "MiB");
    bench_figure("first_sync_one_stall_ms", written_one.stall_ms, "ms");
}

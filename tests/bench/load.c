/* What one ternd takes and gives: pushes of many devices at once, group commit against none, pulls.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/seed.h"

enum { THREADS_MAX = 32 };

/* One device with its requests made and compressed beforehand. */
struct pusher {
    pthread_t thread;
    struct bench_client *client;
    struct bench_device device;
    struct bench_text *bodies;
    size_t count;
};

struct crowd {
    struct bench_ternd server;
    struct bench_seeder *seeder;
    struct bench_record records[THREADS_MAX];
    struct pusher pushers[THREADS_MAX];
    size_t size;
    double cpu_s; /* of the server while all pushed */
};

static void
make_body(struct crowd *crowd, size_t who, size_t first, size_t rows, struct bench_text *body)
{
    struct bench_dose *doses = bench_alloc(rows, sizeof(*doses));
    struct pusher *pusher = &crowd->pushers[who];
    struct bench_text lines = {0};

    bench_doses_make(&crowd->records[who], first, doses, rows);
    bench_seed_ids(crowd->seeder, doses, rows);
    bench_wire_entry(&lines, &pusher->device);
    for (size_t i = 0; i < rows; i++) {
        bench_wire_dose(&lines, &doses[i]);
    }
    bench_wire_request(body, &pusher->device, &lines, 1, 0, NULL);
    bench_text_gzip(body);
    bench_text_free(&lines);
    free(doses);
}

/* `size` patients, each with a device, and `pushes` requests each of one transaction of `rows`
 * doses. */
static void
open_crowd(struct crowd *crowd, size_t size, size_t pushes, size_t rows, const char *extra)
{
    size_t length;
    const char *document = bench_document(BENCH_DERIVED, &length);

    memset(crowd, 0, sizeof(*crowd));
    crowd->size = size;
    bench_ternd_start(&crowd->server, "load-server.db", document, length, extra);
    crowd->seeder = bench_seeder_open(&crowd->server, BENCH_DERIVED);
    for (size_t i = 0; i < size; i++) {
        bench_record_make(7000 + i, &crowd->records[i]);
        bench_seed_record(crowd->seeder, &crowd->records[i], 0);
    }
    bench_seed_flush(crowd->seeder);
    for (size_t i = 0; i < size; i++) {
        struct pusher *pusher = &crowd->pushers[i];

        bench_device_make(9000 + i, &pusher->device);
        pusher->client = bench_client_open(&crowd->server, &crowd->records[i].patient, BENCH_USER);
        pusher->count = pushes;
        pusher->bodies = bench_alloc(pushes, sizeof(*pusher->bodies));
        for (size_t k = 0; k < pushes; k++) {
            make_body(crowd, i, k * rows, rows, &pusher->bodies[k]);
        }
    }
}

static void close_crowd(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->size; i++) {
        struct pusher *pusher = &crowd->pushers[i];

        for (size_t k = 0; k < pusher->count; k++) {
            bench_text_free(&pusher->bodies[k]);
        }
        free(pusher->bodies);
        bench_client_close(pusher->client);
    }
    bench_seeder_close(crowd->seeder);
    bench_ternd_stop(&crowd->server);
    bench_remove(bench_path("load-server.db"));
}

static void *push_all(void *context)
{
    struct pusher *pusher = context;
    struct bench_text answer = {0};

    for (size_t i = 1; i < pusher->count; i++) {
        bench_client_post(pusher->client, &pusher->bodies[i], 0, &answer);
    }
    bench_text_free(&answer);
    return NULL;
}

/* The first push of each opens its connection and is not timed. */
static double push_seconds(struct crowd *crowd)
{
    struct bench_text answer = {0};
    double begin;

    for (size_t i = 0; i < crowd->size; i++) {
        bench_client_post(crowd->pushers[i].client, &crowd->pushers[i].bodies[0], 0, &answer);
    }
    bench_text_free(&answer);
    crowd->cpu_s = bench_ternd_cpu_s(&crowd->server);
    begin = bench_seconds();
    for (size_t i = 0; i < crowd->size; i++) {
        struct pusher *pusher = &crowd->pushers[i];

        bench_check(pthread_create(&pusher->thread, NULL, push_all, pusher) == 0, "thread");
    }
    for (size_t i = 0; i < crowd->size; i++) {
        pthread_join(crowd->pushers[i].thread, NULL);
    }
    crowd->cpu_s = bench_ternd_cpu_s(&crowd->server) - crowd->cpu_s;
    return bench_seconds() - begin;
}

static double push_rate(size_t devices, size_t pushes, size_t rows, const char *extra)
{
    struct crowd crowd;
    double took;

    open_crowd(&crowd, devices, pushes + 1, rows, extra);
    took = push_seconds(&crowd);
    bench_note("a push of %zu rows by %zu devices: %.0f us of the server's CPU, %.0f us of time",
               rows,
               devices,
               crowd.cpu_s * 1e6 / (double)(devices * pushes),
               took * 1e6 / (double)(devices * pushes));
    close_crowd(&crowd);
    return (double)(devices * pushes) / took;
}

void bench_server_push(void)
{
    const size_t rounds = bench_settings.rounds < 3 ? bench_settings.rounds : 3;
    double rates[BENCH_ROUNDS_MAX];

    for (size_t i = 0; i < rounds; i++) {
        rates[i] = push_rate(16, bench_size(600, 5), 5, NULL);
    }
    bench_figure("server_push_tx_per_s", bench_median(rates, rounds), "tx/s");
}

/* A page written and made durable, as a commit does it. */
static double raw_fsync_us(void)
{
    enum { TIMES = 101, PAGE_BYTES = 4096 };
    const char *path = bench_path("fsync.tmp");
    const int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    char page[PAGE_BYTES];
    double times[TIMES];

    bench_check(file >= 0, path);
    memset(page, 1, sizeof(page));
    for (size_t i = 0; i < TIMES; i++) {
        const double begin = bench_seconds();

        bench_check(write(file, page, sizeof(page)) == PAGE_BYTES && fdatasync(file) == 0, "fsync");
        times[i] = (bench_seconds() - begin) * 1e6;
    }
    close(file);
    unlink(path);
    return bench_median(times, TIMES);
}

void bench_server_group(void)
{
    const size_t rounds = bench_settings.rounds < 7 ? bench_settings.rounds : 7;
    const size_t pushes = bench_size(150, 3);
    double ratios[BENCH_ROUNDS_MAX];

    for (size_t i = 0; i < rounds; i++) {
        const bool group_first = i % 2 == 1;
        const double first = push_rate(32, pushes, 1, group_first ? NULL : "--no-group-commit");
        const double second = push_rate(32, pushes, 1, group_first ? "--no-group-commit" : NULL);

        ratios[i] = group_first ? first / second : second / first;
    }
    bench_figure("server_group_x", bench_median(ratios, rounds), "x");
    bench_figure("server_fsync_us", raw_fsync_us(), "us");
}

/* ---- Pulling ---- */

struct puller {
    pthread_t thread;
    struct bench_client *client;
    struct bench_device device;
    size_t pages;
};

static void *pull_all(void *context)
{
    struct puller *puller = context;

    puller->pages = bench_client_pull(puller->client, &puller->device, 5000);
    return NULL;
}

/* A doctor's records, all of them pulled by every one of 16 devices at once. */
void bench_server_pull(void)
{
    enum { PULLERS = 16, RECORDS = 50 };
    const size_t rows = bench_size(1000, 20);
    struct puller pullers[PULLERS];
    struct bench_seeder *seeder;
    struct bench_ternd server;
    size_t size;
    const char *document = bench_document(BENCH_DERIVED, &size);
    tern_id doctor;
    uint64_t seed = 11;
    double begin;
    double cpu_s;
    double took;

    bench_random_id(&seed, &doctor);
    bench_ternd_start(&server, "load-server.db", document, size, NULL);
    seeder = bench_seeder_open(&server, BENCH_DERIVED);
    bench_seed_user(seeder, &doctor, "DOCTOR");
    for (size_t i = 0; i < RECORDS; i++) {
        struct bench_record record;

        bench_record_make(5000 + i, &record);
        record.doctor = doctor;
        bench_seed_record(seeder, &record, rows);
    }
    bench_seeder_close(seeder);
    for (size_t i = 0; i < PULLERS; i++) {
        pullers[i].client = bench_client_open(&server, &doctor, BENCH_USER);
        bench_device_make(6000 + i, &pullers[i].device);
    }
    pull_all(&pullers[0]);
    cpu_s = bench_ternd_cpu_s(&server);
    begin = bench_seconds();
    for (size_t i = 0; i < PULLERS; i++) {
        bench_check(pthread_create(&pullers[i].thread, NULL, pull_all, &pullers[i]) == 0, "thread");
    }
    for (size_t i = 0; i < PULLERS; i++) {
        pthread_join(pullers[i].thread, NULL);
    }
    took = bench_seconds() - begin;
    cpu_s = bench_ternd_cpu_s(&server) - cpu_s;
    bench_figure("server_pull_rows_per_s", (double)(PULLERS * RECORDS * rows) / took, "rows/s");
    bench_figure("server_cpu_us_per_row", cpu_s * 1e6 / (double)(PULLERS * RECORDS * rows), "us");
    for (size_t i = 0; i < PULLERS; i++) {
        bench_client_close(pullers[i].client);
    }
    bench_ternd_stop(&server);
    bench_remove(bench_path("load-server.db"));
}

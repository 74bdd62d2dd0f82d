/* Pushes records to a server in large requests. */
#include "tests/bench/seed.h"

#include <stdlib.h>
#include <string.h>

enum { TX_ROWS = 100, REQUEST_BYTES = 3 * 1024 * 1024 };

struct bench_seeder {
    enum bench_document document;
    struct bench_client *client;
    struct bench_device device;
    struct bench_text lines;
    size_t txs;
    tern_replica *keys; /* derives ids */
    uint64_t seed;
    int64_t minted_us; /* ids of version 7 follow each other as they would where rows are made */
};

struct bench_seeder *bench_seeder_open(const struct bench_ternd *server,
                                       enum bench_document document)
{
    struct bench_seeder *seeder = bench_alloc(1, sizeof(*seeder));
    tern_id operator_id;

    seeder->document = document;
    seeder->seed = 77;
    seeder->minted_us = bench_wall_us();
    bench_random_id(&seeder->seed, &operator_id);
    bench_device_make(bench_random(&seeder->seed), &seeder->device);
    seeder->client = bench_client_open(server, &operator_id, BENCH_OPERATOR);
    seeder->keys = bench_tern_create(bench_path("keys.db"), document, &operator_id);
    return seeder;
}

void bench_seed_flush(struct bench_seeder *seeder)
{
    struct bench_text body = {0};
    struct bench_text answer = {0};

    if (seeder->txs == 0) {
        return;
    }
    bench_wire_request(&body, &seeder->device, &seeder->lines, seeder->txs, 0, NULL);
    bench_text_gzip(&body);
    bench_client_post(seeder->client, &body, 0, &answer);
    seeder->lines.size = 0;
    seeder->txs = 0;
    bench_text_free(&body);
    bench_text_free(&answer);
}

static void begin_tx(struct bench_seeder *seeder)
{
    if (seeder->lines.size > REQUEST_BYTES) {
        bench_seed_flush(seeder);
    }
    bench_wire_entry(&seeder->lines, &seeder->device);
    seeder->txs++;
}

void bench_seeder_close(struct bench_seeder *seeder)
{
    bench_seed_flush(seeder);
    bench_client_close(seeder->client);
    tern_replica_close(seeder->keys);
    bench_remove(bench_path("keys.db"));
    bench_text_free(&seeder->lines);
    free(seeder);
}

void bench_seed_user(struct bench_seeder *seeder, const tern_id *user, const char *role)
{
    begin_tx(seeder);
    bench_wire_user(&seeder->lines, user, role);
}

/* The id of a connection derives from its two people. */
static void derive_connection(struct bench_seeder *seeder, struct bench_record *record)
{
    const tern_value people[] = {tern_value_id(&record->doctor), tern_value_id(&record->patient)};

    bench_tern_key(seeder->keys,
                   "SELECT tern_key('connections', ?1, ?2)",
                   people,
                   2,
                   &record->connection);
}

static bool has_doctor(const struct bench_record *record)
{
    static const tern_id nobody;

    return memcmp(&record->doctor, &nobody, sizeof(nobody)) != 0;
}

size_t bench_seed_doses(const struct bench_record *record, size_t rows)
{
    const size_t others = 2 + DOSE_MEDICATIONS + (has_doctor(record) ? 1 : 0);

    return rows > others ? rows - others : 0;
}

void bench_seed_ids(struct bench_seeder *seeder, struct bench_dose *doses, size_t count)
{
    if (seeder->document == BENCH_DERIVED) {
        bench_tern_derive(seeder->keys, doses, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        seeder->minted_us += 1000;
        bench_ordered_id(&seeder->seed, seeder->minted_us, &doses[i].id);
    }
}

void bench_seed_record(struct bench_seeder *seeder, const struct bench_record *source, size_t rows)
{
    struct bench_dose doses[TX_ROWS];
    struct bench_record copy = *source;
    const struct bench_record *record = &copy;
    const size_t total = bench_seed_doses(record, rows);

    if (has_doctor(record)) {
        derive_connection(seeder, &copy);
    }
    begin_tx(seeder);
    bench_wire_people(&seeder->lines, record);
    begin_tx(seeder);
    bench_wire_parents(&seeder->lines, record);
    for (size_t first = 0; first < total; first += TX_ROWS) {
        const size_t count = total - first < TX_ROWS ? total - first : TX_ROWS;

        bench_doses_make(record, first, doses, count);
        bench_seed_ids(seeder, doses, count);
        begin_tx(seeder);
        for (size_t i = 0; i < count; i++) {
            bench_wire_dose(&seeder->lines, &doses[i]);
        }
    }
}

/* What it costs to apply what a server sends: gunzip, decoding, staging, merging, writing; the
 * network and the server are left out. */
#include "tests/bench/plain.h"
#include "tests/bench/seed.h"
#include "tests/bench/session.h"

#include <stdlib.h>
#include <string.h>

/* The doses of a record as the server sends them: tx by tx of 100 rows, each sorted by id. */
struct sent {
    struct bench_record record;
    struct bench_dose *doses;
    size_t count;
};

static int compare_ids(const void *left, const void *right)
{
    const struct bench_dose *a = left;
    const struct bench_dose *b = right;

    return memcmp(a->id.bytes, b->id.bytes, sizeof(a->id.bytes));
}

static void seed_sent(struct bench_seeder *seeder, struct sent *sent, uint64_t seed, size_t rows)
{
    enum { TX_ROWS = 100 };

    bench_record_make(seed, &sent->record);
    sent->count = bench_seed_doses(&sent->record, rows);
    sent->doses = bench_alloc(sent->count, sizeof(*sent->doses));
    bench_doses_make(&sent->record, 0, sent->doses, sent->count);
    bench_seed_ids(seeder, sent->doses, sent->count);
    for (size_t first = 0; first < sent->count; first += TX_ROWS) {
        size_t count = sent->count - first < TX_ROWS ? sent->count - first : TX_ROWS;

        qsort(sent->doses + first, count, sizeof(*sent->doses), compare_ids);
    }
    bench_seed_record(seeder, &sent->record, rows);
}

static void check_rows(tern_replica *replica, size_t doses)
{
    bench_check((size_t)bench_tern_number(replica, "SELECT count(*) FROM dose_events") == doses,
                "a replica does not hold what the server was given");
}

/* ---- A whole record into an empty replica ---- */

struct apply {
    struct bench_ternd server;
    struct sent sent;
    uint32_t page_rows;
};

static double tern_apply(struct apply *apply)
{
    struct bench_link *link = bench_link_open(&apply->server, &apply->sent.record.patient);
    const char *path = bench_path("tern.db");
    tern_replica *replica = bench_tern_create(path, BENCH_DERIVED, &apply->sent.record.patient);
    struct bench_sync_times times = {0};

    bench_sync_timed(link, replica, apply->page_rows, &times);
    check_rows(replica, apply->sent.count);
    tern_replica_close(replica);
    bench_link_close(link);
    return times.after_s;
}

/* The tables come from the replica of the round before. */
static double plain_apply(struct apply *apply)
{
    sqlite3 *plain = bench_plain_create(bench_path("plain.db"), bench_path("tern.db"));
    sqlite3_stmt *upsert = bench_plain_prepare(plain, BENCH_DOSE_UPSERT);
    const double begin = bench_seconds();
    double took;

    bench_plain_run(plain, "BEGIN IMMEDIATE");
    bench_plain_parents(plain, &apply->sent.record);
    bench_plain_doses(upsert, apply->sent.doses, apply->sent.count);
    bench_plain_run(plain, "COMMIT");
    took = bench_seconds() - begin;
    bench_plain_close(plain);
    return took;
}

static double apply_side(void *context, bool is_tern)
{
    return is_tern ? tern_apply(context) : plain_apply(context);
}

static void apply_record(struct apply *apply)
{
    struct bench_seeder *seeder;
    size_t size;
    const char *document = bench_document(BENCH_DERIVED, &size);

    bench_ternd_start(&apply->server, "apply-server.db", document, size, NULL);
    seeder = bench_seeder_open(&apply->server, BENCH_DERIVED);
    seed_sent(seeder, &apply->sent, 2, bench_size(10000, 100));
    bench_seeder_close(seeder);
    tern_apply(apply);
    bench_figure("apply_x", bench_paired(bench_settings.rounds, apply_side, apply), "x");
    apply->page_rows = 20000;
    bench_figure("apply_one_answer_x", bench_paired(bench_settings.rounds, apply_side, apply), "x");
    free(apply->sent.doses);
    bench_ternd_stop(&apply->server);
    bench_remove(bench_path("apply-server.db"));
}

/* ---- One row more on many ---- */

struct one {
    struct bench_ternd server;
    struct bench_record record;
    size_t next; /* number of the next dose */
    struct bench_seeder *seeder;
    struct bench_client *writer; /* the same user's other device */
    struct bench_device device;
    struct bench_link *link;
    tern_replica *replica;
    sqlite3 *plain;
    sqlite3_stmt *begin;
    sqlite3_stmt *upsert;
    sqlite3_stmt *commit;
    double session_s;
};

static void push_dose(struct one *one, const struct bench_dose *dose)
{
    struct bench_text lines = {0};
    struct bench_text body = {0};
    struct bench_text answer = {0};

    bench_wire_entry(&lines, &one->device);
    bench_wire_dose(&lines, dose);
    bench_wire_request(&body, &one->device, &lines, 1, 0, NULL);
    bench_client_post(one->writer, &body, 0, &answer);
    bench_text_free(&lines);
    bench_text_free(&body);
    bench_text_free(&answer);
}

static void one_plain(struct one *one, const struct bench_dose *doses, size_t count)
{
    bench_plain_step(one->begin);
    bench_plain_doses(one->upsert, doses, count);
    bench_plain_step(one->commit);
}

/* Ratios of the checkpoint alone, and of the whole session with its lease. */
static void one_round(struct one *one, bool tern_first, double *ret_ratio, double *ret_session)
{
    struct bench_sync_times times = {0};
    struct bench_dose dose;
    double plain_s = 0;
    double begin;

    bench_doses_make(&one->record, one->next++, &dose, 1);
    bench_seed_ids(one->seeder, &dose, 1);
    push_dose(one, &dose);
    for (int turn = 0; turn < 2; turn++) {
        if ((turn == 0) == tern_first) {
            bench_sync_timed(one->link, one->replica, 0, &times);
            bench_check(times.rows == 1, "a checkpoint of one row has another number of rows");
        } else {
            begin = bench_seconds();
            one_plain(one, &dose, 1);
            plain_s = bench_seconds() - begin;
        }
    }
    *ret_ratio = times.after_s / plain_s;
    *ret_session = (times.before_s + times.after_s) / plain_s;
}

static void one_open(struct one *one, size_t rows)
{
    enum { BATCH = 1000 };
    struct bench_dose doses[BATCH];
    size_t size;
    const char *document = bench_document(BENCH_DERIVED, &size);
    const char *path = bench_path("tern.db");

    bench_record_make(3, &one->record);
    bench_device_make(3, &one->device);
    bench_ternd_start(&one->server, "one-server.db", document, size, NULL);
    one->seeder = bench_seeder_open(&one->server, BENCH_DERIVED);
    bench_seed_record(one->seeder, &one->record, rows);
    bench_seed_flush(one->seeder);
    one->next = bench_seed_doses(&one->record, rows);
    one->writer = bench_client_open(&one->server, &one->record.patient, BENCH_USER);
    one->link = bench_link_open(&one->server, &one->record.patient);
    one->replica = bench_tern_create(path, BENCH_DERIVED, &one->record.patient);
    bench_sync(one->link, one->replica, 0);
    check_rows(one->replica, one->next);
    one->plain = bench_plain_create(bench_path("plain.db"), path);
    one->begin = bench_plain_prepare(one->plain, "BEGIN IMMEDIATE");
    one->upsert = bench_plain_prepare(one->plain, BENCH_DOSE_UPSERT);
    one->commit = bench_plain_prepare(one->plain, "COMMIT");
    bench_plain_parents(one->plain, &one->record);
    for (size_t first = 0; first < one->next; first += BATCH) {
        const size_t count = one->next - first < BATCH ? one->next - first : BATCH;

        bench_doses_make(&one->record, first, doses, count);
        bench_seed_ids(one->seeder, doses, count);
        one_plain(one, doses, count);
    }
}

static void one_close(struct one *one)
{
    tern_replica_close(one->replica);
    bench_plain_close(one->plain);
    bench_link_close(one->link);
    bench_client_close(one->writer);
    bench_seeder_close(one->seeder);
    bench_ternd_stop(&one->server);
    bench_remove(bench_path("one-server.db"));
}

static void apply_one(void)
{
    const size_t rounds = bench_settings.rounds < 3 ? bench_settings.rounds : 51;
    double ratios[BENCH_ROUNDS_MAX];
    double sessions[BENCH_ROUNDS_MAX];
    struct one one;

    memset(&one, 0, sizeof(one));
    one_open(&one, bench_size(100000, 500));
    for (size_t round = 0; round < rounds; round++) {
        one_round(&one, round % 2 == 1, &ratios[round], &sessions[round]);
    }
    one_close(&one);
    bench_figure("apply_one_x", bench_median(ratios, rounds), "x");
    bench_figure("apply_one_session_x", bench_median(sessions, rounds), "x");
}

void bench_apply(void)
{
    struct apply apply;

    memset(&apply, 0, sizeof(apply));
    apply_record(&apply);
    apply_one();
    bench_remove(bench_path("tern.db"));
    bench_remove(bench_path("plain.db"));
}

/* ---- The last of very many ---- */

enum { LAST_SCOPES = 100 };

static void seed_scopes(const struct bench_ternd *server,
                        enum bench_document document,
                        const tern_id *doctor,
                        size_t rows)
{
    struct bench_seeder *seeder = bench_seeder_open(server, document);

    bench_seed_user(seeder, doctor, "DOCTOR");
    for (size_t i = 0; i < LAST_SCOPES; i++) {
        struct bench_record record;

        bench_record_make(1000 + i, &record);
        record.doctor = *doctor;
        bench_seed_record(seeder, &record, rows);
    }
    bench_seeder_close(seeder);
}

/* Rate of the last tenth of the checkpoints by the rate of all. */
static double last_by_average(enum bench_document document)
{
    size_t size;
    const char *text = bench_document(document, &size);
    double scopes_s[LAST_SCOPES + 8] = {0};
    struct bench_sync_times times = {.scopes_s = scopes_s, .scopes_room = LAST_SCOPES + 8};
    struct bench_ternd server;
    struct bench_link *link;
    tern_replica *replica;
    tern_id doctor;
    uint64_t seed = 5;
    size_t last;
    double rate;

    bench_random_id(&seed, &doctor);
    bench_ternd_start(&server, "last-server.db", text, size, NULL);
    seed_scopes(&server, document, &doctor, bench_size(1000000, 5000) / LAST_SCOPES);
    link = bench_link_open(&server, &doctor);
    replica = bench_tern_create(bench_path("tern.db"), document, &doctor);
    bench_sync_timed(link, replica, 0, &times);
    bench_check(times.scopes >= LAST_SCOPES && times.scopes <= times.scopes_room, "checkpoints");
    last = times.scopes - 1;
    rate = (scopes_s[last] / (double)times.scopes) /
           ((scopes_s[last] - scopes_s[last - LAST_SCOPES / 10]) / (LAST_SCOPES / 10));
    bench_note("%llu rows applied at %.0f rows/s",
               (unsigned long long)times.rows,
               (double)times.rows / times.after_s);
    tern_replica_close(replica);
    bench_link_close(link);
    bench_ternd_stop(&server);
    bench_remove(bench_path("last-server.db"));
    bench_remove(bench_path("tern.db"));
    return rate;
}

void bench_apply_last(void)
{
    bench_figure("apply_last_x", last_by_average(BENCH_MINTED), "x");
    bench_figure("apply_last_derived_x", last_by_average(BENCH_DERIVED), "x");
}

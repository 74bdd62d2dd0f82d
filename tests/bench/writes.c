/* What local writes cost: bulk inserts and updates in one transaction, and transactions of one row.
 */
#include "tests/bench/plain.h"
#include "tests/bench/tern.h"

#include <stdlib.h>

/* Both sides, with the same parents, on new files. */
struct pair {
    tern_replica *replica;
    sqlite3 *plain;
};

struct bulk {
    struct bench_record record;
    struct bench_dose *doses;
    size_t count;
    struct pair pair;
};

static void open_pair(struct pair *pair, const struct bench_record *record)
{
    const char *replica_path = bench_path("tern.db");

    pair->replica = bench_tern_create(replica_path, BENCH_DERIVED, &record->patient);
    pair->plain = bench_plain_create(bench_path("plain.db"), replica_path);
    bench_tern_parents(pair->replica, record);
    bench_plain_parents(pair->plain, record);
}

static void close_pair(struct pair *pair)
{
    tern_replica_close(pair->replica);
    bench_plain_close(pair->plain);
    bench_remove(bench_path("tern.db"));
    bench_remove(bench_path("plain.db"));
}

static double tern_insert(struct bulk *bulk)
{
    tern_statement *statement = bench_tern_prepare(bulk->pair.replica, BENCH_DOSE_INSERT);
    const double begin = bench_seconds();
    tern_tx *tx = bench_tern_begin(bulk->pair.replica);
    double took;

    bench_tern_doses(statement, bulk->doses, bulk->count);
    bench_tern_commit(tx);
    took = bench_seconds() - begin;
    tern_statement_free(statement);
    return took;
}

static double plain_insert(struct bulk *bulk)
{
    sqlite3_stmt *statement = bench_plain_prepare(bulk->pair.plain, BENCH_DOSE_INSERT);
    const double begin = bench_seconds();
    double took;

    bench_plain_run(bulk->pair.plain, "BEGIN IMMEDIATE");
    bench_plain_doses(statement, bulk->doses, bulk->count);
    bench_plain_run(bulk->pair.plain, "COMMIT");
    took = bench_seconds() - begin;
    sqlite3_finalize(statement);
    return took;
}

static void update_cells(const struct bench_dose *dose, tern_value cells[2])
{
    cells[0] = tern_value_text("TAKEN_ON_TIME");
    cells[1] = tern_value_id(&dose->id);
}

static double tern_update(struct bulk *bulk)
{
    tern_statement *statement = bench_tern_prepare(bulk->pair.replica, BENCH_DOSE_UPDATE);
    const double begin = bench_seconds();
    tern_tx *tx = bench_tern_begin(bulk->pair.replica);
    tern_value cells[2];
    double took;

    for (size_t i = 0; i < bulk->count; i++) {
        update_cells(&bulk->doses[i], cells);
        bench_tern_bind(statement, cells, 2);
        bench_tern_step(statement);
    }
    bench_tern_commit(tx);
    took = bench_seconds() - begin;
    tern_statement_free(statement);
    return took;
}

static double plain_update(struct bulk *bulk)
{
    sqlite3_stmt *statement = bench_plain_prepare(bulk->pair.plain, BENCH_DOSE_UPDATE);
    const double begin = bench_seconds();
    tern_value cells[2];
    double took;

    bench_plain_run(bulk->pair.plain, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < bulk->count; i++) {
        update_cells(&bulk->doses[i], cells);
        bench_plain_bind(statement, cells, 2);
        bench_plain_step(statement);
    }
    bench_plain_run(bulk->pair.plain, "COMMIT");
    took = bench_seconds() - begin;
    sqlite3_finalize(statement);
    return took;
}

static void make_bulk(struct bulk *bulk, size_t count)
{
    bench_record_make(1, &bulk->record);
    bulk->count = count;
    bulk->doses = bench_alloc(count, sizeof(*bulk->doses));
    bench_doses_make(&bulk->record, 0, bulk->doses, count);
    open_pair(&bulk->pair, &bulk->record);
    bench_tern_derive(bulk->pair.replica, bulk->doses, count);
    close_pair(&bulk->pair);
}

/* Every round begins on empty tables, and updates what it inserted. */
static void bulk_rounds(void)
{
    struct bulk bulk;
    double inserts[BENCH_ROUNDS_MAX];
    double updates[BENCH_ROUNDS_MAX];

    make_bulk(&bulk, bench_size(10000, 100));
    for (size_t round = 0; round < bench_settings.rounds; round++) {
        double tern_s;
        double plain_s;

        open_pair(&bulk.pair, &bulk.record);
        if (round % 2 == 0) {
            plain_s = plain_insert(&bulk);
            tern_s = tern_insert(&bulk);
            inserts[round] = tern_s / plain_s;
            plain_s = plain_update(&bulk);
            tern_s = tern_update(&bulk);
        } else {
            tern_s = tern_insert(&bulk);
            plain_s = plain_insert(&bulk);
            inserts[round] = tern_s / plain_s;
            tern_s = tern_update(&bulk);
            plain_s = plain_update(&bulk);
        }
        updates[round] = tern_s / plain_s;
        close_pair(&bulk.pair);
    }
    bench_figure("write_bulk_x", bench_median(inserts, bench_settings.rounds), "x");
    bench_figure("update_bulk_x", bench_median(updates, bench_settings.rounds), "x");
    free(bulk.doses);
}

struct singles {
    struct bulk bulk;
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *plain;
    tern_statement *tern;
};

static double tern_singles(struct singles *singles, size_t first, size_t count)
{
    const double begin = bench_seconds();

    for (size_t i = first; i < first + count; i++) {
        tern_tx *tx = bench_tern_begin(singles->bulk.pair.replica);

        bench_tern_doses(singles->tern, &singles->bulk.doses[i], 1);
        bench_tern_commit(tx);
    }
    return bench_seconds() - begin;
}

static double plain_singles(struct singles *singles, size_t first, size_t count)
{
    const double begin = bench_seconds();

    for (size_t i = first; i < first + count; i++) {
        bench_plain_step(singles->begin);
        bench_plain_doses(singles->plain, &singles->bulk.doses[i], 1);
        bench_plain_step(singles->commit);
    }
    return bench_seconds() - begin;
}

/* One round, in blocks that take turns, so that both meet the same disk. */
static double single_round(struct singles *singles)
{
    enum { BLOCK = 25 };
    double tern_s = 0;
    double plain_s = 0;

    open_pair(&singles->bulk.pair, &singles->bulk.record);
    singles->begin = bench_plain_prepare(singles->bulk.pair.plain, "BEGIN IMMEDIATE");
    singles->commit = bench_plain_prepare(singles->bulk.pair.plain, "COMMIT");
    singles->plain = bench_plain_prepare(singles->bulk.pair.plain, BENCH_DOSE_INSERT);
    singles->tern = bench_tern_prepare(singles->bulk.pair.replica, BENCH_DOSE_INSERT);
    for (size_t i = 0; i + BLOCK <= singles->bulk.count; i += BLOCK) {
        if (i / BLOCK % 2 == 0) {
            plain_s += plain_singles(singles, i, BLOCK);
            tern_s += tern_singles(singles, i, BLOCK);
        } else {
            tern_s += tern_singles(singles, i, BLOCK);
            plain_s += plain_singles(singles, i, BLOCK);
        }
    }
    tern_statement_free(singles->tern);
    close_pair(&singles->bulk.pair);
    return tern_s / plain_s;
}

static void single_rounds(void)
{
    struct singles singles;
    double ratios[BENCH_ROUNDS_MAX];

    make_bulk(&singles.bulk, bench_size(1000, 50));
    for (size_t round = 0; round < bench_settings.rounds; round++) {
        ratios[round] = single_round(&singles);
    }
    bench_figure("write_single_x", bench_median(ratios, bench_settings.rounds), "x");
    free(singles.bulk.doses);
}

void bench_writes(void)
{
    bulk_rounds();
    single_rounds();
}

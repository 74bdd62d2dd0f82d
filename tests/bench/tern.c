/* Replicas as an app of a desktop opens them. */
#include "tests/bench/tern.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tern/platform.h"

/* What the key's columns were by it: set once. */
static void freeze(json_t *columns, json_t *key)
{
    json_t *column = NULL;
    json_t *name = NULL;
    size_t i;
    size_t k;

    json_array_foreach(columns, i, column)
    {
        json_array_foreach(key, k, name)
        {
            if (json_equal(json_object_get(column, "name"), name)) {
                json_object_set_new(column, "immutable", json_true());
            }
        }
    }
}

/* Takes the natural key of dose_events out of the document. */
static char *strike_key(const char *text, size_t size)
{
    json_t *root = json_loadb(text, size, 0, NULL);
    json_t *table = NULL;
    size_t i;
    char *out;

    json_array_foreach(json_object_get(root, "tables"), i, table)
    {
        const char *name = json_string_value(json_object_get(table, "name"));

        if (name != NULL && strcmp(name, "dose_events") == 0) {
            freeze(json_object_get(table, "columns"), json_object_get(table, "natural_key"));
            bench_check(json_object_del(table, "natural_key") == 0,
                        "dose_events has no natural key to strike");
        }
    }
    out = json_dumps(root, JSON_COMPACT);
    bench_check(out != NULL, "schema document");
    json_decref(root);
    return out;
}

const char *bench_document(enum bench_document document, size_t *ret_size)
{
    static char *texts[2];
    static size_t sizes[2];

    if (texts[0] == NULL) {
        texts[BENCH_DERIVED] = bench_read_file(bench_settings.schema, &sizes[BENCH_DERIVED]);
        texts[BENCH_MINTED] = strike_key(texts[BENCH_DERIVED], sizes[BENCH_DERIVED]);
        sizes[BENCH_MINTED] = strlen(texts[BENCH_MINTED]);
    }
    *ret_size = sizes[document];
    return texts[document];
}

tern_replica *bench_tern_open(const char *path, enum bench_document document, const tern_id *user)
{
    tern_replica_options options = {.size = sizeof(options), .user = *user};
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_ports ports;

    tern_platform_ports(&ports);
    options.ports = &ports;
    options.schema = bench_document(document, &options.schema_size);
    bench_ok(tern_replica_open(path, &options, &replica, &error), &error, "open replica");
    return replica;
}

tern_replica *bench_tern_create(const char *path, enum bench_document document, const tern_id *user)
{
    bench_remove(path);
    return bench_tern_open(path, document, user);
}

tern_tx *bench_tern_begin(tern_replica *replica)
{
    tern_tx *tx = NULL;
    tern_error error = {0};

    bench_ok(tern_tx_begin(replica, NULL, &tx, &error), &error, "begin");
    return tx;
}

void bench_tern_commit(tern_tx *tx)
{
    tern_error error = {0};

    bench_ok(tern_tx_commit(tx, NULL, &error), &error, "commit");
}

tern_statement *bench_tern_prepare(tern_replica *replica, const char *sql)
{
    tern_statement *statement = NULL;
    tern_error error = {0};

    bench_ok(tern_statement_prepare(replica, sql, strlen(sql), &statement, &error), &error, sql);
    return statement;
}

void bench_tern_bind(tern_statement *statement, const tern_value *cells, size_t count)
{
    tern_error error = {0};

    for (size_t i = 0; i < count; i++) {
        bench_ok(tern_statement_bind(statement, (int)i + 1, cells[i], &error), &error, "bind");
    }
}

void bench_tern_step(tern_statement *statement)
{
    tern_error error = {0};
    bool row = true;

    while (row) {
        bench_ok(tern_statement_step(statement, &row, &error), &error, "step");
    }
}

int64_t bench_tern_number(tern_replica *replica, const char *sql)
{
    tern_statement *statement = bench_tern_prepare(replica, sql);
    tern_error error = {0};
    bool row = false;
    int64_t number;

    bench_ok(tern_statement_step(statement, &row, &error), &error, sql);
    bench_check(row, sql);
    number = tern_statement_value(statement, 0).integer;
    tern_statement_free(statement);
    return number;
}

void bench_tern_parents(tern_replica *replica, const struct bench_record *record)
{
    tern_statement *prescription = bench_tern_prepare(replica, BENCH_PRESCRIPTION_INSERT);
    tern_statement *medication = bench_tern_prepare(replica, BENCH_MEDICATION_INSERT);
    tern_tx *tx = bench_tern_begin(replica);
    tern_value cells[PARENT_CELLS];

    bench_prescription_cells(record, cells);
    bench_tern_bind(prescription, cells, PARENT_CELLS);
    bench_tern_step(prescription);
    for (size_t i = 0; i < DOSE_MEDICATIONS; i++) {
        bench_medication_cells(record, i, cells);
        bench_tern_bind(medication, cells, PARENT_CELLS);
        bench_tern_step(medication);
    }
    bench_tern_commit(tx);
    tern_statement_free(prescription);
    tern_statement_free(medication);
}

void bench_tern_doses(tern_statement *statement, const struct bench_dose *doses, size_t count)
{
    tern_value cells[DOSE_CELLS];

    for (size_t i = 0; i < count; i++) {
        bench_dose_cells(&doses[i], cells);
        bench_tern_bind(statement, cells, DOSE_CELLS);
        bench_tern_step(statement);
    }
}

static void
step_key(tern_statement *statement, const tern_value *cells, size_t count, tern_id *ret_id)
{
    tern_error error = {0};
    tern_value id;
    bool row = false;

    bench_tern_bind(statement, cells, count);
    bench_ok(tern_statement_step(statement, &row, &error), &error, "derive an id");
    id = tern_statement_value(statement, 0);
    bench_check(id.kind == TERN_BLOB && id.size == sizeof(ret_id->bytes), "a derived id");
    memcpy(ret_id->bytes, id.data, id.size);
    tern_statement_reset(statement);
}

void bench_tern_key(tern_replica *replica,
                    const char *sql,
                    const tern_value *cells,
                    size_t count,
                    tern_id *ret_id)
{
    tern_statement *statement = bench_tern_prepare(replica, sql);

    step_key(statement, cells, count, ret_id);
    tern_statement_free(statement);
}

void bench_tern_derive(tern_replica *replica, struct bench_dose *doses, size_t count)
{
    tern_statement *statement =
        bench_tern_prepare(replica, "SELECT tern_key('dose_events', ?1, ?2, ?3)");
    tern_value cells[DOSE_CELLS];

    for (size_t i = 0; i < count; i++) {
        bench_dose_cells(&doses[i], cells);
        step_key(statement, (const tern_value[]){cells[3], cells[6], cells[7]}, 3, &doses[i].id);
    }
    tern_statement_free(statement);
}

uint64_t bench_tern_pending(tern_replica *replica)
{
    tern_replica_status status = {.size = sizeof(status)};
    tern_error error = {0};

    bench_ok(tern_replica_read_status(replica, &status, &error), &error, "status");
    return status.pending;
}

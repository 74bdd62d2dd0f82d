/* Scopes over references and of two people: Das Tern's medications and connections. */
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "schema/schema.h"
#include "tests/unit/store/fixture.h"

static struct trn_schema *schema;
static struct trn_store *store;

static void open_dastern(void)
{
    static char document[128 * 1024];
    struct trn_store_options options = {.path = trn_test_path(trn_test_folder(), "replica.db")};
    struct trn_bytes ddl = {0};
    FILE *file = fopen(TERN_SOURCE_DIR "/schemas/dastern.json", "rb");
    size_t size;

    assert_non_null(file);
    size = fread(document, 1, sizeof(document), file);
    (void)fclose(file);
    CHECK_INT(trn_schema_load(document, size, &schema, NULL), TERN_OK);
    CHECK_INT(trn_schema_ddl(schema, TRN_DIALECT_REPLICA, &ddl, NULL), TERN_OK);
    CHECK_INT(trn_store_open(&options, &store, NULL), TERN_OK);
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    CHECK_INT(trn_store_migrate(store, trn_bytes_text(&ddl), schema, NULL), TERN_OK);
    CHECK_INT(trn_store_commit(store, NULL), TERN_OK);
    CHECK_INT(trn_store_attach_schema(store, schema, NULL), TERN_OK);
    CHECK_INT(trn_store_begin(store, NULL), TERN_OK);
    trn_bytes_free(&ddl);
}

static void close_dastern(void)
{
    trn_store_close(store);
    trn_schema_free(schema);
}

/* A row of the defaults, to be filled in. */
static struct trn_row new_row(const struct trn_table *table, unsigned number)
{
    struct trn_row row = {.id = fixture_id(number), .updated_at_us = 5};

    for (size_t i = 0; i < table->column_count; i++) {
        row.values[i] =
            table->columns[i].has_default ? table->columns[i].default_value : tern_value_null();
    }
    row.values[0] = tern_value_integer(5);
    return row;
}

static void
set(struct trn_row *row, const struct trn_table *table, const char *name, tern_value value)
{
    row->values[trn_table_column(table, name)] = value;
}

static void write_row(const struct trn_table *table, const struct trn_row *row)
{
    tern_error error = {0};

    if (trn_store_row_write(store, table, row, &error) != TERN_OK) {
        fail_msg("%s: %s", table->name, error.message);
    }
}

struct visits {
    unsigned count;
    tern_id last;
};

static tern_status visit(void *context, const tern_id *id, tern_error *error)
{
    struct visits *visits = context;

    (void)error;
    visits->count++;
    visits->last = *id;
    return TERN_OK;
}

static unsigned rows_in(const struct trn_table *table, const tern_id *scope)
{
    struct visits visits = {0};

    CHECK_INT(trn_store_scope_rows(store, table, scope, visit, &visits, NULL), TERN_OK);
    return visits.count;
}

TEST(a_row_finds_its_scope_over_the_rows_it_references)
{
    const struct trn_table *prescriptions;
    const struct trn_table *medications;
    tern_id patient = fixture_id(1);
    tern_id other = fixture_id(9);
    tern_id prescription = fixture_id(2);
    tern_id found[4];
    size_t count = 0;
    struct trn_row row;

    open_dastern();
    prescriptions = trn_schema_table(schema, "prescriptions");
    medications = trn_schema_table(schema, "medications");
    row = new_row(prescriptions, 2);
    set(&row, prescriptions, "patient_id", tern_value_id(&patient));
    set(&row, prescriptions, "patient_name", tern_value_text("somebody"));
    write_row(prescriptions, &row);
    row = new_row(medications, 3);
    set(&row, medications, "prescription_id", tern_value_id(&prescription));
    set(&row, medications, "row_number", tern_value_integer(1));
    set(&row, medications, "medicine_name", tern_value_text("something"));
    write_row(medications, &row);
    CHECK_INT(trn_store_row_scopes(store, medications, &row, found, &count, NULL), TERN_OK);
    CHECK(count == 1 && trn_id_equal(&found[0], &patient));
    CHECK_INT(rows_in(medications, &patient), 1);
    CHECK_INT(rows_in(medications, &other), 0);
    set(&row, medications, "prescription_id", tern_value_id(&other));
    CHECK_INT(trn_store_row_scopes(store, medications, &row, found, &count, NULL), TERN_OK);
    CHECK_INT(count, 0);
    close_dastern();
}

TEST(a_row_of_two_scopes_stays_while_one_of_them_is_held)
{
    const struct trn_table *connections;
    tern_id one = fixture_id(1);
    tern_id two = fixture_id(2);
    tern_id found[4];
    size_t count = 0;
    struct trn_row row;

    open_dastern();
    connections = trn_schema_table(schema, "connections");
    row = new_row(connections, 3);
    set(&row, connections, "initiator_id", tern_value_id(&one));
    set(&row, connections, "recipient_id", tern_value_id(&two));
    set(&row, connections, "requested_at", tern_value_integer(7));
    write_row(connections, &row);
    CHECK_INT(trn_store_row_scopes(store, connections, &row, found, &count, NULL), TERN_OK);
    CHECK(count == 2 && trn_id_equal(&found[0], &one) && trn_id_equal(&found[1], &two));
    CHECK_INT(trn_scope_hold(store, &one, NULL), TERN_OK);
    CHECK_INT(trn_scope_hold(store, &two, NULL), TERN_OK);
    CHECK_INT(rows_in(connections, &one), 0);
    CHECK_INT(rows_in(connections, &two), 0);
    CHECK_INT(trn_scope_release(store, &two, NULL), TERN_OK);
    CHECK_INT(rows_in(connections, &one), 1);
    CHECK_INT(rows_in(connections, &two), 0);
    close_dastern();
}

/* The document of Das Tern: what the system's papers list is all there, and the databases made of
 * it hold it. */
#include <stdlib.h>
#include <string.h>

#include "model/change.h"
#include "tests/unit/schema/documents.h"

static const struct trn_table *table_of(const struct trn_schema *schema, const char *name)
{
    const struct trn_table *table = trn_schema_table(schema, name);

    CHECK(table != NULL);
    return table;
}

static const struct trn_column *
column_of(const struct trn_schema *schema, const char *table, const char *column)
{
    uint16_t index = trn_table_column(table_of(schema, table), column);

    CHECK(index != TRN_NO_COLUMN);
    return &table_of(schema, table)->columns[index];
}

TEST(dastern_has_its_tables_enums_references_and_indexes)
{
    struct trn_schema *schema = documents_dastern();
    size_t references = 0;
    size_t cascades = 0;
    size_t indexes = 0;
    size_t uniques = 0;

    CHECK_INT(schema->table_count, 14);
    CHECK_TEXT(schema->tables[13].name, "sync_audit");
    CHECK_INT(schema->enum_count, 13);
    for (size_t t = 0; t < 13; t++) {
        const struct trn_table *table = &schema->tables[t];

        CHECK_INT(table->index, t);
        indexes += table->index_count;
        uniques += table->unique_count;
        for (size_t c = 0; c < table->column_count; c++) {
            references += table->columns[c].target != TRN_NO_TABLE;
            cascades += table->columns[c].on_delete == TRN_DELETE_CASCADE;
        }
    }
    CHECK_INT(references, 18);
    CHECK_INT(cascades, 15);
    CHECK_INT(indexes, 30);
    CHECK_INT(uniques, 9);
    trn_schema_free(schema);
}

TEST(dastern_maps_names_to_the_server_s)
{
    struct trn_schema *schema = documents_dastern();

    CHECK_TEXT(column_of(schema, "dose_events", "scheduled_time")->server_name, "scheduledTime");
    CHECK_TEXT(column_of(schema, "users", "created_at")->server_name, "createdAt");
    CHECK_TEXT(table_of(schema, "dose_events")->server_name, "dose_events");
    trn_schema_free(schema);
}

TEST(dastern_s_units_are_the_papers_units)
{
    struct trn_schema *schema = documents_dastern();
    const struct trn_table *doses = table_of(schema, "dose_events");
    const struct trn_unit *schedule;
    const struct trn_unit *outcome;

    CHECK_INT(doses->unit_count, 3);
    CHECK_INT(trn_table_unit(doses, "existence"), 0);
    schedule = &doses->units[trn_table_unit(doses, "schedule")];
    outcome = &doses->units[trn_table_unit(doses, "outcome")];
    CHECK_INT(schedule->rank_rule, TRN_RANK_INFERRED);
    CHECK_TEXT(schedule->recorded_if_value, "TAKEN_ON_TIME");
    CHECK_INT(outcome->rank_rule, TRN_RANK_BY_VALUE);
    CHECK_INT(outcome->inferred_value_count, 2);
    CHECK_INT(outcome->column_count, 5);
    CHECK_INT(column_of(schema, "dose_events", "medication_id")->unit, TRN_UNIT_EXISTENCE);
    CHECK(column_of(schema, "dose_events", "slot")->immutable);
    CHECK(table_of(schema, "users")->server_owned_units[3]);
    CHECK_INT(table_of(schema, "prescriptions")->unit_count, 4);
    CHECK_INT(table_of(schema, "medications")->unit_count, 3);
    trn_schema_free(schema);
}

/* A dose taken as needed is inserted as taken: its schedule is a person's act. All other schedules
 * are a rule's. */
TEST(the_schedule_of_a_dose_is_inferred_unless_it_is_inserted_as_taken)
{
    struct trn_schema *schema = documents_dastern();
    const struct trn_table *doses = table_of(schema, "dose_events");
    size_t unit = trn_table_unit(doses, "schedule");
    tern_value values[TRN_COLUMNS_MAX] = {0};

    values[trn_table_column(doses, "scheduled_time")] = tern_value_integer(5);
    values[trn_table_column(doses, "status")] = tern_value_text("DUE");
    CHECK_INT(trn_change_rank(doses, unit, values, false, false, true), TRN_RANK_0_INFERRED);
    values[trn_table_column(doses, "status")] = tern_value_text("TAKEN_ON_TIME");
    CHECK_INT(trn_change_rank(doses, unit, values, false, false, true), TRN_RANK_1_RECORDED);
    CHECK_INT(trn_change_rank(doses, unit, values, false, false, false), TRN_RANK_0_INFERRED);
    trn_schema_free(schema);
}

TEST(dastern_s_scopes_lead_to_the_people_concerned)
{
    struct trn_schema *schema = documents_dastern();
    const struct trn_table *family = table_of(schema, "family_members");
    const struct trn_scope_path *path;

    CHECK_INT(table_of(schema, "users")->scopes[0].hop_count, 0);
    CHECK_INT(table_of(schema, "connections")->scope_count, 2);
    CHECK(table_of(schema, "connections")->any_scope_writes);
    CHECK_INT(family->scope_count, 2);
    CHECK(!family->any_scope_writes);
    path = &family->scopes[0];
    CHECK_INT(path->hop_count, 2);
    CHECK_INT(path->tables[1], table_of(schema, "subscriptions")->index);
    CHECK_INT(path->columns[1], trn_table_column(table_of(schema, "subscriptions"), "user_id"));
    path = &table_of(schema, "medications")->scopes[0];
    CHECK_INT(path->tables[1], table_of(schema, "prescriptions")->index);
    CHECK(column_of(schema, "prescriptions", "patient_id")->immutable);
    CHECK_INT(table_of(schema, "sync_audit")->scopes[0].hop_count, 1);
    trn_schema_free(schema);
}

TEST(dastern_opens_a_patient_s_record_to_a_connected_doctor)
{
    struct trn_schema *schema = documents_dastern();
    const struct trn_grant *grant = &schema->grants[0];

    CHECK_INT(schema->grant_count, 1);
    CHECK_INT(grant->table, table_of(schema, "connections")->index);
    CHECK_INT(grant->when_count, 2);
    CHECK_TEXT(grant->subject_role, "PATIENT");
    CHECK_INT(grant->holder_count, 2);
    CHECK_TEXT(grant->holders[0].role, "DOCTOR");
    CHECK_INT(grant->holders[0].write_count, 5);
    CHECK_INT(grant->holders[1].write_count, 0);
    trn_schema_free(schema);
}

TEST(dastern_keeps_credentials_on_the_server)
{
    struct trn_schema *schema = documents_dastern();
    struct trn_bytes replica = {0};
    struct trn_bytes server = {0};

    CHECK_INT(table_of(schema, "users")->server_column_count, 4);
    CHECK_INT(table_of(schema, "audit_logs")->server_column_count, 1);
    CHECK_TEXT(table_of(schema, "audit_logs")->server_columns[0].name, "synced_at");
    CHECK(table_of(schema, "audit_logs")->server_columns[0].is_arrival);
    CHECK(trn_schema_ddl(schema, TRN_DIALECT_REPLICA, &replica, NULL) == TERN_OK);
    CHECK(trn_schema_ddl(schema, TRN_DIALECT_SERVER_SQLITE, &server, NULL) == TERN_OK);
    CHECK(strstr(trn_bytes_text(&replica), "password_hash") == NULL);
    CHECK(strstr(trn_bytes_text(&server), "password_hash") != NULL);
    trn_bytes_free(&replica);
    trn_bytes_free(&server);
    trn_schema_free(schema);
}

TEST(dastern_keeps_ninety_days_of_doses_on_a_device)
{
    struct trn_schema *schema = documents_dastern();
    const struct trn_table *doses = table_of(schema, "dose_events");

    CHECK_INT(doses->window_days, 90);
    CHECK_INT(doses->window_column, trn_table_column(doses, "scheduled_time"));
    CHECK(table_of(schema, "audit_logs")->append_only);
    CHECK(table_of(schema, "prescription_versions")->append_only);
    CHECK_INT(table_of(schema, "subscriptions")->write_rule, TRN_WRITE_SERVER);
    trn_schema_free(schema);
}

TEST(sqlite_takes_the_replica_s_tables)
{
    struct trn_schema *schema = documents_dastern();
    sqlite3 *db = documents_replica(schema);

    CHECK_INT(documents_number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), 14);
    CHECK_INT(documents_number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"),
              42);
    CHECK_INT(documents_number(db,
                               "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name "
                               "NOT LIKE 'sqlite_%' AND tbl_name <> 'sync_audit'"),
              39);
    CHECK_INT(documents_number(db,
                               "SELECT count(*) FROM sqlite_schema s, "
                               "pragma_foreign_key_list(s.name) WHERE s.type = 'table'"),
              6);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

TEST(sqlite_takes_the_server_s_tables)
{
    struct trn_schema *schema = documents_dastern();
    sqlite3 *db = documents_database();
    struct trn_bytes ddl = {0};

    CHECK(trn_schema_ddl(schema, TRN_DIALECT_SERVER_SQLITE, &ddl, NULL) == TERN_OK);
    documents_run(db, trn_bytes_text(&ddl));
    CHECK_INT(documents_number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), 0);
    CHECK_INT(documents_number(db,
                               "SELECT count(*) FROM sqlite_schema s, "
                               "pragma_foreign_key_list(s.name) WHERE s.type = 'table'"),
              18);
    trn_bytes_free(&ddl);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    trn_schema_free(schema);
}

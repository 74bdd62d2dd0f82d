/* Typed row calls: each code, and that a call that fails leaves the transaction as it was. */
#include "tests/unit/api/fixture.h"

#include <string.h>

static const char *path;
static tern_replica *replica;
static tern_tx *tx;

static void begin(unsigned doses)
{
    path = fixture_path();
    replica = fixture_open(path);
    fixture_patient(replica, doses);
    tx = fixture_begin(replica, false);
}

static void end(void)
{
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    tern_replica_close(replica);
}

static tern_status insert_user(const char *column, tern_value value)
{
    const tern_cell cells[] = {{"role", tern_value_text("DOCTOR")}, {column, value}};
    tern_error error = {0};
    tern_status status = tern_row_insert(tx, "users", cells, 2, NULL, &error);

    CHECK_INT(error.status, status);
    CHECK((status != TERN_OK) == (error.message[0] != '\0'));
    return status;
}

TEST(an_insert_says_what_is_wrong_with_a_cell)
{
    tern_id id = fixture_id(1);

    begin(0);
    CHECK_INT(insert_user("nonsense", tern_value_null()), TERN_ERR_UNKNOWN_COLUMN);
    CHECK_INT(insert_user("updated_at", tern_value_integer(1)), TERN_ERR_UNKNOWN_COLUMN);
    CHECK_INT(insert_user("first_name", tern_value_integer(1)), TERN_ERR_TYPE);
    CHECK_INT(insert_user("role", tern_value_null()), TERN_ERR_NOT_NULL);
    CHECK_INT(insert_user("role", tern_value_text("NOBODY")), TERN_ERR_ENUM);
    CHECK_INT(insert_user("email", tern_value_text("nobody")), TERN_ERR_FORMAT);
    CHECK_INT(insert_user("phone_number", tern_value_text("012345678901234567890123")),
              TERN_ERR_LENGTH);
    CHECK_INT(insert_user("grace_period_minutes", tern_value_integer(100000)), TERN_ERR_RANGE);
    CHECK_INT(insert_user("id", tern_value_text("short")), TERN_ERR_TYPE);
    CHECK_INT(insert_user("id", tern_value_id(&id)), TERN_ERR_EXISTS);
    CHECK_INT(insert_user("email", tern_value_text("a@example.org")), TERN_OK);
    CHECK_INT(insert_user("email", tern_value_text("a@example.org")), TERN_ERR_UNIQUE);
    CHECK_INT(tern_row_insert(tx, "nowhere", NULL, 0, NULL, NULL), TERN_ERR_UNKNOWN_TABLE);
    end();
}

TEST(an_id_is_derived_taken_or_minted)
{
    size_t count = 0;
    const tern_cell *dose;
    tern_cell cells[9];
    tern_id given = fixture_id(50);
    tern_id id;
    tern_id expected;

    begin(0);
    dose = fixture_dose(4, &count);
    CHECK_INT(tern_row_insert(tx, "dose_events", dose, count, &id, NULL), TERN_OK);
    expected = fixture_dose_id(replica, 4);
    CHECK(memcmp(&id, &expected, sizeof(id)) == 0);
    CHECK_INT(tern_row_insert(tx, "dose_events", dose, count, NULL, NULL), TERN_ERR_EXISTS);
    dose = fixture_dose(5, &count);
    memcpy(cells, dose, count * sizeof(*dose));
    cells[8] = (tern_cell){"id", tern_value_id(&given)};
    CHECK_INT(tern_row_insert(tx, "dose_events", cells, 9, NULL, NULL), TERN_ERR_NATURAL_KEY);
    cells[0] = (tern_cell){"role", tern_value_text("DOCTOR")};
    cells[1] = (tern_cell){"id", tern_value_id(&given)};
    CHECK_INT(tern_row_insert(tx, "users", cells, 2, &id, NULL), TERN_OK);
    CHECK(memcmp(&id, &given, sizeof(id)) == 0);
    CHECK_INT(tern_row_insert(tx, "users", cells, 1, &id, NULL), TERN_OK);
    CHECK_INT(id.bytes[6] >> 4, 7);
    end();
}

TEST(a_row_reads_back_whole_and_outlives_its_transaction)
{
    tern_id id = fixture_id(1);
    tern_row *row = NULL;
    tern_value value = {0};

    begin(0);
    CHECK_INT(tern_row_get(tx, "users", &id, &row, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(tern_row_value(row, "role", &value, NULL), TERN_OK);
    CHECK(value.kind == TERN_TEXT && value.size == 7 && memcmp(value.data, "PATIENT", 7) == 0);
    CHECK_INT(tern_row_value(row, "id", &value, NULL), TERN_OK);
    CHECK(memcmp(value.data, &id, sizeof(id)) == 0);
    CHECK_INT(tern_row_value(row, "deleted_at", &value, NULL), TERN_OK);
    CHECK(value.kind == TERN_NULL);
    CHECK_INT(tern_row_value(row, "updated_at", &value, NULL), TERN_OK);
    CHECK(value.integer > 0);
    CHECK_INT(tern_row_value(row, "tern_v", &value, NULL), TERN_ERR_UNKNOWN_COLUMN);
    tern_row_free(row);
    tern_replica_close(replica);
}

TEST(an_update_changes_its_cells_alone)
{
    tern_id id = fixture_id(1);
    tern_id nobody = fixture_id(99);
    const tern_cell name[] = {{"first_name", tern_value_text("patient")}};
    const tern_cell bad[] = {{"email", tern_value_text("x")}};
    const tern_cell created[] = {{"created_at", tern_value_integer(1)}};
    const tern_cell own_id[] = {{"id", tern_value_id(&nobody)}};

    begin(0);
    CHECK_INT(tern_row_update(tx, "users", &id, name, 1, NULL), TERN_OK);
    CHECK_INT(tern_row_update(tx, "users", &nobody, name, 1, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(tern_row_update(tx, "users", &id, bad, 1, NULL), TERN_ERR_FORMAT);
    CHECK_INT(tern_row_update(tx, "users", &id, created, 1, NULL), TERN_ERR_IMMUTABLE);
    CHECK_INT(tern_row_update(tx, "users", &id, own_id, 1, NULL), TERN_ERR_IMMUTABLE);
    CHECK_INT(tern_row_update(tx, "users", &id, NULL, 0, NULL), TERN_OK);
    end();
    CHECK(strstr(fixture_entry(path, 0), "\"patient\"") != NULL);
    CHECK_INT(fixture_outside_number(path, "SELECT changes FROM tern_outbox WHERE ordinal = 2"), 1);
}

TEST(append_only_rows_are_inserted_and_no_more)
{
    const tern_cell cells[] = {{"actor_role", tern_value_text("PATIENT")},
                               {"action_type", tern_value_text("DOSE_TAKEN")},
                               {"resource_type", tern_value_text("dose_events")}};
    tern_id id;

    begin(0);
    CHECK_INT(tern_row_insert(tx, "audit_logs", cells, 3, &id, NULL), TERN_OK);
    CHECK_INT(tern_row_update(tx, "audit_logs", &id, cells, 1, NULL), TERN_ERR_APPEND_ONLY);
    CHECK_INT(tern_row_delete(tx, "audit_logs", &id, NULL), TERN_ERR_APPEND_ONLY);
    end();
}

TEST(a_deleted_rows_keys_are_free_until_it_comes_back)
{
    const tern_cell email[] = {{"email", tern_value_text("a@example.org")}};
    tern_id id = fixture_id(1);

    begin(0);
    CHECK_INT(tern_row_update(tx, "users", &id, email, 1, NULL), TERN_OK);
    CHECK_INT(tern_row_delete(tx, "users", &id, NULL), TERN_OK);
    CHECK_INT(tern_row_update(tx, "users", &id, email, 1, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(insert_user("email", tern_value_text("a@example.org")), TERN_OK);
    CHECK_INT(tern_row_undelete(tx, "users", &id, NULL), TERN_ERR_UNIQUE);
    CHECK_INT(insert_user("id", tern_value_id(&id)), TERN_ERR_EXISTS);
    end();
}

TEST(a_transaction_is_its_threads_and_one_at_a_time)
{
    tern_tx *second = NULL;
    uint64_t kept = 77;

    begin(0);
    CHECK_INT(tern_tx_begin(replica, NULL, &second, NULL), TERN_ERR_MISUSE);
    CHECK(second == NULL);
    CHECK_INT(tern_tx_commit(tx, &kept, NULL), TERN_OK);
    CHECK_INT(kept, 0);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_ERR_MISUSE);
    CHECK_INT(tern_row_insert(tx, "users", NULL, 0, NULL, NULL), TERN_ERR_MISUSE);
    tern_tx_rollback(tx);
    CHECK_INT(tern_tx_commit(NULL, NULL, NULL), TERN_ERR_MISUSE);
    tern_tx_rollback(NULL);
    tern_replica_close(replica);
}

TEST(a_rolled_back_transaction_leaves_nothing)
{
    begin(0);
    CHECK_INT(insert_user("email", tern_value_text("a@example.org")), TERN_OK);
    tern_tx_rollback(tx);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM users"), 1);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM tern_outbox"), 1);
    tern_replica_close(replica);
}

TEST(closing_rolls_an_open_transaction_back)
{
    begin(0);
    CHECK_INT(insert_user("email", tern_value_text("a@example.org")), TERN_OK);
    tern_replica_close(replica);
    CHECK_INT(fixture_outside_number(path, "SELECT count(*) FROM users"), 1);
}

TEST(changes_are_counted_by_table_after_the_commit)
{
    uint64_t users = 9;
    uint64_t doses = 9;

    begin(0);
    CHECK_INT(tern_replica_changes(replica, "users", &users, NULL), TERN_OK);
    CHECK_INT(users, 1); /* the patient */
    CHECK_INT(insert_user("email", tern_value_text("a@example.org")), TERN_OK);
    CHECK_INT(tern_replica_changes(replica, "users", &users, NULL), TERN_OK);
    CHECK_INT(users, 1);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
    CHECK_INT(tern_replica_changes(replica, "users", &users, NULL), TERN_OK);
    CHECK_INT(users, 2);
    CHECK_INT(tern_replica_changes(replica, "dose_events", &doses, NULL), TERN_OK);
    CHECK_INT(doses, 0);
    CHECK_INT(tern_replica_changes(replica, "nowhere", &doses, NULL), TERN_ERR_UNKNOWN_TABLE);
    tern_replica_close(replica);
}

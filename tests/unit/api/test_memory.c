/* Whichever allocation fails, a call works or says so, and nothing is half done or leaked. */
#include "tests/unit/api/fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *path;

static tern_replica_options small_options(void)
{
    static tern_ports ports;
    tern_replica_options options = fixture_options();

    ports = *fixture_ports();
    ports.vfs = fixture_vfs();
    options.ports = &ports;
    options.schema = fixture_small_document();
    options.schema_size = strlen(options.schema);
    return options;
}

static tern_replica *open_small(void)
{
    tern_replica_options options = small_options();
    tern_replica *replica = NULL;
    tern_error error = {0};

    if (tern_replica_open(path, &options, &replica, &error) != TERN_OK) {
        fail_msg("%s: %s", tern_status_code(error.status), error.message);
    }
    return replica;
}

/* SQLite's file layer calls some of them an I/O error. */
static bool is_clean(tern_status status, const tern_error *error)
{
    if (status != TERN_OK && status != TERN_ERR_NOMEM && status != TERN_ERR_IO) {
        print_message("%s: %s\n", tern_status_code(status), error->message);
        return false;
    }
    return true;
}

/* What stands in a file, up to the size of a whole new replica; 0 for one that is not there. */
static size_t read_file(const char *from, char *ret_bytes, size_t size)
{
    FILE *file = fopen(from, "rb");
    size_t got = file == NULL ? 0 : fread(ret_bytes, 1, size, file);

    if (file != NULL) {
        (void)fclose(file);
    }
    return got;
}

static bool is_there(const char *suffix)
{
    char name[1100];

    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    return access(name, F_OK) == 0;
}

/* Whatever an attempt left can be opened. A failure leaves one of few files; each is tried once. */
static void check_what_is_left(void)
{
    static char last[1 << 20];
    static char bytes[sizeof(last)];
    static size_t last_size = SIZE_MAX;
    const size_t size = read_file(path, bytes, sizeof(bytes));

    if (size == last_size && memcmp(bytes, last, size) == 0 && !is_there("-wal") &&
        !is_there("-journal")) {
        return;
    }
    memcpy(last, bytes, size);
    last_size = size;
    tern_replica_close(open_small());
}

TEST(creating_a_replica)
{
    path = fixture_path();
    (void)small_options(); /* registers its VFS */
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_replica_options options = small_options();
        tern_replica *replica = NULL;
        tern_error error = {0};
        tern_status status = tern_replica_open(path, &options, &replica, &error);

        harness_fault_suspend();
        CHECK(is_clean(status, &error));
        CHECK((status == TERN_OK) == (replica != NULL));
        tern_replica_close(replica);
        check_what_is_left();
        (void)remove(path);
        harness_fault_resume();
    }
}

TEST(opening_a_replica)
{
    path = fixture_path();
    tern_replica_close(open_small());
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_replica_options options = small_options();
        tern_replica *replica = NULL;
        tern_error error = {0};
        tern_status status = tern_replica_open(path, &options, &replica, &error);

        CHECK(is_clean(status, &error));
        CHECK((status == TERN_OK) == (replica != NULL));
        tern_replica_close(replica);
    }
}

static const tern_cell *dose(void)
{
    static tern_id user;
    static tern_cell cells[2];

    user = fixture_id(1);
    cells[0] = (tern_cell){"user_id", tern_value_id(&user)};
    cells[1] = (tern_cell){"slot", tern_value_text("MORNING")};
    return cells;
}

/* A transaction of every kind of change, rows touched twice among them. */
static tern_status change_all(tern_replica *replica, tern_tx *tx, tern_error *error)
{
    tern_id user = fixture_id(1);
    tern_id id;
    const tern_cell name[] = {{"name", tern_value_text("patient")}};
    const tern_cell theme[] = {{"theme", tern_value_text("DARK")}};
    const char *sql = "UPDATE users SET name = 'Chan' WHERE role = 'PATIENT'";
    tern_statement *statement = NULL;
    bool row = false;
    tern_status status = tern_row_insert(tx, "doses", dose(), 2, &id, error);

    if (status == TERN_OK) {
        status = tern_row_update(tx, "users", &user, name, 1, error);
    }
    if (status == TERN_OK) {
        status = tern_row_undo(tx, "users", &user, theme, 1, error);
    }
    if (status == TERN_OK) {
        status = tern_statement_prepare(replica, sql, strlen(sql), &statement, error);
    }
    if (status == TERN_OK) {
        status = tern_statement_step(statement, &row, error);
    }
    tern_statement_free(statement);
    if (status == TERN_OK) {
        status = tern_row_delete(tx, "doses", &id, error);
    }
    if (status == TERN_OK) {
        status = tern_row_undelete(tx, "doses", &id, error);
    }
    return status == TERN_OK ? tern_row_delete(tx, "doses", &id, error) : status;
}

static tern_status write_all(tern_replica *replica, tern_error *error)
{
    tern_tx *tx = NULL;
    tern_status status = tern_tx_begin(replica, NULL, &tx, error);

    if (status != TERN_OK) {
        return status;
    }
    status = change_all(replica, tx, error);
    if (status == TERN_OK) {
        return tern_tx_commit(tx, NULL, error);
    }
    tern_tx_rollback(tx);
    return status;
}

/* How many of its changes are there: none or all four. */
static int64_t changes_there(tern_replica *replica)
{
    return fixture_number(
        replica,
        "SELECT (SELECT count(*) FROM users WHERE name = 'Chan') + "
        "(SELECT count(*) FROM users WHERE theme = 'DARK') + "
        "(SELECT count(*) FROM doses) + (SELECT max(ordinal) > 1 FROM tern_outbox)");
}

static void make_user(tern_replica *replica)
{
    tern_id user = fixture_id(1);
    const tern_cell cells[] = {{"id", tern_value_id(&user)}, {"role", tern_value_text("PATIENT")}};
    tern_tx *tx = fixture_begin(replica, false);

    CHECK_INT(tern_row_insert(tx, "users", cells, 2, NULL, NULL), TERN_OK);
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
}

/* A closed replica with one user in it, to be copied. */
static const char *make_template(const char *folder)
{
    tern_replica *replica;

    path = trn_test_path(folder, "template.db");
    replica = open_small();
    make_user(replica);
    tern_replica_close(replica);
    return path;
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    const size_t size = read_file(from, bytes, sizeof(bytes));
    FILE *file = fopen(to, "wb");

    CHECK_INT(fwrite(bytes, 1, size, file), size);
    (void)fclose(file);
}

TEST(a_transaction_of_every_kind_of_change)
{
    const char *folder = trn_test_folder();
    const char *template = make_template(folder);

    path = trn_test_path(folder, "copy.db");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_replica *replica;
        tern_error error = {0};
        tern_status status;

        harness_fault_suspend();
        copy_file(template, path);
        replica = open_small();
        harness_fault_resume();
        status = write_all(replica, &error);
        harness_fault_suspend();
        CHECK(is_clean(status, &error));
        CHECK_INT(changes_there(replica), status == TERN_OK ? 4 : 0);
        tern_replica_close(replica);
        harness_fault_resume();
    }
}

TEST(reading)
{
    tern_replica *replica;

    path = fixture_path();
    replica = open_small();
    make_user(replica);
    FOR_EACH_ALLOC_FAILURE (nth) {
        const char *sql = "SELECT tern_id_text(id), name FROM users";
        tern_id user = fixture_id(1);
        tern_reader *reader = NULL;
        tern_statement *statement = NULL;
        tern_row *read = NULL;
        tern_tx *tx = NULL;
        tern_error error = {0};
        bool row = false;
        tern_status status = tern_reader_open(replica, &reader, &error);

        if (status == TERN_OK) {
            status = tern_reader_begin(reader, &error);
        }
        if (status == TERN_OK) {
            status = tern_reader_prepare(reader, sql, strlen(sql), &statement, &error);
        }
        if (status == TERN_OK) {
            status = tern_statement_step(statement, &row, &error);
        }
        CHECK(is_clean(status, &error));
        tern_statement_free(statement);
        tern_reader_close(reader);
        if (tern_tx_begin(replica, NULL, &tx, &error) == TERN_OK) {
            status = tern_row_get(tx, "users", &user, &read, &error);
            CHECK(is_clean(status, &error));
            CHECK((status == TERN_OK) == (read != NULL));
            tern_row_free(read);
            tern_tx_rollback(tx);
        }
    }
    tern_replica_close(replica);
}

/* What a call of a transaction said, and what it may still say. */
struct said {
    tern_status first; /* the first failure; TERN_OK: none yet */
    char sentence[TERN_ERROR_MESSAGE_BYTES];
};

/* Once memory ran out a call works, where the transaction stands, or tells that very story. */
static void hear(struct said *said, tern_status status, const tern_error *error)
{
    if (said->first != TERN_OK && status != TERN_OK) {
        CHECK_INT(status, said->first);
        CHECK(error->message[0] != 0);
    }
    if (said->first == TERN_OK && status != TERN_OK) {
        CHECK(is_clean(status, error));
        said->first = status;
    }
}

static void hear_statement(tern_replica *replica, const char *sql, struct said *said)
{
    tern_statement *statement = NULL;
    tern_error error = {0};
    bool row = false;
    tern_status status = tern_statement_prepare(replica, sql, strlen(sql), &statement, &error);

    if (status == TERN_OK) {
        hear(said, tern_statement_step(statement, &row, &error), &error);
    } else {
        CHECK(is_clean(status, &error)); /* compiling loses nothing */
    }
    tern_statement_free(statement);
}

static void hear_rows(tern_tx *tx, struct said *said)
{
    tern_id user = fixture_id(1);
    const tern_cell name[] = {{"name", tern_value_text("Chan")}};
    tern_row *read = NULL;
    tern_error error = {0};
    tern_error later = {0};

    hear(said, tern_row_get(tx, "users", &user, &read, &error), &error);
    tern_row_free(read);
    hear(said, tern_row_update(tx, "users", &user, name, 1, &later), &later);
}

TEST(calls_on_a_transaction_that_ran_out_of_memory_tell_that_and_no_other_story)
{
    const char *folder = trn_test_folder();
    const char *template = make_template(folder);

    path = trn_test_path(folder, "copy.db");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_replica *replica;
        tern_tx *tx;
        struct said said = {.first = TERN_OK};
        tern_error error = {0};
        tern_status committed;

        harness_fault_suspend();
        copy_file(template, path);
        replica = open_small();
        tx = fixture_begin(replica, false);
        harness_fault_resume();
        hear_statement(replica, "UPDATE users SET theme = 'DARK'", &said);
        hear_statement(replica, "SELECT group_concat(name) FROM users ORDER BY name", &said);
        hear_rows(tx, &said);
        hear_statement(replica, "SELECT count(*) FROM users", &said);
        hear_statement(replica, "UPDATE users SET theme = 'LIGHT'", &said);
        committed = tern_tx_commit(tx, NULL, &error);
        hear(&said, committed, &error);
        harness_fault_suspend();
        CHECK(committed == TERN_OK || said.first == committed);
        tern_replica_close(replica);
        harness_fault_resume();
    }
}

/* The first cell of the next row: 1, 2 or 3, and 0 without one. */
static int64_t step_to(tern_statement *statement, tern_status *ret_status, tern_error *error)
{
    bool row = false;

    *ret_status = tern_statement_step(statement, &row, error);
    return *ret_status == TERN_OK && row ? tern_statement_value(statement, 0).integer : 0;
}

TEST(a_statement_is_whole_after_a_reset_whatever_failed_before)
{
    const char *sql = "SELECT value FROM json_each('[1,2,3]') WHERE ?1 = 'kh' AND ?2 = x'00FF'";
    tern_replica *replica;

    path = fixture_path();
    replica = open_small();
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_statement *statement = NULL;
        tern_error error = {0};
        tern_status status = tern_statement_prepare(replica, sql, strlen(sql), &statement, &error);
        tern_status stepped = TERN_OK;

        CHECK(is_clean(status, &error));
        CHECK((status == TERN_OK) == (statement != NULL));
        if (statement == NULL) {
            continue;
        }
        status = tern_statement_bind(statement, 1, tern_value_text("kh"), &error);
        CHECK(is_clean(status, &error));
        if (status == TERN_OK) {
            status = tern_statement_bind(statement, 2, tern_value_blob("\0\xFF", 2), &error);
            CHECK(is_clean(status, &error));
        }
        if (status == TERN_OK) {
            CHECK(step_to(statement, &stepped, &error) == (stepped == TERN_OK ? 1 : 0));
            CHECK(is_clean(stepped, &error));
        }
        tern_statement_reset(statement);

        harness_fault_suspend();
        CHECK_INT(tern_statement_bind(statement, 1, tern_value_text("kh"), NULL), TERN_OK);
        CHECK_INT(tern_statement_bind(statement, 2, tern_value_blob("\0\xFF", 2), NULL), TERN_OK);
        for (int64_t row = 1; row <= 3; row++) {
            CHECK_INT(step_to(statement, &stepped, NULL), row);
        }
        CHECK_INT(step_to(statement, &stepped, NULL), 0);
        CHECK_INT(stepped, TERN_OK);
        harness_fault_resume();
        tern_statement_free(statement);
    }
    tern_replica_close(replica);
}

/* SQLite makes the bytes of a zeroblob as they are asked for. */
static void read_zeroes(tern_replica *replica, const char *sql, size_t size)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_statement *statement = NULL;
        tern_error error = {0};
        bool row = false;
        tern_status status = tern_statement_prepare(replica, sql, strlen(sql), &statement, &error);

        if (status == TERN_OK) {
            status = tern_statement_step(statement, &row, &error);
        }
        CHECK(is_clean(status, &error));
        if (status == TERN_OK) {
            tern_value cell = tern_statement_value(statement, 0);

            CHECK(row && cell.kind != TERN_NULL);
            CHECK_INT(cell.size, size);
            CHECK_INT(((const char *)cell.data)[size - 1], cell.kind == TERN_TEXT ? '0' : 0);
        }
        tern_statement_free(statement);
    }
}

TEST(a_blob_of_zeroes_is_read_whole_or_says_that_memory_ran_out)
{
    tern_replica *replica;

    path = fixture_path();
    replica = open_small();
    read_zeroes(replica, "SELECT zeroblob(100000)", 100000);
    read_zeroes(replica, "SELECT tern_id_text(zeroblob(16))", 36);
    tern_replica_close(replica);
}

/* Reading a cell of a row that was read, and a counter, asks for no memory. */
TEST(what_was_read_is_told_without_memory)
{
    tern_replica *replica;
    tern_tx *tx;
    tern_row *row = NULL;
    tern_id user = fixture_id(1);

    path = fixture_path();
    replica = fixture_open(path);
    fixture_patient(replica, 1);
    tx = fixture_begin(replica, false);
    CHECK_INT(tern_row_get(tx, "users", &user, &row, NULL), TERN_OK);
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_value name = tern_value_null();
        uint64_t count = 0;

        CHECK_INT(tern_row_value(row, "role", &name, NULL), TERN_OK);
        CHECK_INT(name.kind, TERN_TEXT);
        CHECK_INT(tern_replica_changes(replica, "users", &count, NULL), TERN_OK);
        CHECK(count > 0 && !harness_fault_injected());
    }
    tern_row_free(row);
    tern_tx_rollback(tx);
    tern_replica_close(replica);
}

/* The replica of fixture.h. */
#include "tests/unit/api/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture_clock fixture_clock = {.wall_us = INT64_C(1763600000000000), .step_us = 1000000};

static int64_t wall_us(void *context)
{
    (void)context;
    fixture_clock.wall_us += fixture_clock.step_us;
    return fixture_clock.wall_us;
}

static int64_t monotonic_us(void *context)
{
    (void)context;
    return fixture_clock.wall_us / 2;
}

static void boot_id(void *context, tern_id *ret_id)
{
    (void)context;
    *ret_id = fixture_id(9999);
}

static bool fill(void *context, void *buffer, size_t size)
{
    static uint64_t state = 88172645463325252U;
    uint8_t *at = buffer;

    (void)context;
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        at[i] = (uint8_t)(state >> 24);
    }
    return true;
}

const tern_ports *fixture_ports(void)
{
    static const tern_ports ports = {
        .size = sizeof(ports),
        .clock = {.wall_us = wall_us, .monotonic_us = monotonic_us, .boot_id = boot_id},
        .random = {.fill = fill}};

    return &ports;
}

int64_t fixture_disk_left = -1;

/* The default VFS has several sets of methods: one each for files that are locked and not. */
enum { METHODS_MAX = 4 };

static sqlite3_vfs *base_vfs;
static sqlite3_io_methods patched[METHODS_MAX];
static const sqlite3_io_methods *originals[METHODS_MAX];

static int no_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return SQLITE_OK;
}

static int limited_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    if (fixture_disk_left >= 0 && fixture_disk_left < size) {
        return SQLITE_FULL;
    }
    fixture_disk_left -= fixture_disk_left > 0 ? size : 0;
    return originals[file->pMethods - patched]->xWrite(file, data, size, offset);
}

static void patch(sqlite3_file *file)
{
    size_t at = 0;

    while (at < METHODS_MAX - 1 && originals[at] != NULL && originals[at] != file->pMethods) {
        at++;
    }
    originals[at] = file->pMethods;
    patched[at] = *file->pMethods;
    patched[at].xSync = no_sync;
    patched[at].xWrite = limited_write;
    file->pMethods = &patched[at];
}

static int
open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
    int rc = base_vfs->xOpen(base_vfs, name, file, flags, out_flags);

    (void)vfs;
    if (rc == SQLITE_OK) {
        patch(file);
    }
    return rc;
}

const char *fixture_vfs(void)
{
    static sqlite3_vfs vfs;

    if (vfs.zName == NULL) {
        base_vfs = sqlite3_vfs_find(NULL);
        vfs = *base_vfs;
        vfs.zName = "fixture";
        vfs.xOpen = open_file;
        assert_int_equal(sqlite3_vfs_register(&vfs, 0), SQLITE_OK);
    }
    return vfs.zName;
}

const char *fixture_small_document(void)
{
    return "{\"tern\":1,\"name\":\"small\",\"version\":1,\"minimum_version\":1,"
           "\"users\":{\"table\":\"users\",\"role\":\"role\"},"
           "\"enums\":[{\"name\":\"Role\",\"values\":[\"PATIENT\",\"DOCTOR\"]}],"
           "\"tables\":[{\"name\":\"users\",\"columns\":["
           "{\"name\":\"role\",\"type\":\"enum\",\"enum\":\"Role\"},"
           "{\"name\":\"name\",\"type\":\"text\",\"length\":50,\"nullable\":true},"
           "{\"name\":\"theme\",\"type\":\"text\",\"length\":20,\"default\":\"LIGHT\"}],"
           "\"units\":[{\"name\":\"profile\",\"columns\":[\"role\",\"name\"]},"
           "{\"name\":\"settings\",\"columns\":[\"theme\"]}],\"scopes\":[\"id\"]},"
           "{\"name\":\"doses\",\"columns\":["
           "{\"name\":\"user_id\",\"type\":\"uuid\",\"references\":{\"table\":\"users\","
           "\"on_delete\":\"cascade\"}},"
           "{\"name\":\"slot\",\"type\":\"text\",\"length\":20},"
           "{\"name\":\"status\",\"type\":\"text\",\"length\":20,\"default\":\"DUE\"}],"
           "\"natural_key\":[\"user_id\",\"slot\"],\"scopes\":[\"user_id\"],"
           "\"indexes\":[{\"columns\":[\"user_id\"]}]}]}";
}

const char *fixture_document(size_t *ret_size)
{
    static char document[128 * 1024];
    static size_t size;

    if (size == 0) {
        FILE *file = fopen(TERN_SOURCE_DIR "/schemas/dastern.json", "rb");

        if (file == NULL) {
            fail_msg("schemas/dastern.json is not there");
        }
        size = fread(document, 1, sizeof(document), file);
        (void)fclose(file);
    }
    *ret_size = size;
    return document;
}

tern_replica_options fixture_options(void)
{
    tern_replica_options options = {.size = sizeof(options), .user = fixture_id(1)};

    options.schema = fixture_document(&options.schema_size);
    options.ports = fixture_ports();
    options.busy_timeout_ms = 50;
    return options;
}

tern_id fixture_id(unsigned number)
{
    tern_id id = {{0}};

    memcpy(id.bytes, "api-fixture-", 12);
    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

const char *fixture_path(void)
{
    return trn_test_path(trn_test_folder(), "replica.db");
}

tern_replica *fixture_open(const char *path)
{
    tern_replica_options options = fixture_options();
    tern_replica *replica = NULL;
    tern_error error = {0};

    if (tern_replica_open(path, &options, &replica, &error) != TERN_OK) {
        fail_msg("%s: %s", tern_status_code(error.status), error.message);
    }
    return replica;
}

tern_status fixture_sql(tern_replica *replica, const char *sql, tern_error *error)
{
    tern_statement *statement = NULL;
    bool row = true;
    tern_status status = tern_statement_prepare(replica, sql, strlen(sql), &statement, error);

    while (status == TERN_OK && row) {
        status = tern_statement_step(statement, &row, error);
    }
    tern_statement_free(statement);
    return status;
}

void fixture_run(tern_replica *replica, const char *sql)
{
    tern_error error = {0};

    if (fixture_sql(replica, sql, &error) != TERN_OK) {
        fail_msg("%s: %s: %s", sql, tern_status_code(error.status), error.message);
    }
}

int64_t fixture_number(tern_replica *replica, const char *sql)
{
    tern_statement *statement = NULL;
    tern_error error = {0};
    bool row = false;
    int64_t number;

    if (tern_statement_prepare(replica, sql, strlen(sql), &statement, &error) != TERN_OK ||
        tern_statement_step(statement, &row, &error) != TERN_OK || !row) {
        fail_msg("%s: %s: %s", sql, tern_status_code(error.status), error.message);
    }
    number = tern_statement_value(statement, 0).integer;
    tern_statement_free(statement);
    return number;
}

tern_tx *fixture_begin(tern_replica *replica, bool inferred)
{
    tern_tx_options options = {.size = sizeof(options), .inferred = inferred};
    tern_tx *tx = NULL;

    assert_int_equal(tern_tx_begin(replica, &options, &tx, NULL), TERN_OK);
    return tx;
}

static void insert(tern_tx *tx, const char *table, const tern_cell *cells, size_t count)
{
    tern_error error = {0};

    if (tern_row_insert(tx, table, cells, count, NULL, &error) != TERN_OK) {
        fail_msg("%s: %s", tern_status_code(error.status), error.message);
    }
}

const tern_cell *fixture_dose(unsigned day, size_t *ret_count)
{
    static tern_id patient;
    static tern_id prescription;
    static tern_id medication;
    static char date[32];
    static tern_cell cells[8];

    patient = fixture_id(1);
    prescription = fixture_id(2);
    medication = fixture_id(3);
    (void)snprintf(date,
                   sizeof(date),
                   "%04u-%02u-%02u",
                   2025 + day / 336,
                   1 + day / 28 % 12,
                   1 + day % 28);
    cells[0] = (tern_cell){"prescription_id", tern_value_id(&prescription)};
    cells[1] = (tern_cell){"medication_id", tern_value_id(&medication)};
    cells[2] = (tern_cell){"patient_id", tern_value_id(&patient)};
    cells[3] = (tern_cell){"scheduled_time",
                           tern_value_integer(INT64_C(1763600000000000) + day * 86400000000)};
    cells[4] = (tern_cell){"local_date", tern_value_text(date)};
    cells[5] = (tern_cell){"slot", tern_value_text("MORNING")};
    cells[6] = (tern_cell){"time_period", tern_value_text("DAYTIME")};
    cells[7] = (tern_cell){"grace_minutes", tern_value_integer(30)};
    *ret_count = 8;
    return cells;
}

void fixture_patient(tern_replica *replica, unsigned doses)
{
    tern_id user = fixture_id(1);
    tern_id prescription = fixture_id(2);
    tern_id medication = fixture_id(3);
    const tern_cell users[] = {{"id", tern_value_id(&user)}, {"role", tern_value_text("PATIENT")}};
    const tern_cell prescriptions[] = {{"id", tern_value_id(&prescription)},
                                       {"patient_id", tern_value_id(&user)},
                                       {"patient_name", tern_value_text("a patient")}};
    const tern_cell medications[] = {{"id", tern_value_id(&medication)},
                                     {"prescription_id", tern_value_id(&prescription)},
                                     {"row_number", tern_value_integer(1)},
                                     {"medicine_name", tern_value_text("a medicine")}};
    tern_tx *tx = fixture_begin(replica, false);

    insert(tx, "users", users, 2);
    insert(tx, "prescriptions", prescriptions, 3);
    insert(tx, "medications", medications, 4);
    for (unsigned day = 0; day < doses; day++) {
        size_t count = 0;
        const tern_cell *cells = fixture_dose(day, &count);

        insert(tx, "dose_events", cells, count);
    }
    assert_int_equal(tern_tx_commit(tx, NULL, NULL), TERN_OK);
}

tern_id fixture_dose_id(tern_replica *replica, unsigned day)
{
    tern_statement *statement = NULL;
    tern_id id = {{0}};
    tern_value value;
    bool row = false;
    size_t count = 0;
    const tern_cell *cells = fixture_dose(day, &count);
    const char *sql = "SELECT tern_key('dose_events', ?1, ?2, 'MORNING')";

    assert_int_equal(tern_statement_prepare(replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    assert_int_equal(tern_statement_bind(statement, 1, cells[1].value, NULL), TERN_OK);
    assert_int_equal(tern_statement_bind(statement, 2, cells[4].value, NULL), TERN_OK);
    assert_int_equal(tern_statement_step(statement, &row, NULL), TERN_OK);
    value = tern_statement_value(statement, 0);
    assert_int_equal(value.size, sizeof(id.bytes));
    memcpy(id.bytes, value.data, sizeof(id.bytes));
    tern_statement_free(statement);
    return id;
}

const char *fixture_entry(const char *path, int64_t ordinal)
{
    static char text[1 << 20];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;

    text[0] = '\0';
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT cast(coalesce(o.body, b.body) AS TEXT) FROM tern_outbox AS o "
                           "LEFT JOIN tern_body AS b USING (ordinal) WHERE ordinal = CASE ?1 "
                           "WHEN 0 THEN (SELECT max(ordinal) FROM tern_outbox) ELSE ?1 END",
                           -1,
                           &stmt,
                           NULL),
        SQLITE_OK);
    (void)sqlite3_bind_int64(stmt, 1, ordinal);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        (void)snprintf(text, sizeof(text), "%s", (const char *)sqlite3_column_text(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return text;
}

int fixture_outside(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    (void)sqlite3_close(db);
    return rc;
}

int64_t fixture_outside_number(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t number = INT64_MIN;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        number = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return number;
}

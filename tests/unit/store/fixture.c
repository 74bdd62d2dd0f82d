/* The small replica of fixture.h. */
#include "tests/unit/store/fixture.h"

#include <sqlite3.h>
#include <string.h>

#define HIDDEN(index)                                                                              \
    ", updated_at INTEGER NOT NULL DEFAULT (tern_stamp()), deleted_at INTEGER, "                   \
    "tern_v ANY NOT NULL DEFAULT (tern_version(" #index "))) STRICT;"
#define GUARDS(table)                                                                              \
    "CREATE TRIGGER tern_guard_insert_" table " BEFORE INSERT ON " table                           \
    " BEGIN SELECT RAISE(ABORT, 'write through the library'); END;"                                \
    "CREATE TRIGGER tern_guard_update_" table " BEFORE UPDATE ON " table                           \
    " BEGIN SELECT RAISE(ABORT, 'write through the library'); END;"                                \
    "CREATE TRIGGER tern_guard_delete_" table " BEFORE DELETE ON " table                           \
    " BEGIN SELECT RAISE(ABORT, 'write through the library'); END;"

static const char ddl[] =
    "CREATE TABLE people(id BLOB NOT NULL PRIMARY KEY, created_at INTEGER NOT NULL "
    "DEFAULT (tern_now()), name TEXT NOT NULL, email TEXT, theme TEXT NOT NULL DEFAULT "
    "'LIGHT' CONSTRAINT beauty CHECK (theme <> 'UGLY')" HIDDEN(
        0) "CREATE UNIQUE INDEX people_email ON people(email) WHERE deleted_at IS NULL;"
           "CREATE TABLE doses(id BLOB NOT NULL PRIMARY KEY, created_at INTEGER NOT NULL "
           "DEFAULT (tern_now()), person_id BLOB NOT NULL REFERENCES people(id) ON DELETE CASCADE "
           "DEFERRABLE INITIALLY DEFERRED, slot TEXT NOT NULL, amount REAL, status TEXT NOT NULL "
           "DEFAULT "
           "'DUE'" HIDDEN(1) "CREATE INDEX doses_person ON doses(person_id);"
                             "CREATE TABLE sync_audit(id BLOB NOT NULL PRIMARY KEY, created_at "
                             "INTEGER NOT NULL "
                             "DEFAULT (tern_now())" HIDDEN(2) GUARDS("people") GUARDS("doses")
                                 GUARDS("sync_audit");

#define COLUMN(text, kind, in_unit)                                                                \
    .name = (text), .server_name = (text), .type = (kind), .unit = (in_unit),                      \
    .target = TRN_NO_TABLE, .since = 1

static const struct trn_column person_columns[PERSON_COLUMNS] = {
    {COLUMN("created_at", TRN_TYPE_TIMESTAMPTZ, 0), .immutable = true},
    {COLUMN("name", TRN_TYPE_TEXT, PERSON_UNIT_PROFILE)},
    {COLUMN("email", TRN_TYPE_TEXT, PERSON_UNIT_PROFILE), .nullable = true},
    {COLUMN("theme", TRN_TYPE_TEXT, PERSON_UNIT_SETTINGS),
     .has_default = true,
     .default_value = {.kind = TERN_TEXT, .data = "LIGHT", .size = 5}},
};
static const uint16_t profile[] = {PERSON_NAME, PERSON_EMAIL};
static const uint16_t settings[] = {PERSON_THEME};
static const uint16_t email_key[] = {PERSON_EMAIL};

#define UNIT(text, list, rule)                                                                     \
    .name = (text), .columns = (list), .column_count = sizeof(list) / sizeof((list)[0]),           \
    .rank_rule = (rule), .recorded_if_column = TRN_NO_COLUMN
#define EXISTENCE                                                                                  \
    {                                                                                              \
        .name = "existence", .rank_column = TRN_NO_COLUMN, .recorded_if_column = TRN_NO_COLUMN     \
    }

static const struct trn_unit person_units[PERSON_UNITS] = {
    EXISTENCE,
    {UNIT("profile", profile, TRN_RANK_RECORDED), .rank_column = TRN_NO_COLUMN},
    {UNIT("settings", settings, TRN_RANK_RECORDED), .rank_column = TRN_NO_COLUMN},
};
static const struct trn_unique person_uniques[] = {{"people_email", email_key, 1}};
static const struct trn_scope_path person_scope = {.hop_count = 0};

static const struct trn_column dose_columns[DOSE_COLUMNS] = {
    {COLUMN("created_at", TRN_TYPE_TIMESTAMPTZ, 0), .immutable = true},
    {.name = "person_id",
     .server_name = "person_id",
     .type = TRN_TYPE_UUID,
     .unit = DOSE_UNIT_SCHEDULE,
     .target = PEOPLE,
     .immutable = true,
     .since = 1},
    {COLUMN("slot", TRN_TYPE_TEXT, DOSE_UNIT_SCHEDULE), .immutable = true},
    {COLUMN("amount", TRN_TYPE_REAL, DOSE_UNIT_OUTCOME), .nullable = true},
    {COLUMN("status", TRN_TYPE_TEXT, DOSE_UNIT_OUTCOME),
     .has_default = true,
     .default_value = {.kind = TERN_TEXT, .data = "DUE", .size = 3}},
};
static const uint16_t schedule[] = {DOSE_PERSON_ID, DOSE_SLOT};
static const uint16_t outcome[] = {DOSE_AMOUNT, DOSE_STATUS};
static const char *const inferred[] = {"DUE", "MISSED"};
static const struct trn_unit dose_units[DOSE_UNITS] = {
    EXISTENCE,
    {UNIT("schedule", schedule, TRN_RANK_INFERRED), .rank_column = TRN_NO_COLUMN},
    {UNIT("outcome", outcome, TRN_RANK_BY_VALUE),
     .rank_column = DOSE_STATUS,
     .inferred_values = inferred,
     .inferred_value_count = 2},
};
static const struct trn_scope_path dose_scope = {.columns = {DOSE_PERSON_ID},
                                                 .tables = {DOSES},
                                                 .hop_count = 1};

static const struct trn_column audit_columns[] = {
    {COLUMN("created_at", TRN_TYPE_TIMESTAMPTZ, 0), .immutable = true},
};
static const struct trn_unit audit_units[] = {EXISTENCE};

static const struct trn_table tables[TABLES] = {
    {.name = "people",
     .index = PEOPLE,
     .columns = person_columns,
     .column_count = PERSON_COLUMNS,
     .units = person_units,
     .unit_count = PERSON_UNITS,
     .uniques = person_uniques,
     .unique_count = 1,
     .scopes = &person_scope,
     .scope_count = 1,
     .window_column = TRN_NO_COLUMN,
     .since = 1},
    {.name = "doses",
     .index = DOSES,
     .columns = dose_columns,
     .column_count = DOSE_COLUMNS,
     .units = dose_units,
     .unit_count = DOSE_UNITS,
     .scopes = &dose_scope,
     .scope_count = 1,
     .window_column = TRN_NO_COLUMN,
     .since = 1},
    {.name = "sync_audit",
     .index = AUDIT,
     .columns = audit_columns,
     .column_count = 1,
     .units = audit_units,
     .unit_count = 1,
     .append_only = true,
     .window_column = TRN_NO_COLUMN,
     .since = 1},
};

static const struct trn_schema schema = {.name = "fixture",
                                         .version = 1,
                                         .minimum_version = 1,
                                         .tables = tables,
                                         .table_count = TABLES,
                                         .users_table = PEOPLE,
                                         .role_column = TRN_NO_COLUMN,
                                         .document = "{\"name\":\"fixture\"}",
                                         .document_size = 18};

const struct trn_schema *fixture_schema(void)
{
    return &schema;
}

const char *fixture_ddl(void)
{
    return ddl;
}

static void read_clocks(void *context, struct trn_reading *ret_reading)
{
    (void)context;
    *ret_reading = (struct trn_reading){.wall_us = 1000};
}

static tern_status create(struct trn_store *store, tern_error *error)
{
    tern_status status = trn_store_begin(store, error);

    if (status != TERN_OK) {
        return status;
    }
    status = trn_store_migrate(store, ddl, &schema, error);
    if (status != TERN_OK) {
        trn_store_rollback(store);
        return status;
    }
    return trn_store_commit(store, error);
}

tern_status fixture_try(const char *path, struct trn_store **ret_store, tern_error *error)
{
    struct trn_store_options options = {.path = path, .host = {.read_clocks = read_clocks}};
    struct trn_store *store = NULL;
    tern_status status;

    options.busy_timeout_ms = 50;
    status = trn_store_open(&options, &store, error);
    if (status == TERN_OK && trn_store_is_new(store)) {
        status = create(store, error);
    }
    if (status == TERN_OK) {
        status = trn_store_attach_schema(store, &schema, error);
    }
    if (status == TERN_OK) {
        *ret_store = store;
        return TERN_OK;
    }
    trn_store_close(store);
    return status;
}

struct trn_store *fixture_open(const char *path)
{
    struct trn_store *store = NULL;
    tern_error error = {0};

    if (fixture_try(path, &store, &error) != TERN_OK) {
        fail_msg("%s: %s", tern_status_code(error.status), error.message);
    }
    return store;
}

tern_id fixture_id(unsigned number)
{
    tern_id id = {{0}};

    memcpy(id.bytes, "fixture-id", 10);
    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

static struct trn_version version_of(int64_t key, uint16_t ranks)
{
    struct trn_version version = {.ranks = ranks};

    for (size_t i = 0; i < TRN_UNITS_MAX; i++) {
        version.keys[i] = key;
    }
    return version;
}

struct trn_row fixture_person(unsigned number, int64_t key)
{
    static tern_value name;

    name = tern_value_text("somebody");
    return (struct trn_row){.id = fixture_id(number),
                            .updated_at_us = 500,
                            .version = version_of(key, 7),
                            .values = {[PERSON_CREATED_AT] = {.kind = TERN_INTEGER, .integer = 1},
                                       [PERSON_NAME] = name,
                                       [PERSON_THEME] = {TERN_TEXT, 0, 0, "DARK", 4}}};
}

struct trn_row fixture_dose(unsigned number, const tern_id *person, int64_t key)
{
    return (struct trn_row){.id = fixture_id(number),
                            .updated_at_us = 500,
                            .version = version_of(key, 1),
                            .values = {[DOSE_CREATED_AT] = {.kind = TERN_INTEGER, .integer = 1},
                                       [DOSE_PERSON_ID] = {TERN_BLOB, 0, 0, person->bytes, 16},
                                       [DOSE_SLOT] = {TERN_TEXT, 0, 0, "MORNING", 7},
                                       [DOSE_AMOUNT] = {.kind = TERN_REAL, .real = 2.0},
                                       [DOSE_STATUS] = {TERN_TEXT, 0, 0, "DUE", 3}}};
}

int64_t fixture_number(const char *path, const char *sql)
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

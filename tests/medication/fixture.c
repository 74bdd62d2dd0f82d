/* The patient of fixture.h. */
#include "tests/medication/fixture.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

tern_replica *care_replica;
tern_care *care;
tern_medicine care_medicine;
tern_prescription care_prescription;

static tern_posix_zones *zones;
static tern_zone_port port;
static const char *file;

static void open_zones(void)
{
    if (zones == NULL) {
        assert_int_equal(tern_posix_zones_open(NULL, &zones, NULL), TERN_OK);
        tern_posix_zones_port(zones, &port);
    }
}

const tern_zone_port *care_zones(void)
{
    open_zones();
    return &port;
}

int64_t care_time(const char *local)
{
    tern_local_time time = {0};
    int64_t us = 0;

    open_zones();
    assert_int_equal(sscanf(local,
                            "%d-%d-%d %d:%d:%d",
                            &time.year,
                            &time.month,
                            &time.day,
                            &time.hour,
                            &time.minute,
                            &time.second) >= 5,
                     true);
    assert_int_equal(tern_zone_to_utc(&port, "Asia/Phnom_Penh", &time, &us, NULL, NULL), TERN_OK);
    return us;
}

void care_clock(const char *local)
{
    fixture_clock.wall_us = care_time(local);
    fixture_clock.step_us = 1;
}

void care_change_file(const char *sql)
{
    sqlite3 *db = NULL;

    CHECK_INT(sqlite3_open_v2(care_path(), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

void care_compare_clock(int64_t ahead_s)
{
    char sql[120];

    (void)snprintf(sql,
                   sizeof(sql),
                   "UPDATE tern_meta SET clock_suspect=1, offset_known=1, offset=%" PRId64,
                   ahead_s * 1000000);
    care_change_file(sql);
}

void care_begin(const char *local)
{
    tern_care_options options = {.size = sizeof(options), .zones = &port};
    tern_care_error error;

    open_zones();
    care_clock(local);
    file = fixture_path();
    care_replica = fixture_open(file);
    fixture_run(care_replica,
                "INSERT INTO users(id, role) VALUES(x'6170692d666978747572652d00000001', "
                "'PATIENT')");
    care_ok(tern_care_open(care_replica, &options, &care, &error), &error);
    care_medicine = (tern_medicine){.name = "a medicine",
                                    .morning_dosage = "{\"amount\":1,\"before_meal\":true}",
                                    .night_dosage = "{\"amount\":2,\"before_meal\":false}"};
    care_prescription = (tern_prescription){.size = sizeof(care_prescription),
                                            .patient = fixture_id(1),
                                            .patient_name = "a patient",
                                            .patient_age = -1,
                                            .start_date = "2026-03-02",
                                            .medicines = &care_medicine,
                                            .medicine_count = 1};
}

const char *care_path(void)
{
    return file;
}

void care_end(void)
{
    tern_care_close(care);
    tern_replica_close(care_replica);
    care_zones_end();
}

void care_zones_end(void)
{
    tern_posix_zones_close(zones);
    zones = NULL;
}

void care_ok(tern_status status, const tern_care_error *error)
{
    if (status != TERN_OK) {
        fail_msg("%s: %s: %s",
                 tern_problem_code(error->problem),
                 tern_status_code(status),
                 error->error.message);
    }
}

tern_id care_prescribe(void)
{
    tern_care_error error;
    tern_id id = {{0}};

    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    care_ok(tern_prescription_activate(care, &id, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    return id;
}

static char text[1024];

static bool write_dose(void *context, const tern_dose *dose)
{
    static const char *const names[] = {"DUE", "ON_TIME", "LATE", "MISSED", "SKIPPED"};
    size_t used = strlen(text);

    (void)context;
    (void)snprintf(text + used,
                   sizeof(text) - used,
                   "%s%.*s %s%s%.*s",
                   used > 0 ? ", " : "",
                   (int)dose->slot.size,
                   (const char *)dose->slot.data,
                   names[dose->status],
                   dose->flags.size > 0 ? " " : "",
                   (int)dose->flags.size,
                   dose->flags.size > 0 ? (const char *)dose->flags.data : "");
    return true;
}

const char *care_day(const char *local_date)
{
    tern_care_error error;

    text[0] = '\0';
    care_ok(tern_dose_list(care, NULL, local_date, write_dose, NULL, &error), &error);
    return text;
}

tern_id care_id(const char *sql)
{
    tern_statement *statement = NULL;
    tern_id id = {{0}};
    bool row = false;

    assert_int_equal(tern_statement_prepare(care_replica, sql, strlen(sql), &statement, NULL),
                     TERN_OK);
    assert_int_equal(tern_statement_step(statement, &row, NULL), TERN_OK);
    memcpy(id.bytes, tern_statement_value(statement, 0).data, sizeof(id.bytes));
    tern_statement_free(statement);
    return id;
}

tern_id care_dose(const char *local_date, const char *slot)
{
    const char *sql = "SELECT tern_key('dose_events', (SELECT id FROM medications ORDER BY "
                      "row_number LIMIT 1), ?1, ?2)";
    tern_statement *statement = NULL;
    tern_id id = {{0}};
    bool row = false;

    assert_int_equal(tern_statement_prepare(care_replica, sql, strlen(sql), &statement, NULL),
                     TERN_OK);
    assert_int_equal(tern_statement_bind(statement, 1, tern_value_text(local_date), NULL), TERN_OK);
    assert_int_equal(tern_statement_bind(statement, 2, tern_value_text(slot), NULL), TERN_OK);
    assert_int_equal(tern_statement_step(statement, &row, NULL), TERN_OK);
    memcpy(id.bytes, tern_statement_value(statement, 0).data, sizeof(id.bytes));
    tern_statement_free(statement);
    return id;
}

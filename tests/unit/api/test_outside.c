/* The file seen from outside by plain SQLite: it can be read, and no write of synced rows passes.
 */
#include "tests/unit/api/fixture.h"

#include <sqlite3.h>
#include <stdio.h>

static const char *path;
static tern_replica *replica;

static void open_patient(void)
{
    path = fixture_path();
    replica = fixture_open(path);
    fixture_patient(replica, 3);
}

TEST(plain_sql_reads_the_file_from_outside)
{
    open_patient();
    CHECK_INT(fixture_outside_number(path,
                                     "SELECT count(*) FROM dose_events d JOIN medications m "
                                     "ON m.id = d.medication_id WHERE d.deleted_at IS NULL"),
              3);
    tern_replica_close(replica);
    CHECK_INT(fixture_outside_number(path, "SELECT count(*) FROM dose_events"), 3);
    CHECK_INT(fixture_outside(path, "PRAGMA integrity_check"), SQLITE_OK);
}

/* Each of them fails whether or not the library has the file open, and no byte of a row changes. */
static void fails(const char *sql)
{
    static const char *sum =
        "SELECT sum(length(hex(tern_v)) + updated_at + ifnull(length(flags), 0)) "
        "FROM dose_events";
    int64_t before = fixture_outside_number(path, sum);
    int64_t rows = fixture_outside_number(path, "SELECT count(*) FROM dose_events");

    CHECK(fixture_outside(path, sql) != SQLITE_OK);
    CHECK_INT(fixture_outside_number(path, "SELECT count(*) FROM dose_events"), rows);
    CHECK_INT(fixture_outside_number(path, sum), before);
}

static void all_fail(void)
{
    fails(
        "INSERT INTO dose_events SELECT zeroblob(16), created_at, prescription_id, medication_id, "
        "patient_id, scheduled_time, local_date, 'NIGHT', time_period, reminder_time, "
        "grace_minutes, status, taken_at, skip_reason, was_offline, flags, updated_at, "
        "deleted_at, tern_v FROM dose_events LIMIT 1");
    fails("INSERT INTO dose_events(id, slot) VALUES(zeroblob(16), 'NIGHT')");
    fails("UPDATE dose_events SET flags = 'outside'");
    fails("UPDATE dose_events SET flags = 'outside', updated_at = 1, tern_v = 1");
    fails("DELETE FROM dose_events");
    fails("DELETE FROM dose_events WHERE rowid = 1");
    fails("REPLACE INTO dose_events SELECT * FROM dose_events");
    fails("INSERT INTO dose_events SELECT * FROM dose_events WHERE 1 ON CONFLICT(id) DO UPDATE SET "
          "flags = 'outside'");
}

TEST(a_write_from_outside_fails_while_the_library_has_the_file_open)
{
    open_patient();
    all_fail();
    fixture_run(replica, "UPDATE dose_events SET flags = 'inside'");
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events WHERE flags = 'inside'"),
              3);
    tern_replica_close(replica);
}

TEST(a_write_from_outside_fails_while_nobody_has_the_file_open)
{
    open_patient();
    tern_replica_close(replica);
    all_fail();
    replica = fixture_open(path);
    CHECK_INT(fixture_number(replica, "SELECT count(*) FROM dose_events"), 3);
    tern_replica_close(replica);
}

/* A queue that somebody else emptied would lose what it held without a word. */
TEST(a_write_from_outside_to_the_queue_fails)
{
    static const char *const tables[] = {"tern_outbox", "tern_body"};
    static const char *const writes[] = {"DELETE FROM %1$s",
                                         "DELETE FROM %1$s WHERE rowid > 0",
                                         "UPDATE %1$s SET rowid = rowid + 100",
                                         "REPLACE INTO %1$s SELECT * FROM %1$s",
                                         "INSERT OR IGNORE INTO %1$s SELECT * FROM %1$s"};
    char sql[200];

    open_patient();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
            for (size_t j = 0; j < sizeof writes / sizeof *writes; j++) {
                (void)snprintf(sql, sizeof sql, writes[j], tables[i]);
                CHECK(fixture_outside(path, sql) != SQLITE_OK);
            }
            (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
            CHECK(fixture_outside_number(path, sql) > 0);
        }
        if (round == 0) {
            tern_replica_close(replica);
        }
    }
    replica = fixture_open(path);
    CHECK_INT(fixture_number(replica, "SELECT count(*) > 0 FROM tern_outbox"), 1);
    tern_replica_close(replica);
}

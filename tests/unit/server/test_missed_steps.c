/* The steps in which the server's job for missed doses goes, and what cuts them short. */
#include <stdio.h>
#include <string.h>

#include "server/doses.h"
#include "tests/sim/disk.h"
#include "tests/unit/schema/documents.h"
#include "tests/unit/server/job.h"

enum { MANY = 2 * TRN_MISSED_STEP_DOSES + 50 };

/* Doses of days past, a few weeks a push. */
static void write_many(struct job *job)
{
    for (unsigned day = 0; day < MANY; day += 28) {
        for (unsigned i = day; i < day + 28 && i < MANY; i++) {
            (void)job_insert_dose(&job->phone,
                                  job->prescription,
                                  job->medication,
                                  i,
                                  "MORNING",
                                  LAB_START_US + i * DAY_US);
        }
        phone_push(&job->phone);
    }
    job->lab.now_us = LAB_START_US + 400 * DAY_US;
}

TEST(a_step_is_bounded_and_the_next_goes_on_where_it_stopped)
{
    struct job job;
    struct trn_missed_report report;
    unsigned steps = 0;

    job_start(&job);
    write_many(&job);
    do {
        report = job_step(&job);
        steps++;
        CHECK(report.looked_at <= TRN_MISSED_STEP_DOSES);
        CHECK_INT(report.missed, report.looked_at);
    } while (report.more);
    CHECK_INT(steps, 3);
    CHECK_INT(job_count(&job, "MISSED"), MANY);
    CHECK_INT(job_transactions(&job), 3);
    CHECK_INT(job_step(&job).looked_at, 0);
    job_end(&job);
}

/* Each version is looked at once a step, and a patient makes as many as they like. */
TEST(a_step_is_bounded_however_many_versions_a_prescription_has)
{
    struct job job;
    struct trn_missed_report report;

    job_start(&job);
    job_insert_version(&job, 1, LAB_START_US, "");
    phone_push(&job.phone);
    write_many(&job);
    lab_write(&job.lab,
              "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
              " INSERT INTO prescription_versions(id, created_at, prescription_id, version_number,"
              " medications_snapshot, updated_at, tern_v) SELECT randomblob(16), created_at,"
              " prescription_id, i, medications_snapshot, updated_at, tern_v"
              " FROM prescription_versions, n");
    for (int i = 0; i < 3; i++) {
        report = job_step(&job);
        CHECK_INT(report.looked_at, 1);
        CHECK(report.more);
    }
    lab_write(&job.lab, "DELETE FROM prescription_versions WHERE version_number > 101");
    CHECK_INT(job_step(&job).looked_at, TRN_MISSED_STEP_DOSES);
    job_end(&job);
}

TEST(a_round_goes_on_behind_doses_that_stay_due_and_the_next_begins_anew)
{
    struct job job;

    job_start(&job);
    write_many(&job);
    lab_write(&job.lab, "UPDATE prescriptions SET status = 'PAUSED'");
    CHECK(job_step(&job).more);
    CHECK(job_step(&job).more);
    CHECK(!job_step(&job).more);
    lab_write(&job.lab, "UPDATE prescriptions SET status = 'ACTIVE'");
    CHECK_INT(job_step(&job).missed, TRN_MISSED_STEP_DOSES);
    job_end(&job);
}

TEST(a_restart_between_steps_keeps_the_device_and_doubles_nothing)
{
    struct job job;

    job_start(&job);
    write_many(&job);
    for (int i = 0; i < 4; i++) {
        (void)job_step(&job);
        trn_missed_close(job.missed);
        lab_reopen(&job.lab);
        job_open(&job);
    }
    CHECK_INT(job_count(&job, "MISSED"), MANY);
    CHECK_INT(job_transactions(&job), 3);
    CHECK_INT(lab_number(&job.lab, "SELECT count(*) FROM tern_device"), 2);
    CHECK_INT(lab_number(&job.lab,
                         "SELECT max(last_ordinal) FROM tern_device"
                         " WHERE substr(id, 1, 1) <> x'64'"),
              3);
    job_end(&job);
}

TEST(waiting_doses_are_found_by_an_index_of_these_alone)
{
    struct job job;

    job_start(&job);
    CHECK(strstr(lab_text(&job.lab,
                          "SELECT sql FROM sqlite_schema"
                          " WHERE name = 'tern_waiting_dose_events_DUE'"),
                 "WHERE \"status\" = 'DUE'") != NULL);
    CHECK(strstr(lab_text(&job.lab,
                          "SELECT sql FROM sqlite_schema"
                          " WHERE name = 'tern_waiting_dose_events_MISSED'"),
                 "WHERE \"status\" = 'MISSED'") != NULL);
    CHECK_TEXT(lab_plan(&job.lab,
                        "SELECT scheduled_time, id FROM dose_events"
                        " INDEXED BY tern_waiting_dose_events_DUE WHERE status = 'DUE'"
                        " AND deleted_at IS NULL AND (scheduled_time, id) > (?1, ?2)"
                        " AND scheduled_time < ?3 ORDER BY scheduled_time, id LIMIT ?4"),
               "SEARCH dose_events USING INDEX tern_waiting_dose_events_DUE"
               " ((scheduled_time,id)>(?,?) AND scheduled_time<?)");
    job_end(&job);
}

/* The server's operations, and how many rows of versions they read. */
static struct {
    struct trn_db_ops ops;
    tern_status (*row_read)(struct trn_db_view *view,
                            const struct trn_table *table,
                            const tern_id *id,
                            bool *ret_found,
                            struct trn_row *ret_row,
                            tern_error *error);
    unsigned versions;
} counting;

static tern_status count_row_read(struct trn_db_view *view,
                                  const struct trn_table *table,
                                  const tern_id *id,
                                  bool *ret_found,
                                  struct trn_row *ret_row,
                                  tern_error *error)
{
    counting.versions += strcmp(table->name, "prescription_versions") == 0 ? 1 : 0;
    return counting.row_read(view, table, id, ret_found, ret_row, error);
}

TEST(a_step_reads_the_versions_of_a_prescription_once_and_not_for_each_dose)
{
    enum { DOSES = 20, VERSIONS = 15 };
    struct job job;
    const struct trn_db_ops *ops;

    job_start(&job);
    for (unsigned i = 1; i <= DOSES; i++) {
        (void)job_push_dose(&job, i);
    }
    for (int i = 1; i <= VERSIONS; i++) {
        job_insert_version(&job,
                           i,
                           LAB_START_US + i * DAY_US,
                           ",\"morning_dosage\":{\"amount\":1}");
    }
    phone_push(&job.phone);
    lab_write(&job.lab, "UPDATE prescriptions SET current_version = 15");
    job.lab.now_us = LAB_START_US + 40 * DAY_US;
    ops = job.lab.db->ops;
    counting.ops = *ops;
    counting.row_read = ops->row_read;
    counting.versions = 0;
    counting.ops.row_read = count_row_read;
    job.lab.db->ops = &counting.ops;
    CHECK_INT(job_step(&job).missed, DOSES);
    job.lab.db->ops = ops;
    /* Each version once, and for a dose the snapshot that it is judged by; the step's own request
     * reads none. */
    CHECK(counting.versions <= VERSIONS + DOSES);
    job_end(&job);
}

TEST(versions_are_found_by_an_index)
{
    struct job job;

    job_start(&job);
    CHECK(strstr(
              lab_plan(&job.lab, "SELECT id FROM prescription_versions WHERE prescription_id = ?1"),
              "SEARCH prescription_versions USING") != NULL);
    job_end(&job);
}

/* ---- The first day of what names no start ---- */

static void insert_beginning(struct job *job, const char *day, bool is_taken)
{
    struct trn_change change =
        lab_change(&job->lab, TRN_OP_INSERT, "prescription_beginnings", lab_id('?', 0));
    bool derived = false;

    lab_set(&change, "prescription_id", tern_value_id(&job->prescription));
    lab_set(&change, "begins_on", tern_value_text(day));
    lab_set(&change, "is_taken", tern_value_integer(is_taken ? 1 : 0));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(&job->phone, TRN_ENTRY_RECORDED);
    phone_change(&job->phone, &change);
    phone_commit(&job->phone);
}

/* The first day by the rows around the dose, and how many rows of beginnings, turns and versions
 * that took. */
static size_t read_start(struct job *job, tern_id id, char ret_start[11])
{
    const struct trn_missed_port port = job_port(&job->lab);
    const struct trn_db *db = job->lab.db;
    struct trn_db_view *view = NULL;
    struct trn_bytes seen = {0};
    struct trn_doses doses;
    struct trn_source source;
    struct trn_row dose;
    bool found = false;

    CHECK(trn_doses_know(db->schema, &doses));
    CHECK(db->ops->snapshot_open(job->lab.db, &view, NULL) == TERN_OK);
    CHECK(db->ops->row_read(view, doses.doses.table, &id, &found, &dose, NULL) == TERN_OK && found);
    CHECK(trn_doses_source(&doses, db, view, &port.zones, &dose, &seen, &source, NULL) == TERN_OK);
    (void)snprintf(ret_start, 11, "%s", source.start);
    db->ops->snapshot_close(job->lab.db, view);
    trn_bytes_free(&seen);
    return doses.rows_read;
}

TEST(of_many_days_on_which_a_prescription_began_one_row_is_read)
{
    struct job job;
    char start[11];
    tern_id dose;

    job_start(&job);
    dose = job_push_dose(&job, 40);
    lab_write(&job.lab, "UPDATE prescriptions SET start_date = NULL");
    for (unsigned day = 28; day >= 5; day--) {
        char date[24];

        (void)snprintf(date, sizeof(date), "2026-01-%02u", day);
        insert_beginning(&job, date, false);
    }
    phone_push(&job.phone);
    CHECK_INT(read_start(&job, dose, start), 1);
    CHECK_TEXT(start, "2026-01-05");
    insert_beginning(&job, "2026-01-09", true);
    insert_beginning(&job, "2026-01-07", true);
    phone_push(&job.phone);
    CHECK_INT(read_start(&job, dose, start), 1);
    CHECK_TEXT(start, "2026-01-07");
    job_end(&job);
}

TEST(the_least_of_them_is_found_by_an_index)
{
    struct job job;

    job_start(&job);
    CHECK_TEXT(lab_plan(&job.lab,
                        "SELECT id FROM prescription_beginnings WHERE prescription_id = ?1 AND "
                        "is_taken = ?2 AND deleted_at IS NULL ORDER BY begins_on LIMIT 1"),
               "SEARCH prescription_beginnings USING INDEX "
               "prescription_beginnings_prescription_id_is_taken_begins_on_idx (prescription_id=? "
               "AND is_taken=?)");
    job_end(&job);
}

/* ---- The turns around a dose ---- */

static void insert_turn(struct job *job, int64_t at_us, bool begins)
{
    struct trn_change change =
        lab_change(&job->lab, TRN_OP_INSERT, "prescription_turns", lab_id('?', 0));
    bool derived = false;

    lab_set(&change, "prescription_id", tern_value_id(&job->prescription));
    lab_set(&change, "turned_at", tern_value_integer(at_us));
    lab_set(&change, "begins", tern_value_integer(begins ? 1 : 0));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(&job->phone, TRN_ENTRY_RECORDED);
    phone_change(&job->phone, &change);
    phone_commit(&job->phone);
}

TEST(of_many_turns_of_a_prescription_the_two_around_a_dose_are_read)
{
    struct job job;
    char start[11];
    tern_id dose;

    job_start(&job);
    dose = job_push_dose(&job, 10);
    for (int day = 1; day < 20; day++) {
        insert_turn(&job, LAB_START_US + day * DAY_US, day % 2 == 0);
    }
    phone_push(&job.phone);
    CHECK_INT(read_start(&job, dose, start), 2);
    job_end(&job);
}

TEST(the_turns_around_a_dose_are_found_by_an_index)
{
    static const char *const beside[] = {
        "> ?2 AND deleted_at IS NULL ORDER BY turned_at ASC, begins ASC",
        "<= ?2 AND deleted_at IS NULL ORDER BY turned_at DESC, begins DESC"};
    struct job job;

    job_start(&job);
    for (int i = 0; i < 2; i++) {
        char sql[240];
        char plan[240];

        (void)snprintf(sql,
                       sizeof(sql),
                       "SELECT id FROM prescription_turns WHERE prescription_id = ?1 AND turned_at "
                       "%s LIMIT 1",
                       beside[i]);
        (void)snprintf(plan,
                       sizeof(plan),
                       "SEARCH prescription_turns USING INDEX "
                       "prescription_turns_prescription_id_turned_at_begins_idx (prescription_id=? "
                       "AND turned_at%s?)",
                       i == 0 ? ">" : "<");
        CHECK_TEXT(lab_plan(&job.lab, sql), plan);
    }
    job_end(&job);
}

TEST(a_schema_document_without_doses_is_told)
{
    struct lab lab;
    struct trn_missed *job = NULL;
    tern_error error = {.status = TERN_OK};
    struct trn_schema *notes = documents_notes("", "");
    const struct trn_missed_port port = job_port(&lab);
    struct trn_db foreign;

    lab_open(&lab);
    foreign = *lab.db;
    foreign.schema = notes;
    CHECK_INT(trn_missed_open(&foreign, &port, &job, &error), TERN_ERR_MISUSE);
    CHECK(job == NULL);
    trn_schema_free(notes);
    lab_close(&lab);
}

/* ---- Failures ---- */

TEST(a_step_that_runs_out_of_memory_stores_all_or_nothing)
{
    struct job job;
    unsigned failed = 0;

    job_start(&job);
    (void)job_push_dose(&job, 0);
    (void)job_push_dose(&job, 1);
    job.lab.now_us = LAB_START_US + 3 * DAY_US;
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_missed_report report = {.missed = 0};
        tern_status status = trn_missed_step(job.missed, job.lab.now_us, &report, NULL);

        harness_fault_suspend();
        failed += status != TERN_OK ? 1 : 0;
        CHECK_INT(job_count(&job, "MISSED") % 2, 0);
        if (status == TERN_OK && report.missed == 2) {
            lab_write(&job.lab, "UPDATE dose_events SET status = 'DUE'");
        }
        harness_fault_resume();
    }
    CHECK(failed > 0);
    job_end(&job);
}

TEST(a_power_cut_at_any_write_of_a_step_doubles_nothing_and_the_next_start_goes_on)
{
    struct job job;
    unsigned nth = 0;
    bool cut = true;

    disk_begin(false);
    job_start_on(&job, DISK_VFS);
    while (cut) {
        struct trn_missed_report report;
        tern_status status;
        int64_t stored;

        (void)job_push_dose(&job, 2 * nth);
        (void)job_push_dose(&job, 2 * nth + 1);
        nth++;
        job.lab.now_us = LAB_START_US + 2 * nth * DAY_US;
        disk_settle();
        disk_cut_at(nth);
        status = trn_missed_step(job.missed, job.lab.now_us, &report, NULL);
        cut = disk_is_cut();
        CHECK(cut || status == TERN_OK);
        trn_missed_close(job.missed);
        lab_cut(&job.lab);
        disk_restore();
        lab_reopen(&job.lab);
        job_open(&job);
        stored = job_count(&job, "MISSED");
        CHECK(stored == 2 * nth || (cut && stored == 2 * nth - 2));
        CHECK_INT(job_transactions(&job), stored / 2);
        (void)job_step(&job);
        CHECK_INT(job_count(&job, "MISSED"), 2 * nth);
        CHECK_INT(job_transactions(&job), nth);
        CHECK_INT(job_audits(&job), 0);
    }
    job_end(&job);
    disk_end();
    CHECK(nth > 2);
}

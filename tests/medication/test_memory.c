/* Every call, with each of its allocations failing in turn: it succeeds whole, or says that memory
 * ran out and has changed nothing. */
#include "tests/medication/fixture.h"

#include <string.h>

static tern_care_error error;

/* Counts a success; anything else is NOMEM, or what a call says whose earlier round succeeded.
 * SQLite's json_valid calls a text that it had no memory to read malformed, so a commit may say
 * FORMAT; nobody is told that their dosage is none. */
static int64_t went_well(tern_status status, tern_status after)
{
    CHECK(status == TERN_OK || error.problem != TERN_PROBLEM_DOSAGE);
    if (status != TERN_OK && status != TERN_ERR_NOMEM && status != after &&
        status != TERN_ERR_FORMAT) {
        fail_msg("%s: %s", tern_status_code(status), error.error.message);
    }
    return status == TERN_OK ? 1 : 0;
}

static int64_t audit_rows(void)
{
    return fixture_number(care_replica, "SELECT count(*) FROM audit_logs");
}

static bool count_dose(void *context, const tern_dose *dose)
{
    (void)dose;
    ++*(int *)context;
    return true;
}

TEST(a_handle_opens_whole_or_not_at_all)
{
    care_begin("2026-03-02 05:00");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_zone_port none = {.offset = NULL};
        tern_care_options options = {.size = sizeof(options), .zones = &none};
        tern_care *other = NULL;

        CHECK_INT(tern_care_open(care_replica, &options, &other, &error), TERN_ERR_MISUSE);
        options.zones = care_zones();
        CHECK((tern_care_open(care_replica, &options, &other, &error) == TERN_OK) ==
              (other != NULL));
        tern_care_close(other);
    }
    care_end();
}

TEST(records_are_whole_or_not_there)
{
    int64_t before;
    int64_t done = 0;
    tern_id morning;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    morning = care_dose("2026-03-02", "MORNING");
    care_clock("2026-03-02 06:30");
    before = audit_rows();
    FOR_EACH_ALLOC_FAILURE (nth) {
        done += went_well(tern_dose_take(care, &morning, NULL, NULL, &error), TERN_ERR_EXISTS);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        done += went_well(tern_dose_undo(care, &morning, &error), TERN_ERR_NOT_FOUND);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        done += went_well(tern_dose_skip(care, &morning, "why", false, &error), TERN_ERR_EXISTS);
    }
    CHECK_INT(done, 3);
    CHECK_INT(audit_rows() - before, 3);
    care_end();
}

TEST(a_dose_as_needed_is_whole_or_not_there)
{
    tern_statement *statement = NULL;
    const char *sql = "SELECT id FROM medications";
    tern_id medication = {{0}};
    int64_t before;
    int64_t done = 0;
    bool row = false;

    care_begin("2026-03-02 05:00");
    care_medicine.is_prn = true;
    (void)care_prescribe();
    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    CHECK_INT(tern_statement_step(statement, &row, NULL), TERN_OK);
    memcpy(medication.bytes, tern_statement_value(statement, 0).data, sizeof(medication.bytes));
    tern_statement_free(statement);
    before = audit_rows();
    FOR_EACH_ALLOC_FAILURE (nth) {
        done +=
            went_well(tern_dose_take_prn(care, &medication, NULL, NULL, &error), TERN_ERR_EXISTS);
    }
    CHECK_INT(done, 1);
    CHECK_INT(audit_rows() - before, 1);
    care_end();
}

TEST(a_list_is_whole_or_says_that_it_is_not)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    FOR_EACH_ALLOC_FAILURE (nth) {
        int count = 0;

        CHECK(went_well(tern_dose_list(care, NULL, "2026-03-02", count_dose, &count, &error),
                        TERN_OK) == 0 ||
              count == 2);
    }
    care_end();
}

TEST(schedules_and_missed_doses_are_stored_whole_or_not_at_all)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    uint32_t missed = 0;
    uint32_t total = 0;
    bool more = false;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    care_clock("2026-03-04 05:00");
    FOR_EACH_ALLOC_FAILURE (nth) {
        (void)went_well(tern_schedule_generate(care, NULL, NULL, &error), TERN_OK);
    }
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM dose_events"), 64);
    FOR_EACH_ALLOC_FAILURE (nth) {
        total += went_well(tern_doses_infer_missed(care, NULL, 3, &cursor, &missed, &more, &error),
                           TERN_OK) != 0
                     ? missed
                     : 0;
    }
    CHECK(total <= 4);
    CHECK_INT(
        fixture_number(care_replica, "SELECT count(*) FROM dose_events WHERE status = 'MISSED'"),
        total);
    care_end();
}

TEST(prescriptions_change_whole_or_not_at_all)
{
    int64_t before;
    int64_t done = 0;
    int64_t edits = 0;
    tern_id id;

    care_begin("2026-03-02 05:00");
    CHECK_INT(tern_prescription_create(care, &care_prescription, NULL, &id, &error), TERN_OK);
    before = audit_rows();
    FOR_EACH_ALLOC_FAILURE (nth) {
        done += went_well(tern_prescription_activate(care, &id, &error), TERN_ERR_CHECK);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        done += went_well(tern_prescription_pause(care, &id, &error), TERN_ERR_CHECK);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        done += went_well(tern_prescription_resume(care, &id, &error), TERN_ERR_CHECK);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        edits +=
            went_well(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error),
                      TERN_OK);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        done += went_well(tern_prescription_end(care, &id, &error), TERN_ERR_CHECK);
    }
    CHECK_INT(done, 4);
    CHECK_INT(audit_rows() - before, done + edits);
    CHECK_INT(fixture_number(care_replica, "SELECT current_version FROM prescriptions"), 1 + edits);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescription_versions"),
              1 + edits);
    care_end();
}

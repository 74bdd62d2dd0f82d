/* Every read of the library goes by an index: no table of the document is ever scanned. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "medication/internal.h"
#include "tern/medication/adherence.h"
#include "tern/medication/reminder.h"

static void expect_indexed(tern_reader *reader, const char *text)
{
    tern_statement *statement = NULL;
    tern_error error = {0};
    char sql[4096];
    bool row = true;

    (void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", text);
    if (tern_reader_prepare(reader, sql, strlen(sql), &statement, &error) != TERN_OK) {
        fail_msg("%s: %s", error.message, text);
    }
    while (row) {
        CHECK_INT(tern_statement_step(statement, &row, &error), TERN_OK);
        if (row) {
            char detail[256];

            trn_value_to_text(tern_statement_value(statement, 3), detail, sizeof(detail));
            if (strncmp(detail, "SCAN ", 5) == 0 && strstr(detail, "CONSTANT ROW") == NULL &&
                strstr(detail, "SCAN k") == NULL && strstr(detail, "VIRTUAL TABLE") == NULL &&
                strncmp(detail, "SCAN (subquery-", 15) != 0) {
                fail_msg("%s: %s", detail, text);
            }
        }
    }
    tern_statement_free(statement);
}

static bool ignore(void *context, const tern_adherence *sum)
{
    (void)context;
    return sum->missed >= 0;
}

static bool pass(void *context, const tern_reminder *reminder)
{
    (void)context;
    return !reminder->is_cancelled;
}

TEST(every_read_goes_by_an_index)
{
    tern_reader *reader = NULL;
    int64_t cursor = 0;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    CHECK_INT(tern_adherence_read(care, NULL, ignore, NULL, NULL, NULL), TERN_OK);
    CHECK_INT(tern_reminders_read(care, NULL, &cursor, pass, NULL, NULL), TERN_OK);
    CHECK_INT(tern_reader_open(care_replica, &reader, NULL), TERN_OK);
    for (unsigned i = 0; i < TRN_SQL_READS; i++) {
        expect_indexed(reader, trn_sql_text((enum trn_sql)i));
    }
    tern_reader_close(reader);
    care_end();
}

TEST(calls_leave_everything_as_it_was_when_memory_runs_out)
{
    int64_t made = 0;

    care_begin("2026-03-02 05:00");
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_care_error error;
        tern_id id = {{0}};
        tern_status status;

        status = tern_prescription_create(care, &care_prescription, NULL, &id, &error);
        CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && id.bytes[0] == 0));
        made += status == TERN_OK ? 1 : 0;
    }
    CHECK(made > 0);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescriptions"), made);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM prescription_versions"), made);
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM audit_logs"), made);
    care_end();
}

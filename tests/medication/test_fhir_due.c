/* Doses that are due are left out of FHIR, and made again by whoever takes the requests over. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/command.h"
#include "cli/fhir_import.h"
#include "cli/fhir_turns.h"
#include "tern/medication/settings.h"
#include "tern/row.h"

static tern_care_error error;

static struct trn_bytes ask(const char *sql)
{
    struct trn_bytes rows = {0};
    tern_statement *statement = NULL;
    bool row = true;

    CHECK(tern_statement_prepare(care_replica, sql, strlen(sql), &statement, NULL) == TERN_OK);
    while (tern_statement_step(statement, &row, NULL) == TERN_OK && row) {
        tern_value value = tern_statement_value(statement, 0);

        CHECK(trn_bytes_append(&rows, value.data, value.size) == TERN_OK);
        CHECK(trn_bytes_append_byte(&rows, '\n') == TERN_OK);
    }
    tern_statement_free(statement);
    return rows;
}

static struct trn_bytes due_rows(void)
{
    return ask("SELECT hex(id)||' '||hex(prescription_id)||' '||hex(medication_id)||' '||"
               "hex(patient_id)||' '||scheduled_time||' '||local_date||' '||slot||' '||"
               "time_period||' '||reminder_time||' '||grace_minutes FROM dose_events WHERE "
               "status='DUE' ORDER BY id");
}

/* ---- From the file into the fixture's replica ---- */

static tern_status put(void *context,
                       const struct trn_fhir_row *rows,
                       size_t count,
                       struct trn_fhir_report *report,
                       tern_error *cause)
{
    tern_tx *tx = context;
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        tern_cell cells[TRN_FHIR_CELLS_MAX + 1] = {{"id", tern_value_id(&rows[i].id)}};
        tern_row *stored = NULL;
        size_t cell_count = 1;
        bool there = tern_row_get(tx, rows[i].table, &rows[i].id, &stored, NULL) == TERN_OK;

        tern_row_free(stored);
        if (there && strcmp(rows[i].table, "prescription_beginnings") == 0) {
            continue; /* each request of the prescription tells it; it never changes */
        }
        for (size_t at = 0; at < rows[i].count; at++) {
            if (strcmp(rows[i].cells[at].column, TRN_FHIR_TURNS) != 0) {
                cells[cell_count++] =
                    (tern_cell){rows[i].cells[at].column, trn_fhir_row_value(&rows[i], at)};
            }
        }
        status =
            there
                ? tern_row_update(tx, rows[i].table, &rows[i].id, &cells[1], cell_count - 1, cause)
                : tern_row_insert(tx, rows[i].table, cells, cell_count, NULL, cause);
        if (status == TERN_OK) {
            status = trn_fhir_turns_put(tx, &rows[i], report, cause);
        }
    }
    return status;
}

static void take_over(const char *path)
{
    struct trn_fhir_report report = {0};
    struct trn_fhir_sink sink = {.put = put};
    tern_error cause = {0};
    tern_tx *tx = NULL;

    CHECK(trn_fhir_report_open(&report, NULL) == TERN_OK);
    CHECK(tern_tx_begin(care_replica, NULL, &tx, NULL) == TERN_OK);
    sink.context = tx;
    if (trn_fhir_import(&path, 1, &sink, &report, &cause) != TERN_OK) {
        fail_msg("%s", cause.message);
    }
    CHECK(tern_tx_commit(tx, NULL, &cause) == TERN_OK);
    trn_fhir_report_close(&report);
}

/* The file that the command writes of the replica, which is closed. */
static void export_to(const char *folder, const char *replica, char *ret_path, size_t size)
{
    char words[8][700] = {"tern", "export", "fhir", "-q", "-r", "", "-d", ""};
    char *line[9] = {NULL};
    tern_id patient = fixture_id(1);
    char id[TERN_ID_TEXT_BYTES];

    (void)snprintf(words[5], sizeof(words[5]), "%s", replica);
    (void)snprintf(words[7], sizeof(words[7]), "%s", folder);
    for (size_t i = 0; i < 8; i++) {
        line[i] = words[i];
    }
    CHECK_INT(trn_run(8, line), TRN_EXIT_OK);
    tern_id_format(&patient, id);
    (void)snprintf(ret_path, size, "%s/%s.json", folder, id);
}

/* ---- A patient of whom everything that moves a dose is another than by default ---- */

static tern_medicine medicines[] = {
    {.name = "slots",
     .morning_dosage = "{\"amount\":1,\"before_meal\":true}",
     .daytime_dosage = "{\"amount\":1,\"before_meal\":false}",
     .night_dosage = "{\"amount\":2,\"before_meal\":false}"},
    {.name = "times", .timing = "08:15; 20:45"},
    {.name = "every other day", .night_dosage = "{\"amount\":1}", .frequency = "every 2 days"},
    {.name = "hours", .frequency = "every 6 hours"},
    {.name = "weekdays", .morning_dosage = "{\"amount\":1}", .timing = "mon; thu"},
    {.name = "weekdays twice",
     .morning_dosage = "{\"amount\":1}",
     .night_dosage = "{\"amount\":1}",
     .frequency = "twice a week",
     .timing = "mon; thu"},
    {.name = "ten days", .morning_dosage = "{\"amount\":1}", .duration_days = 10},
    {.name = "as needed", .is_prn = true},
};

/* Of a prescription that names no start the day is told on which it was put in force. */
static void prescribe_without_a_start(void)
{
    tern_id id = {{0}};

    care_prescription.start_date = NULL;
    care_prescription.end_date = NULL;
    care_ok(tern_prescription_create(care, &care_prescription, NULL, &id, &error), &error);
    care_clock("2026-03-05 05:00");
    care_ok(tern_prescription_activate(care, &id, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
}

static void begin_patient(bool is_dated)
{
    care_begin("2026-03-02 05:00");
    care_ok(tern_settings_set_time_zone(care, "America/New_York", &error), &error);
    care_ok(tern_settings_set_grace(care, 20, &error), &error);
    care_ok(tern_settings_set_meals(care, "6-7AM", "12:40", "19:15", &error), &error);
    care_prescription.medicines = medicines;
    care_prescription.medicine_count = sizeof(medicines) / sizeof(medicines[0]);
    care_prescription.start_date = "2026-02-27";
    care_prescription.end_date = "2026-05-27";
    if (is_dated) {
        (void)care_prescribe();
    } else {
        prescribe_without_a_start();
    }
}

static void check_due(bool is_dated)
{
    struct trn_bytes before;
    struct trn_bytes after;
    char folder[610];
    char replica[600];
    char path[700];

    begin_patient(is_dated);
    before = due_rows();
    CHECK(before.size > 0);
    (void)snprintf(replica, sizeof(replica), "%s", care_path());
    (void)snprintf(folder, sizeof(folder), "%s.fhir", replica);
    care_end();
    export_to(folder, replica, path, sizeof(path));

    care_begin("2026-03-02 05:00");
    take_over(path);
    care_clock(is_dated ? "2026-03-02 05:00" : "2026-03-05 05:00");
    after = due_rows();
    CHECK_INT(after.size, 0); /* none came along */
    trn_bytes_free(&after);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    after = due_rows();
    CHECK_TEXT(trn_bytes_text(&after), trn_bytes_text(&before));
    trn_bytes_free(&before);
    trn_bytes_free(&after);
    care_end();
    CHECK(unlink(path) == 0 && rmdir(folder) == 0);
}

TEST(doses_that_are_due_are_made_again_of_what_an_export_says_each_with_its_id_and_time)
{
    check_due(true);
}

TEST(what_was_put_in_force_later_is_exported_with_the_day_of_that)
{
    check_due(false);
}

/* Who takes the file over has no versions to judge a guess by: it comes in as what was missed. */
TEST(what_was_stored_as_missed_comes_out_of_a_file_as_missed)
{
    static const char count[] = "SELECT count(*) FROM dose_events WHERE status='MISSED' AND "
                                "flags IS NULL";
    tern_missed_cursor cursor = {.scheduled_us = 0};
    uint32_t missed = 0;
    bool more = true;
    char folder[610];
    char replica[600];
    char path[700];

    begin_patient(true);
    care_clock("2026-03-04 05:00");
    care_ok(tern_doses_infer_missed(care, NULL, 100, &cursor, &missed, &more, &error), &error);
    CHECK(missed > 0);
    CHECK_INT(fixture_number(care_replica, count), 0);
    (void)snprintf(replica, sizeof(replica), "%s", care_path());
    (void)snprintf(folder, sizeof(folder), "%s.fhir", replica);
    care_end();
    export_to(folder, replica, path, sizeof(path));

    care_begin("2026-03-02 05:00");
    take_over(path);
    CHECK_INT(fixture_number(care_replica, count), missed);
    care_end();
    CHECK(unlink(path) == 0 && rmdir(folder) == 0);
}

/* Rows to resources and back: words and timings, columns that go along, and memory that runs out.
 */
#include "cli/fhir_export.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "cli/fhir_column.h"
#include "cli/fhir_timing.h"
#include "cli/fhir_words.h"
#include "tests/harness/harness.h"

static const tern_id patient = {{1}};
static const tern_id prescription_id = {{2}};
static const tern_id medication_id = {{3}};

static void begin_user(struct trn_fhir_row *row)
{
    trn_fhir_row_begin(row, "users", "", &patient, &patient);
    trn_fhir_row_add_text(row,
                          "full_name",
                          trn_slice_text("\u17a2\u17d2\u1793\u1780 \u1791\u17b8"));
    trn_fhir_row_add_text(row, "gender", trn_slice_text("FEMALE"));
    trn_fhir_row_add_text(row, "email", trn_slice_text("a@example.org"));
    trn_fhir_row_add_text(row, "language", trn_slice_text("KHMER"));
    trn_fhir_row_add_text(row, "theme", trn_slice_text("DARK"));
}

static void begin_prescription(struct trn_fhir_row *row)
{
    trn_fhir_row_begin(row, "prescriptions", "", &prescription_id, &patient);
    trn_fhir_row_add_id(row, "patient_id", &patient);
    trn_fhir_row_add_text(row, "patient_name", trn_slice_text("somebody else"));
    trn_fhir_row_add_text(row, "diagnosis", trn_slice_text("fever"));
    trn_fhir_row_add_text(row, "start_date", trn_slice_text("2026-03-02"));
    trn_fhir_row_add_text(row, "status", trn_slice_text("ACTIVE"));
    trn_fhir_row_add_integer(row, "is_urgent", 0);
    trn_fhir_row_add_integer(row, "created_at", 1772400000000000);
}

static void begin_medication(struct trn_fhir_row *row, const char *frequency, const char *timing)
{
    trn_fhir_row_begin(row, "medications", "", &medication_id, &patient);
    trn_fhir_row_add_id(row, "prescription_id", &prescription_id);
    trn_fhir_row_add_integer(row, "row_number", 1);
    trn_fhir_row_add_text(row, "medicine_name", trn_slice_text("Amlodipine 5 mg"));
    if (frequency != NULL) {
        trn_fhir_row_add_text(row, "frequency", trn_slice_text(frequency));
    }
    if (timing != NULL) {
        trn_fhir_row_add_text(row, "timing", trn_slice_text(timing));
    }
    trn_fhir_row_add_integer(row, "is_prn", 0);
    trn_fhir_row_add_integer(row, "created_at", 1772400000000000);
}

static void begin_dose(struct trn_fhir_row *row)
{
    trn_fhir_row_begin(row, "dose_events", "", &medication_id, &patient);
    trn_fhir_row_add_id(row, "prescription_id", &prescription_id);
    trn_fhir_row_add_id(row, "medication_id", &medication_id);
    trn_fhir_row_add_id(row, "patient_id", &patient);
    trn_fhir_row_add_integer(row, "scheduled_time", 1772453400000000);
    trn_fhir_row_add_text(row, "local_date", trn_slice_text("2026-03-02"));
    trn_fhir_row_add_text(row, "slot", trn_slice_text("MORNING"));
    trn_fhir_row_add_text(row, "time_period", trn_slice_text("DAYTIME"));
    trn_fhir_row_add_integer(row, "grace_minutes", 20);
    trn_fhir_row_add_text(row, "status", trn_slice_text("SKIPPED"));
    trn_fhir_row_add_text(row, "skip_reason", trn_slice_text("asleep"));
}

/* The instructions of words, read again: "frequency|timing|prn". */
static void check_words(const char *frequency, const char *timing, bool prn)
{
    struct trn_fhir_row prescription = {0};
    struct trn_fhir_row medication = {0};
    struct trn_fhir_report report = {0};
    struct trn_fhir_dosage dosage = {0};
    json_t *instructions = NULL;

    begin_prescription(&prescription);
    begin_medication(&medication, frequency, timing);
    trn_fhir_row_drop(&medication, "is_prn");
    trn_fhir_row_add_integer(&medication, "is_prn", prn ? 1 : 0);
    CHECK(trn_fhir_words_write(&prescription, &medication, "2026-03-02", &instructions) == TERN_OK);
    CHECK(instructions != NULL);
    CHECK(trn_fhir_report_open(&report, NULL) == TERN_OK);
    CHECK(trn_fhir_dosage_read(instructions, &report, &dosage) == TERN_OK);
    CHECK_TEXT(trn_bytes_text(&dosage.frequency), frequency);
    CHECK_TEXT(trn_bytes_text(&dosage.timing), timing);
    CHECK_INT(dosage.is_prn, prn);
    CHECK_INT(json_object_size(report.unmapped), 0);
    json_decref(instructions);
    trn_fhir_dosage_free(&dosage);
    trn_fhir_report_close(&report);
    trn_fhir_row_free(&prescription);
    trn_fhir_row_free(&medication);
}

TEST(words_that_the_import_writes_become_a_timing_and_words_again)
{
    check_words("once a day", "", false);
    check_words("twice a day", "", false);
    check_words("every 6 hours", "", false);
    check_words("once an hour", "", false);
    check_words("every 4-6 hours", "", false);
    check_words("3-4 times every 1.5 weeks", "", false);
    check_words("5 times a year", "", false);
    check_words("every 30 seconds", "", false);
    check_words("twice a week", "mon; thu", false);
    check_words("", "08:00; 20:30", false);
    check_words("", "ACM; PCV", false);
    check_words("every 8 hours", "as needed for \u1788\u17ba", true);
    check_words("4 times a day", "2.5 ml a dose", false);
    check_words("", "as told", false);
    check_words("once a month", "told at home; 3 a dose", false);
    check_words("once a month", "tue; as needed for \u1788\u17ba", true);
}

TEST(a_prescription_that_says_nothing_has_no_instructions)
{
    struct trn_fhir_row prescription = {0};
    struct trn_fhir_row medication = {0};
    json_t *instructions = NULL;

    begin_prescription(&prescription);
    begin_medication(&medication, NULL, NULL);
    CHECK(trn_fhir_words_write(&prescription, &medication, "2026-03-02", &instructions) == TERN_OK);
    CHECK(instructions == NULL);
    trn_fhir_row_free(&prescription);
    trn_fhir_row_free(&medication);
}

/* Of a prescription made on 2026-03-02: its dates, and a medicine's own. */
struct course {
    const char *start_date;
    const char *begins_on;
    const char *end_date;
    const char *starts_on;
    int64_t duration;
};

static void add_date(struct trn_fhir_row *row, const char *column, const char *date)
{
    trn_fhir_row_drop(row, column);
    if (date != NULL) {
        trn_fhir_row_add_text(row, column, trn_slice_text(date));
    }
}

/* What the elements alone say of it: "start/end", or its days. */
static void check_course(const struct course *course, const char *bounds)
{
    struct trn_fhir_row prescription = {0};
    struct trn_fhir_row medication = {0};
    json_t *instructions = NULL;
    json_t *repeat;
    const char *start = NULL;
    const char *end = NULL;
    int days = 0;
    char text[64];

    begin_prescription(&prescription);
    add_date(&prescription, "start_date", course->start_date);
    add_date(&prescription, "begins_on", course->begins_on);
    add_date(&prescription, "end_date", course->end_date);
    begin_medication(&medication, "twice a day", NULL);
    add_date(&medication, "starts_on", course->starts_on);
    trn_fhir_row_add_integer(&medication, "duration", course->duration);
    CHECK(trn_fhir_words_write(&prescription, &medication, "2026-03-02", &instructions) == TERN_OK);
    repeat = json_object_get(json_object_get(json_array_get(instructions, 0), "timing"), "repeat");
    (void)json_unpack(repeat, "{s:{s:s}}", "boundsPeriod", "start", &start);
    (void)json_unpack(repeat, "{s:{s:s}}", "boundsPeriod", "end", &end);
    (void)json_unpack(repeat, "{s:{s:i}}", "boundsDuration", "value", &days);
    (void)snprintf(text,
                   sizeof(text),
                   days > 0 ? "%s%s%d days" : "%s/%s",
                   start != NULL ? start : "",
                   end != NULL ? end : "",
                   days);
    CHECK_TEXT(text, bounds);
    json_decref(instructions);
    trn_fhir_row_free(&prescription);
    trn_fhir_row_free(&medication);
}

TEST(a_course_ends_on_the_day_on_which_the_schedule_ends_it)
{
    static const struct {
        struct course course;
        const char *bounds;
    } cases[] = {
        /* start, put in force, end, the medicine's own first day, days */
        {{"2026-03-01", NULL, NULL, NULL, 7}, "2026-03-01/2026-03-07"},
        {{"2026-03-01", NULL, "2026-12-31", NULL, 7}, "2026-03-01/2026-03-07"},
        {{"2026-03-01", NULL, "2026-03-03", NULL, 7}, "2026-03-01/2026-03-03"},
        {{"2026-03-01", NULL, "2026-12-31", NULL, 0}, "2026-03-01/2026-12-31"},
        {{"2026-03-01", NULL, NULL, NULL, 0}, "2026-03-01/"},
        {{"2026-03-01", NULL, NULL, NULL, 1}, "2026-03-01/2026-03-01"},
        {{"2026-03-02", NULL, NULL, NULL, 7}, "7 days"},
        {{"2026-03-02", NULL, NULL, NULL, 0}, "/"},
        {{"2026-03-02", NULL, "2026-12-31", NULL, 7}, "2026-03-02/2026-03-08"},
        /* without a date of its own: from the day on which it was put in force, else was made */
        {{NULL, "2026-03-05", NULL, NULL, 7}, "2026-03-05/2026-03-11"},
        {{NULL, "2026-03-02", "2026-12-31", NULL, 7}, "2026-03-02/2026-03-08"},
        {{NULL, NULL, "2026-12-31", NULL, 7}, "2026-03-02/2026-03-08"},
        {{NULL, NULL, NULL, NULL, 7}, "7 days"},
        /* added by an edit */
        {{"2026-03-02", NULL, NULL, "2026-03-21", 7}, "2026-03-21/2026-03-27"},
        {{"2026-03-02", NULL, "2026-04-02", "2026-03-21", 7}, "2026-03-21/2026-03-27"},
        {{"2026-03-02", NULL, "2026-03-23", "2026-03-21", 7}, "2026-03-21/2026-03-23"},
        {{"2026-03-01", NULL, "2026-12-31", "2026-03-01", 7}, "2026-03-01/2026-03-07"},
        {{"2026-03-02", NULL, NULL, "2026-02-20", 7}, "7 days"}, /* begins with its prescription */
        /* never taken */
        {{"2026-03-02", NULL, "2026-03-20", "2026-03-21", 7}, "/2026-03-20"},
        {{"2026-03-05", NULL, "2026-03-04", NULL, 7}, "/2026-03-04"},
        {{"2026-03-05", NULL, "2026-03-04", NULL, 0}, "/2026-03-04"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_course(&cases[i].course, cases[i].bounds);
    }
}

/* ---- Columns ---- */

static size_t apply(const char *parts, struct trn_fhir_row *row)
{
    json_t *extension = json_object();
    struct trn_fhir_report report = {0};
    size_t refused;

    CHECK(json_object_set_new(extension, "extension", json_loads(parts, 0, NULL)) == 0);
    CHECK(trn_fhir_report_open(&report, NULL) == TERN_OK);
    trn_fhir_columns_apply(extension, &report, row);
    CHECK(row->status == TERN_OK);
    refused =
        (size_t)trn_fhir_report_count(report.unmapped, "extension (a column that cannot be taken)");
    trn_fhir_report_close(&report);
    json_decref(extension);
    return refused;
}

TEST(a_column_that_its_table_cannot_hold_is_counted_and_changes_nothing)
{
    static const char *const bad[] = {
        "[{\"url\":\"status\",\"valueCode\":\"TAKEN\"}]",
        "[{\"url\":\"status\",\"valueString\":\"MISSED\"}]",
        ("[{\"url\":\"patient_id\","
         "\"valueUuid\":\"urn:uuid:0a1b0000-0000-4000-8000-00000000000a\"}]"),
        "[{\"url\":\"grace_minutes\",\"valueInteger\":61}]",
        "[{\"url\":\"grace_minutes\",\"valueInteger\":\"30\"}]",
        "[{\"url\":\"local_date\",\"valueDate\":\"2026-02-30\"}]",
        "[{\"url\":\"local_date\",\"valueDate\":\"2026-02\"}]",
        "[{\"url\":\"slot\",\"valueCode\":\"24:00\"}]",
        "[{\"url\":\"scheduled_time\",\"valueInstant\":\"soon\"}]",
        "[{\"url\":\"was_offline\",\"valueBoolean\":1}]",
        "[{\"url\":\"absent\",\"valueString\":\"slot\"}]",
        "[{\"url\":\"absent\",\"valueString\":\"theme\"}]",
        "[{\"url\":\"empty\",\"valueString\":\"taken_at\"}]",
        "[{\"url\":\"flags\",\"valueString\":null}]",
        "[{\"valueString\":\"x\"}]",
        "[3]",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct trn_fhir_row row = {0};
        size_t before;

        begin_dose(&row);
        before = row.data.size;
        CHECK_INT(apply(bad[i], &row), 1);
        CHECK_INT(row.count, 10);
        CHECK_INT(row.data.size, before);
        trn_fhir_row_free(&row);
    }
}

TEST(a_text_longer_than_its_column_is_refused_by_characters)
{
    struct trn_fhir_row row = {0};
    char parts[1024] = "[{\"url\":\"flags\",\"valueString\":\"";

    for (int i = 0; i < 100; i++) {
        memcpy(parts + strlen(parts), "\u1780", 4);
    }
    memcpy(parts + strlen(parts), "\"}]", 4);
    begin_dose(&row);
    CHECK_INT(apply(parts, &row), 0);
    CHECK_INT(trn_fhir_row_find(&row, "flags").size, 300);
    memcpy(strstr(parts, "\"}]"), "x\"}]", 5);
    CHECK_INT(apply(parts, &row), 1);
    trn_fhir_row_free(&row);
}

TEST(columns_are_laid_over_what_the_elements_say)
{
    struct trn_fhir_row row = {0};

    begin_dose(&row);
    CHECK_INT(apply("[{\"url\":\"status\",\"valueCode\":\"MISSED\"},"
                    "{\"url\":\"absent\",\"valueString\":\"skip_reason\"},"
                    "{\"url\":\"was_offline\",\"valueBoolean\":true},"
                    "{\"url\":\"slot\",\"valueCode\":\"23:59:58\"},"
                    "{\"url\":\"taken_at\",\"valueInstant\":\"2026-03-02T00:00:00.000001Z\"},"
                    "{\"url\":\"empty\",\"valueString\":\"flags\"}]",
                    &row),
              0);
    CHECK(
        trn_slice_equal_text(trn_slice_make(trn_fhir_row_find(&row, "status").data, 6), "MISSED"));
    CHECK_INT(trn_fhir_row_find(&row, "skip_reason").kind, TERN_NULL);
    CHECK_INT(trn_fhir_row_find(&row, "was_offline").integer, 1);
    CHECK_INT(trn_fhir_row_find(&row, "taken_at").integer, 1772409600000001);
    CHECK_INT(trn_fhir_row_find(&row, "flags").kind, TERN_TEXT);
    CHECK_INT(trn_fhir_row_find(&row, "flags").size, 0);
    trn_fhir_row_free(&row);
}

/* ---- Whole exports ---- */

struct record {
    struct trn_fhir_row user;
    struct trn_fhir_row prescription;
    struct trn_fhir_row medication;
    struct trn_fhir_row dose;
};

static void begin_record(struct record *record)
{
    *record = (struct record){.user = {.count = 0}};
    begin_user(&record->user);
    begin_prescription(&record->prescription);
    begin_medication(&record->medication, "twice a day", "mon; told at home");
    trn_fhir_row_add_text(&record->medication,
                          "morning_dosage",
                          trn_slice_text("{\"amount\":1,\"before_meal\":true}"));
    trn_fhir_row_add_text(&record->medication,
                          "night_dosage",
                          trn_slice_text("{\"amount\":2,\"unit\":\"tablet\"}"));
    begin_dose(&record->dose);
}

static void end_record(struct record *record)
{
    trn_fhir_row_free(&record->user);
    trn_fhir_row_free(&record->prescription);
    trn_fhir_row_free(&record->medication);
    trn_fhir_row_free(&record->dose);
}

static tern_status export_all(const struct record *record, json_t *resources[3])
{
    struct trn_fhir_exporter exporter;
    tern_status status = trn_fhir_exporter_open(&exporter, TRN_FHIR_LINES, NULL);

    if (status == TERN_OK) {
        status = trn_fhir_export_user(&exporter, &record->user, NULL, &resources[0], NULL);
    }
    if (status == TERN_OK) {
        status = trn_fhir_export_medication(&exporter,
                                            &record->prescription,
                                            &record->medication,
                                            &resources[1],
                                            NULL);
    }
    if (status == TERN_OK) {
        status = trn_fhir_export_dose(&exporter,
                                      &record->medication,
                                      &record->dose,
                                      &resources[2],
                                      NULL);
    }
    trn_fhir_exporter_close(&exporter);
    return status;
}

static void free_all(json_t *resources[3])
{
    for (int i = 0; i < 3; i++) {
        json_decref(resources[i]);
    }
}

TEST(an_export_that_runs_out_of_memory_says_so_and_gives_nothing)
{
    struct record record;
    unsigned worked = 0;

    begin_record(&record);
    FOR_EACH_ALLOC_FAILURE (nth) {
        json_t *resources[3] = {NULL};
        tern_status status = export_all(&record, resources);

        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK((status == TERN_OK) == (resources[2] != NULL));
        worked += status == TERN_OK ? 1 : 0;
        free_all(resources);
    }
    CHECK(worked >= 1);
    end_record(&record);
}

static json_t *only_extension(json_t *resource, const char *url)
{
    json_t *extensions = json_object_get(resource, "extension");

    for (size_t i = 0; i < json_array_size(extensions); i++) {
        json_t *extension = json_array_get(extensions, i);

        if (strcmp(json_string_value(json_object_get(extension, "url")), url) == 0) {
            return json_object_get(extension, "extension");
        }
    }
    return NULL;
}

TEST(only_what_elements_do_not_say_goes_along)
{
    struct record record;
    json_t *resources[3] = {NULL};
    json_t *columns;

    begin_record(&record);
    CHECK(export_all(&record, resources) == TERN_OK);
    columns = only_extension(resources[0], "urn:tern:columns:users");
    CHECK_INT(json_array_size(columns), 1); /* the theme */
    columns = only_extension(resources[1], "urn:tern:columns:prescriptions");
    CHECK_INT(json_array_size(columns), 2); /* another name and gender than the patient's now */
    free_all(resources);
    end_record(&record);
}

TEST(a_dose_whose_medication_is_gone_is_told_without_its_request)
{
    struct trn_fhir_exporter exporter;
    struct record record;
    json_t *dose = NULL;

    begin_record(&record);
    CHECK(trn_fhir_exporter_open(&exporter, TRN_FHIR_LINES, NULL) == TERN_OK);
    CHECK(trn_fhir_export_dose(&exporter, &record.medication, &record.dose, &dose, NULL) ==
          TERN_OK);
    CHECK(json_object_get(dose, "request") == NULL);
    CHECK_TEXT(json_string_value(json_object_get(dose, "status")), "not-done");
    json_decref(dose);
    trn_fhir_exporter_close(&exporter);
    end_record(&record);
}

TEST(a_medicine_without_a_name_is_left_out)
{
    struct trn_fhir_exporter exporter;
    struct record record;
    json_t *request = NULL;

    begin_record(&record);
    trn_fhir_row_drop(&record.medication, "medicine_name");
    trn_fhir_row_add_text(&record.medication, "medicine_name", trn_slice_text(""));
    CHECK(trn_fhir_exporter_open(&exporter, TRN_FHIR_BUNDLE, NULL) == TERN_OK);
    CHECK(trn_fhir_export_medication(&exporter,
                                     &record.prescription,
                                     &record.medication,
                                     &request,
                                     NULL) == TERN_OK);
    CHECK(request == NULL);
    trn_fhir_exporter_close(&exporter);
    end_record(&record);
}

TEST(moments_are_written_by_the_clock_of_where_they_were)
{
    static const struct {
        int64_t us;
        int offset;
        const char *text;
    } cases[] = {
        {0, 0, "1970-01-01T00:00:00Z"},
        {-1, 0, "1969-12-31T23:59:59.999999Z"},
        {1772453400000000, 420, "2026-03-02T19:10:00+07:00"},
        {INT64_C(-62135596800000000), 0, "0001-01-01T00:00:00Z"},
        {1772453400500000, -210, "2026-03-02T08:40:00.500000-03:30"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[TRN_INSTANT_BYTES];
        int64_t us = 0;

        trn_fhir_instant(cases[i].us, cases[i].offset, text);
        CHECK_TEXT(text, cases[i].text);
        CHECK(trn_fhir_time(text, &us));
        CHECK_INT(us, cases[i].us);
    }
}

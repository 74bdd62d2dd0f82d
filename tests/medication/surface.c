/* What calls are tried on, and how it is told that one refused. */
#include "tests/medication/surface.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct given given;
tern_medicine surface_medicines[2];

const char *const surface_no_dates[SURFACE_NO_DATES] = {"",
                                                        "2026-02-30",
                                                        "2026-2-3",
                                                        "2025-02-29",
                                                        "0000-01-01",
                                                        "10000-01-01",
                                                        "2026-03-01x",
                                                        "\xff",
                                                        "today"};

const int64_t surface_no_moments[SURFACE_NO_MOMENTS] = {INT64_MIN,
                                                        INT64_MAX,
                                                        INT64_C(253402300800000000)};

enum { TRIED_MAX = 1000 };

static const char *tried[TRIED_MAX];
static size_t tried_count;

void surface_note(const char *function)
{
    CHECK(tried_count < TRIED_MAX);
    tried[tried_count++] = function;
}

static uint64_t hash(uint64_t sum, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static uint64_t hash_rows(uint64_t sum, sqlite3 *db, const char *table)
{
    sqlite3_stmt *rows = NULL;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const int type = sqlite3_column_type(rows, i);
            const void *bytes = sqlite3_column_blob(rows, i);

            sum = hash(sum, &type, sizeof(type));
            sum = hash(sum, bytes, (size_t)sqlite3_column_bytes(rows, i));
        }
    }
    sqlite3_finalize(rows);
    sqlite3_free(sql);
    return sum;
}

/* All rows of all tables. */
uint64_t surface_dump(void)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    sqlite3_stmt *tables = NULL;
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open_v2(care_path(), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT name FROM sqlite_schema WHERE type='table' AND "
                                        "sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
                                        -1,
                                        &tables,
                                        NULL),
                     SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(tables, 0);

        sum = hash_rows(hash(sum, name, strlen(name)), db, name);
    }
    sqlite3_finalize(tables);
    sqlite3_close(db);
    return sum;
}

static void check_said(const char *what, const tern_care_error *error, tern_language language)
{
    const tern_locale locale = {.size = sizeof(locale), .language = language};
    char text[1000] = "";
    size_t size = tern_say_problem(&locale, error, text, sizeof(text));

    if (size < 20 || size >= sizeof(text) ||
        !trn_utf8_is_valid((struct trn_slice){(const uint8_t *)text, size}) ||
        strpbrk(text, "{}") != NULL ||
        (error->problem != TERN_PROBLEM_NONE &&
         strstr(text, tern_status_code(error->error.status)) != NULL)) {
        fail_msg("%s: it is said: %s", what, text);
    }
}

void surface_refuse(const char *function,
                    const char *what,
                    tern_status status,
                    tern_status wanted,
                    tern_problem problem,
                    const tern_care_error *error)
{
    surface_note(function);
    if (status != wanted || error->error.status != status || error->problem != problem ||
        error->error.message[0] == '\0') {
        fail_msg("%s: %s (%s), and not %s (%s): %s",
                 what,
                 tern_status_code(status),
                 status == TERN_OK ? "" : tern_problem_code(error->problem),
                 tern_status_code(wanted),
                 tern_problem_code(problem),
                 status == TERN_OK ? "" : error->error.message);
    }
    check_said(what, error, TERN_KHMER);
    check_said(what, error, TERN_ENGLISH);
    if (surface_dump() != given.dump) {
        fail_msg("%s: the file is another one", what);
    }
}

/* ---- What they are tried on ---- */

/* What can be prescribed, of two surface_medicines. */
tern_prescription surface_form(void)
{
    surface_medicines[0] = care_medicine;
    surface_medicines[1] = (tern_medicine){.name = "as needed", .is_prn = true};
    care_prescription.medicines = surface_medicines;
    care_prescription.medicine_count = 2;
    return care_prescription;
}

static tern_id create(void)
{
    tern_care_error error;
    const tern_prescription form = surface_form();
    tern_id id = {{0}};

    care_ok(tern_prescription_create(care, &form, NULL, &id, &error), &error);
    return id;
}

void surface_begin(void)
{
    tern_care_error error;

    care_begin("2026-03-02 05:00");
    memset(given.too_long, 'a', SURFACE_LONG);
    given.nobody = fixture_id(77);
    fixture_run(care_replica,
                "INSERT INTO users(id, role) VALUES(x'6170692d666978747572652d00000002', "
                "'PATIENT')");
    given.active = create();
    given.draft = create();
    given.ended = create();
    care_ok(tern_prescription_activate(care, &given.active, &error), &error);
    care_ok(tern_prescription_end(care, &given.ended, &error), &error);
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
    care_clock("2026-03-02 07:00");
    given.taken =
        care_id("SELECT id FROM dose_events WHERE local_date='2026-03-02' AND slot='MORNING'");
    given.due =
        care_id("SELECT id FROM dose_events WHERE local_date='2026-03-02' AND slot='NIGHT'");
    care_ok(tern_dose_take(care, &given.taken, NULL, NULL, &error), &error);
    given.medication = care_id("SELECT m.id FROM medications m JOIN prescriptions p ON "
                               "p.id=m.prescription_id WHERE p.status='ACTIVE' AND NOT m.is_prn");
    given.prn = care_id("SELECT m.id FROM medications m JOIN prescriptions p ON "
                        "p.id=m.prescription_id WHERE p.status='ACTIVE' AND m.is_prn");
    given.dump = surface_dump();
}

/* ---- The headers ---- */

static bool is_tried(const char *name, size_t size)
{
    for (size_t i = 0; i < tried_count; i++) {
        if (strlen(tried[i]) == size && memcmp(tried[i], name, size) == 0) {
            return true;
        }
    }
    return false;
}

/* The name before the bracket behind each TERN_API. */
static size_t check_header(const char *path)
{
    static char header[1 << 16];
    FILE *file = fopen(path, "rb");
    size_t count = 0;

    CHECK(file != NULL);
    header[fread(header, 1, sizeof(header) - 1, file)] = '\0';
    CHECK(feof(file) && fclose(file) == 0);
    for (const char *at = strstr(header, "TERN_API"); at != NULL; at = strstr(at, "TERN_API")) {
        const char *end = strchr(at, '(');
        const char *name = end;

        CHECK(end != NULL);
        while (name[-1] == '_' || (name[-1] >= 'a' && name[-1] <= 'z')) {
            name--;
        }
        if (!is_tried(name, (size_t)(end - name))) {
            fail_msg("%.*s is not tried", (int)(end - name), name);
        }
        at = end;
        count++;
    }
    return count;
}

void surface_check_headers(void)
{
    DIR *folder = opendir(TERN_MEDICATION_HEADERS);
    struct dirent *entry;
    size_t count = 0;

    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            count += check_header(trn_test_path(TERN_MEDICATION_HEADERS, entry->d_name));
        }
    }
    (void)closedir(folder);
    CHECK(count >= 58);
}

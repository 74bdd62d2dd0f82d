/* A sink that sorts what an import hands over by whose it is, and a reading of timings that knows
 * nothing of words. */
#include "tests/medication/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/uuid.h"
#include "cli/fhir_import.h"
#include "tern/row.h"
#include "tests/harness/harness.h"

enum { LINE_BYTES = 65536, DAY_MINUTES = 1440 };

struct person {
    tern_id id;
    struct trn_fhir_row *rows;
    size_t count;
};

static struct person people[PEOPLE];
static size_t people_count;
static json_t *requests; /* by id */

/* ---- Reading ---- */

static struct person *find(const tern_id *id)
{
    for (size_t i = 0; i < people_count; i++) {
        if (trn_id_equal(&people[i].id, id)) {
            return &people[i];
        }
    }
    CHECK(people_count < PEOPLE);
    people[people_count].id = *id;
    return &people[people_count++];
}

static void keep(const struct trn_fhir_row *row)
{
    struct person *person = find(&row->patient);
    struct trn_fhir_row *rows = realloc(person->rows, (person->count + 1) * sizeof(*rows));
    struct trn_fhir_row *copy;

    CHECK(rows != NULL);
    person->rows = rows;
    copy = &rows[person->count++];
    *copy = *row;
    copy->data = (struct trn_bytes){0};
    CHECK(trn_bytes_append_slice(&copy->data, trn_bytes_slice(&row->data)) == TERN_OK);
}

static tern_status put(void *context,
                       const struct trn_fhir_row *rows,
                       size_t count,
                       struct trn_fhir_report *report,
                       tern_error *error)
{
    (void)context;
    (void)report;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        keep(&rows[i]);
    }
    return TERN_OK;
}

static void import(const char *path)
{
    const struct trn_fhir_sink sink = {.put = put};
    struct trn_fhir_report report = {0};
    tern_error error = {0};

    CHECK(trn_fhir_report_open(&report, &error) == TERN_OK);
    if (trn_fhir_import(&path, 1, &sink, &report, &error) != TERN_OK) {
        fail_msg("%s", error.message);
    }
    trn_fhir_report_close(&report);
}

static void read_requests(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[LINE_BYTES];

    CHECK(file != NULL);
    requests = json_object();
    while (fgets(line, sizeof(line), file) != NULL) {
        json_t *request = json_loads(line, 0, NULL);
        const char *id = json_string_value(json_object_get(request, "id"));

        CHECK(id != NULL && json_object_set_new(requests, id, request) == 0);
    }
    (void)fclose(file);
}

void people_read(void)
{
    char path[1024];

    (void)snprintf(path,
                   sizeof(path),
                   "%s/synthea-fhir-r4/MedicationRequest.ndjson",
                   trn_test_data());
    if (requests == NULL) {
        read_requests(path);
        import(path);
    }
    CHECK_INT(people_count, PEOPLE);
}

tern_id people_id(size_t number)
{
    return people[number].id;
}

static void put_row(tern_tx *tx, const struct trn_fhir_row *row)
{
    tern_cell cells[TRN_FHIR_CELLS_MAX + 1] = {{"id", tern_value_id(&row->id)}};
    tern_error error = {0};

    for (size_t i = 0; i < row->count; i++) {
        cells[i + 1] = (tern_cell){row->cells[i].column, trn_fhir_row_value(row, i)};
    }
    if (tern_row_insert(tx, row->table, cells, row->count + 1, NULL, &error) != TERN_OK) {
        fail_msg("%s", error.message);
    }
}

void people_put(size_t number, tern_replica *replica)
{
    const struct person *person = &people[number];
    tern_tx *tx = NULL;

    CHECK_INT(tern_tx_begin(replica, NULL, &tx, NULL), TERN_OK);
    for (size_t i = 0; i < person->count; i++) {
        put_row(tx, &person->rows[i]);
    }
    CHECK_INT(tern_tx_commit(tx, NULL, NULL), TERN_OK);
}

const json_t *people_request(const tern_id *prescription)
{
    char id[TRN_ID_TEXT_SIZE + 1];
    const json_t *request;

    trn_id_format(prescription, id);
    request = json_object_get(requests, id);
    CHECK(request != NULL);
    return request;
}

/* ---- Timings ---- */

static size_t in_order(const int32_t *minutes, size_t count, int32_t *ret_minutes)
{
    memcpy(ret_minutes, minutes, count * sizeof(*minutes));
    return count;
}

/* Once to three times a day is with the meals of 7, 12 and 18 o'clock, half an hour after. */
static size_t daily(int64_t times, int32_t *ret_minutes)
{
    static const int32_t minutes[3][3] = {{450}, {450, 1110}, {450, 750, 1110}};

    CHECK(times >= 1 && times <= 3);
    return in_order(minutes[times - 1], (size_t)times, ret_minutes);
}

/* From 7 o'clock of the first day on. */
static size_t hourly(int64_t hours, int32_t days, int32_t *ret_minutes)
{
    size_t count = 0;

    for (int32_t minute = 0; minute < DAY_MINUTES; minute++) {
        int64_t since = (int64_t)days * DAY_MINUTES + minute - 420;

        if (since >= 0 && since % (hours * 60) == 0) {
            CHECK(count < PEOPLE_TIMES_MAX);
            ret_minutes[count++] = minute;
        }
    }
    return count;
}

size_t people_times(const json_t *request,
                    int32_t first_day,
                    int32_t day,
                    int32_t ret_minutes[PEOPLE_TIMES_MAX])
{
    const json_t *instructions = json_object_get(request, "dosageInstruction");
    const json_t *instruction = json_array_get(instructions, 0);
    const json_t *repeat = json_object_get(json_object_get(instruction, "timing"), "repeat");
    const char *unit = json_string_value(json_object_get(repeat, "periodUnit"));
    const int64_t times = json_integer_value(json_object_get(repeat, "frequency"));
    const int64_t period = json_integer_value(json_object_get(repeat, "period"));

    CHECK(json_array_size(instructions) < 2);
    if (repeat == NULL || json_is_true(json_object_get(instruction, "asNeededBoolean"))) {
        return 0;
    }
    CHECK(unit != NULL && json_object_size(repeat) == 3);
    if (strcmp(unit, "d") == 0 && period == 1) {
        return daily(times, ret_minutes);
    }
    CHECK_INT(times, 1);
    if (strcmp(unit, "h") == 0) {
        return hourly(period, day - first_day, ret_minutes);
    }
    CHECK_TEXT(unit, "d");
    return (day - first_day) % period == 0 ? daily(1, ret_minutes) : 0;
}

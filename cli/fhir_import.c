/* The readings of the files, and rows gathered by patient between them and the sink. */
#include "cli/fhir_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "cli/fhir_map.h"
#include "cli/fhir_read.h"
#include "cli/fhir_value.h"

/* A resource makes at most a prescription, a medication, its beginning and a stranger. */
enum { ROWS_OF_RESOURCE = 4, ROWS_FIRST = 64 };

/* What the names of a unit's columns take of its 1 MiB is far below the difference. */
enum { UNIT_BYTES_MAX = (1 << 20) - 1024, LONG_ROW_BYTES = 128 * 1024, WORDS_BYTES = 128 };

struct import {
    const struct trn_fhir_sink *sink;
    struct trn_fhir_report *report;
    struct trn_fhir_index index;
    json_t *users;             /* ids as text of the users rows made so far */
    json_t *prescriptions;     /* whose they are; ids as text */
    struct trn_fhir_row *rows; /* at most TRN_FHIR_HELD_ROWS of them */
    size_t count;
    size_t capacity;
    size_t resources;
};

static tern_status note(void *context, json_t *resource, const char *full_url, tern_error *error)
{
    struct import *import = context;

    return trn_fhir_index_add(&import->index, resource, full_url, error);
}

/* By patient; each patient's rows in the order in which they came, users rows thus first. */
static int compare_rows(const void *left, const void *right)
{
    const struct trn_fhir_row *a = left;
    const struct trn_fhir_row *b = right;
    int order = trn_id_compare(&a->patient, &b->patient);

    if (order != 0) {
        return order;
    }
    if (a->resource != b->resource) {
        return a->resource < b->resource ? -1 : 1;
    }
    return a->place - b->place;
}

/* Where the transaction that begins at `start` ends: with its patient, or at the limit, but never
 * within a resource. */
static size_t end_of_tx(const struct import *import, size_t start)
{
    const struct trn_fhir_row *rows = import->rows;
    size_t end = start + 1;

    while (end < import->count && end - start < TRN_FHIR_TX_ROWS &&
           trn_id_equal(&rows[end].patient, &rows[start].patient)) {
        end++;
    }
    while (end < import->count && end > start + 1 && rows[end].resource == rows[end - 1].resource) {
        end--;
    }
    return end;
}

static tern_status flush(struct import *import, tern_error *error)
{
    tern_status status = TERN_OK;
    size_t start = 0;

    if (import->count > 0) {
        qsort(import->rows, import->count, sizeof(import->rows[0]), compare_rows);
    }
    while (status == TERN_OK && start < import->count) {
        size_t end = end_of_tx(import, start);

        status = import->sink->put(import->sink->context,
                                   &import->rows[start],
                                   end - start,
                                   import->report,
                                   error);
        start = end;
    }
    import->count = 0;
    return status;
}

/* The next free row; it counts once it is kept. */
static struct trn_fhir_row *next_row(struct import *import, size_t ahead)
{
    return &import->rows[import->count + ahead];
}

/* As JSON, which is how a merge unit's values are counted. */
static size_t spelled_size(const struct trn_fhir_row *row, size_t cell)
{
    const tern_value value = trn_fhir_row_value(row, cell);
    json_t *text = value.kind == TERN_TEXT ? json_stringn(value.data, value.size) : NULL;
    size_t size = text == NULL ? 0 : json_dumpb(text, NULL, 0, JSON_ENCODE_ANY);

    json_decref(text);
    return size;
}

/* The texts of a merge unit have 1 MiB together (docs/WIRE.md): the longest is cut by what is above
 * it. */
static void fit(const struct import *import, struct trn_fhir_row *row)
{
    char words[WORDS_BYTES];
    size_t longest = 0;
    size_t size = 0;

    if (row->data.size < LONG_ROW_BYTES) {
        return; /* however much of it JSON escapes */
    }
    for (size_t i = 0; i < row->count; i++) {
        size += spelled_size(row, i);
        longest = row->cells[i].size > row->cells[longest].size ? i : longest;
    }
    if (size > UNIT_BYTES_MAX) {
        struct trn_fhir_cell *cell = &row->cells[longest];
        const size_t above = size - UNIT_BYTES_MAX;
        const size_t left = above < cell->size ? cell->size - above : 0;

        cell->size = trn_utf8_whole(trn_slice_make(row->data.data + cell->offset, left));
        (void)snprintf(words, sizeof(words), "%s (texts of more than 1 MiB together)", row->source);
        trn_fhir_report_unmapped(import->report, words);
    }
}

static tern_status keep(struct import *import, size_t rows, tern_error *error)
{
    for (size_t i = 0; i < rows; i++) {
        struct trn_fhir_row *row = next_row(import, i);

        fit(import, row);
        if (row->status != TERN_OK) {
            return trn_fail(error, row->status, "a row could not be made");
        }
        row->resource = import->resources;
        row->place = strcmp(row->table, "users") == 0 ? -1 : (int)i;
    }
    import->count += rows;
    return TERN_OK;
}

/* Whether the user is new to this import; notes it. */
static bool is_new_user(struct import *import, const tern_id *id)
{
    char text[TRN_ID_TEXT_SIZE + 1];

    trn_id_format(id, text);
    if (json_object_get(import->users, text) != NULL) {
        return false;
    }
    if (json_object_set_new(import->users, text, json_true()) != 0) {
        import->report->status = TERN_ERR_NOMEM;
    }
    return true;
}

static tern_status
take_patient(struct import *import, json_t *resource, const char *full_url, tern_error *error)
{
    struct trn_fhir_row *user = next_row(import, 0);
    bool has_meals;

    if (!trn_fhir_map_patient(resource, full_url, import->report, user)) {
        return TERN_OK;
    }
    if (!is_new_user(import, &user->id)) {
        trn_fhir_report_unmapped(import->report, "Patient (a second time)");
        return TERN_OK;
    }
    has_meals = trn_fhir_map_meals(resource, &user->id, import->report, next_row(import, 1));
    return keep(import, has_meals ? 2 : 1, error);
}

/* Room for the rows of one more resource: makes it, or hands over what is held. */
static tern_status make_room(struct import *import, tern_error *error)
{
    size_t capacity = import->capacity == 0 ? ROWS_FIRST : import->capacity * 2;
    struct trn_fhir_row *rows;

    if (import->count + ROWS_OF_RESOURCE <= import->capacity) {
        return TERN_OK;
    }
    if (import->capacity == TRN_FHIR_HELD_ROWS) {
        return flush(import, error);
    }
    if (capacity > TRN_FHIR_HELD_ROWS) {
        capacity = TRN_FHIR_HELD_ROWS;
    }
    rows = trn_realloc(import->rows, capacity * sizeof(*rows));
    if (rows == NULL) {
        return trn_fail_nomem(error);
    }
    memset(rows + import->capacity, 0, (capacity - import->capacity) * sizeof(*rows));
    import->rows = rows;
    import->capacity = capacity;
    return TERN_OK;
}

static const char *const taken[] = {"Patient",
                                    "Medication",
                                    "MedicationRequest",
                                    "MedicationAdministration",
                                    NULL};

/* Patients are all taken first: their rows must reach the server before what refers to them. */
static tern_status
take_patients(void *context, json_t *resource, const char *full_url, tern_error *error)
{
    struct import *import = context;
    const char *type = trn_fhir_text(resource, "resourceType");

    trn_fhir_report_resource(import->report, type);
    if (strcmp(type, "Patient") == 0) {
        tern_status status = make_room(import, error);

        import->resources++;
        return status == TERN_OK ? take_patient(import, resource, full_url, error) : status;
    }
    if (!trn_fhir_is_named(type, taken)) {
        trn_fhir_report_unmapped(import->report, type);
    }
    return TERN_OK;
}

/* Whose prescription has the id already, in these files or before them. */
static tern_status find_owner(struct import *import,
                              const char *id_text,
                              const tern_id *id,
                              bool *ret_found,
                              tern_id *ret_patient,
                              tern_error *error)
{
    const char *patient = json_string_value(json_object_get(import->prescriptions, id_text));

    if (patient != NULL) {
        *ret_found = trn_id_parse(trn_slice_text(patient), ret_patient);
        return TERN_OK;
    }
    return import->sink->find == NULL
               ? TERN_OK
               : import->sink->find(import->sink->context, id, ret_found, ret_patient, error);
}

/* Ids of two sources may be the same, and a prescription never changes its patient: it stays whose
 * it was first. */
static tern_status claim(struct import *import,
                         const struct trn_fhir_row *prescription,
                         bool *ret_theirs,
                         tern_error *error)
{
    char id[TRN_ID_TEXT_SIZE + 1];
    char patient[TRN_ID_TEXT_SIZE + 1];
    tern_id owner;
    bool found = false;
    tern_status status;

    trn_id_format(&prescription->id, id);
    trn_id_format(&prescription->patient, patient);
    status = find_owner(import, id, &prescription->id, &found, &owner, error);
    if (status != TERN_OK) {
        return status;
    }
    *ret_theirs = !found || trn_id_equal(&owner, &prescription->patient);
    if (!found && json_object_set_new(import->prescriptions, id, json_string(patient)) != 0) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

static tern_status
take_requests(void *context, json_t *resource, const char *full_url, tern_error *error)
{
    struct import *import = context;
    struct trn_fhir_request_ids ids;
    struct trn_fhir_row *prescription;
    size_t rows = 2;
    bool theirs = false;
    tern_status status;

    if (strcmp(trn_fhir_text(resource, "resourceType"), "MedicationRequest") != 0) {
        return TERN_OK;
    }
    status = make_room(import, error);
    if (status != TERN_OK) {
        return status;
    }
    import->resources++;
    prescription = next_row(import, 0);
    if (!trn_fhir_map_request(&import->index,
                              resource,
                              full_url,
                              import->report,
                              prescription,
                              next_row(import, 1))) {
        return TERN_OK;
    }
    status = claim(import, prescription, &theirs, error);
    if (status != TERN_OK) {
        return status;
    }
    if (!theirs) {
        trn_fhir_report_unmapped(import->report,
                                 "MedicationRequest (under an id of another patient's)");
        return TERN_OK;
    }
    ids = (struct trn_fhir_request_ids){.prescription = prescription->id,
                                        .medication = next_row(import, 1)->id,
                                        .patient = prescription->patient};
    status = trn_fhir_index_add_request(&import->index, resource, full_url, &ids, error);
    if (status != TERN_OK) {
        return status;
    }
    if (trn_fhir_map_beginning(prescription, next_row(import, rows))) {
        rows++;
    }
    if (is_new_user(import, &prescription->patient)) {
        trn_fhir_map_stranger(&prescription->patient, next_row(import, rows++));
    }
    return keep(import, rows, error);
}

/* Doses come last: they hang on the medications of all files. */
static tern_status
take_doses(void *context, json_t *resource, const char *full_url, tern_error *error)
{
    struct import *import = context;
    tern_status status;

    (void)full_url;
    if (strcmp(trn_fhir_text(resource, "resourceType"), "MedicationAdministration") != 0) {
        return TERN_OK;
    }
    status = make_room(import, error);
    if (status != TERN_OK) {
        return status;
    }
    import->resources++;
    if (!trn_fhir_map_administration(&import->index,
                                     resource,
                                     import->report,
                                     next_row(import, 0))) {
        return TERN_OK;
    }
    return keep(import, 1, error);
}

static tern_status read_all(struct import *import,
                            const char *const *paths,
                            size_t path_count,
                            trn_fhir_visitor visitor,
                            tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < path_count; i++) {
        status = trn_fhir_read(paths[i], visitor, import, error);
    }
    if (status == TERN_OK && import->report->status != TERN_OK) {
        status = trn_fail_nomem(error);
    }
    return status;
}

static void close_import(struct import *import)
{
    for (size_t i = 0; i < import->capacity; i++) {
        trn_fhir_row_free(&import->rows[i]);
    }
    trn_free(import->rows);
    json_decref(import->users);
    json_decref(import->prescriptions);
    trn_fhir_index_close(&import->index);
}

tern_status trn_fhir_import(const char *const *paths,
                            size_t path_count,
                            const struct trn_fhir_sink *sink,
                            struct trn_fhir_report *report,
                            tern_error *error)
{
    struct import import = {.sink = sink, .report = report};
    tern_status status = trn_fhir_index_open(&import.index, error);

    import.users = json_object();
    import.prescriptions = json_object();
    if (status == TERN_OK && (import.users == NULL || import.prescriptions == NULL)) {
        status = trn_fail_nomem(error);
    }
    if (status == TERN_OK) {
        status = read_all(&import, paths, path_count, note, error);
    }
    if (status == TERN_OK) {
        status = read_all(&import, paths, path_count, take_patients, error);
    }
    if (status == TERN_OK) {
        status = read_all(&import, paths, path_count, take_requests, error);
    }
    if (status == TERN_OK && import.index.has_doses) {
        status = read_all(&import, paths, path_count, take_doses, error);
    }
    if (status == TERN_OK) {
        status = flush(&import, error);
    }
    close_import(&import);
    return status;
}

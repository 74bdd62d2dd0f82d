/* Prescriptions: a version with every clinical change, in the transaction of the change. */
#include "tern/medication/prescription.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/mutant.h"
#include "medication/form.h"
#include "medication/hours.h"
#include "tern/row.h"

static const char table[] = "prescriptions";
static const tern_id nil;

enum { START = 6, CLINICAL_CELLS = 10, MEDICINE_CELLS = 12, NEW_CELLS = 2 };

static tern_value id_or_null(const tern_id *id)
{
    return memcmp(id, &nil, sizeof(nil)) == 0 ? tern_value_null() : tern_value_id(id);
}

static void fill_clinical(const tern_prescription *from, tern_cell cells[CLINICAL_CELLS])
{
    cells[0] = (tern_cell){"doctor_id", id_or_null(&from->doctor)};
    cells[1] = (tern_cell){"patient_name", tern_value_text(from->patient_name)};
    cells[2] = (tern_cell){"patient_gender", tern_value_text(from->patient_gender)};
    cells[3] = (tern_cell){"patient_age",
                           from->patient_age < 0 ? tern_value_null()
                                                 : tern_value_integer(from->patient_age)};
    cells[4] = (tern_cell){"symptoms", tern_value_text(from->symptoms)};
    cells[5] = (tern_cell){"diagnosis", tern_value_text(from->diagnosis)};
    cells[START] = (tern_cell){"start_date", tern_value_text(from->start_date)};
    cells[7] = (tern_cell){"end_date", tern_value_text(from->end_date)};
    cells[8] = (tern_cell){"is_urgent", tern_value_integer(from->is_urgent)};
    cells[9] = (tern_cell){"urgent_reason", tern_value_text(from->urgent_reason)};
}

static void fill_medicine(const tern_medicine *from,
                          const tern_id *prescription,
                          size_t row,
                          tern_cell cells[MEDICINE_CELLS])
{
    cells[0] = (tern_cell){"row_number", tern_value_integer((int64_t)row)};
    cells[1] = (tern_cell){"medicine_name", tern_value_text(from->name)};
    cells[2] = (tern_cell){"medicine_name_khmer", tern_value_text(from->name_khmer)};
    cells[3] = (tern_cell){"image_url", tern_value_text(from->image_url)};
    cells[4] = (tern_cell){"morning_dosage", tern_value_text(from->morning_dosage)};
    cells[5] = (tern_cell){"daytime_dosage", tern_value_text(from->daytime_dosage)};
    cells[6] = (tern_cell){"night_dosage", tern_value_text(from->night_dosage)};
    cells[7] = (tern_cell){"frequency", tern_value_text(from->frequency)};
    cells[8] = (tern_cell){"timing", tern_value_text(from->timing)};
    cells[9] = (tern_cell){"duration",
                           from->duration_days > 0 ? tern_value_integer(from->duration_days)
                                                   : tern_value_null()};
    cells[10] = (tern_cell){"is_prn", tern_value_integer(from->is_prn)};
    cells[11] = (tern_cell){"prescription_id", tern_value_id(prescription)};
}

/* When a medicine begins that is prescribed now. */
struct beginning {
    char day[TRN_DATE_BYTES]; /* "": with the prescription */
    int32_t minute;
    const char *start_date; /* of the prescription, where an edit names it */
};

static tern_status insert_medicine(tern_tx *tx,
                                   const tern_id *prescription,
                                   const tern_medicine *medicine,
                                   size_t row,
                                   const struct beginning *begins,
                                   tern_care_error *error)
{
    tern_cell cells[MEDICINE_CELLS + NEW_CELLS];

    fill_medicine(medicine, prescription, row, cells);
    cells[MEDICINE_CELLS] =
        (tern_cell){"starts_on", tern_value_text(trn_is_blank(begins->day) ? NULL : begins->day)};
    cells[MEDICINE_CELLS + 1] = (tern_cell){"first_minute", tern_value_integer(begins->minute)};
    return tern_row_insert(tx,
                           "medications",
                           cells,
                           MEDICINE_CELLS + NEW_CELLS,
                           NULL,
                           trn_engine_error(error));
}

static int64_t bytes_of(const tern_cell *cells, size_t count)
{
    int64_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += cells[i].value.kind == TERN_INTEGER ? 8 : (int64_t)cells[i].value.size;
    }
    return bytes;
}

/* What is written of a prescription; medications stand in its version, too. */
static int64_t measure(const tern_prescription *prescription)
{
    tern_cell cells[CLINICAL_CELLS];
    int64_t bytes;

    fill_clinical(prescription, cells);
    bytes = bytes_of(cells, CLINICAL_CELLS);
    for (size_t i = 0; i < prescription->medicine_count; i++) {
        tern_cell medicine[MEDICINE_CELLS];

        fill_medicine(&prescription->medicines[i], &prescription->patient, i, medicine);
        bytes += 2 * bytes_of(medicine, MEDICINE_CELLS);
    }
    return bytes;
}

/* Before the commit. What is urgent is not held up by a full storage. */
static tern_status
check_quota(tern_care *care, const tern_prescription *prescription, tern_care_error *error)
{
    return prescription->is_urgent
               ? TERN_OK
               : trn_quota_check(care, &prescription->patient, measure(prescription), error);
}

tern_status trn_version_write(tern_care *care,
                              const tern_id *prescription,
                              int32_t version,
                              const char *reason,
                              tern_care_error *error)
{
    const tern_value values[] = {tern_value_id(prescription),
                                 tern_value_integer(version),
                                 tern_value_id(&care->user),
                                 tern_value_text(trn_is_blank(reason) ? NULL : reason)};

    return trn_care_run(care, TRN_SQL_VERSION, values, 4, error);
}

/* ---- Create ---- */

static tern_status create(tern_care *care,
                          tern_tx *tx,
                          const tern_prescription *prescription,
                          const char *reason,
                          tern_id *id,
                          tern_care_error *error)
{
    tern_cell cells[CLINICAL_CELLS + 1];
    struct beginning begins = {.day = ""};
    tern_status status = trn_care_knows(care, &prescription->patient, error);

    if (status == TERN_OK) {
        status = trn_care_may(care, &prescription->patient, TRN_RIGHT_PRESCRIPTIONS, error);
    }
    if (status == TERN_OK) {
        status = trn_care_morning(care, &prescription->patient, &begins.minute, error);
    }
    fill_clinical(prescription, cells);
    cells[CLINICAL_CELLS] = (tern_cell){"patient_id", tern_value_id(&prescription->patient)};
    if (status == TERN_OK) {
        status = tern_row_insert(tx, table, cells, CLINICAL_CELLS + 1, id, trn_engine_error(error));
    }
    for (size_t i = 0; status == TERN_OK && i < prescription->medicine_count; i++) {
        status = insert_medicine(tx, id, &prescription->medicines[i], i + 1, &begins, error);
    }
    if (status == TERN_OK) {
        status = trn_version_write(care, id, 1, reason, error);
    }
    if (status == TERN_OK) {
        status = trn_care_action(care, "PRESCRIPTION_CREATE", table, id, NULL, error);
    }
    return status == TERN_OK ? check_quota(care, prescription, error) : status;
}

tern_status tern_prescription_create(tern_care *care,
                                     const tern_prescription *prescription,
                                     const char *reason,
                                     tern_id *ret_id,
                                     tern_care_error *error)
{
    tern_tx *tx = NULL;
    tern_id id = nil;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || prescription == NULL || prescription->size != sizeof(*prescription) ||
        ret_id == NULL) {
        return trn_care_misuse(error, "tern_prescription_create");
    }
    status = trn_form_check(care, NULL, prescription, reason, error);
    if (status == TERN_OK) {
        status = trn_care_begin(care, false, &tx, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    status = trn_care_end(tx, create(care, tx, prescription, reason, &id, error), error);
    if (status == TERN_OK) {
        *ret_id = id;
    }
    return status;
}

/* ---- Edit ---- */

enum status { DRAFT, ACTIVE, PAUSED, INACTIVE };

enum { NOT_ENDED = 1 << DRAFT | 1 << ACTIVE | 1 << PAUSED }; /* a set of them */

static const char *const status_names[] = {"DRAFT", "ACTIVE", "PAUSED", "INACTIVE"};

struct header {
    tern_id patient;
    enum status status;
    int32_t version;
    int64_t now_us; /* the moment of a turn that is made now */
    int64_t created_us;
    char start_date[TRN_DATE_BYTES]; /* "": it names none */
    char end_date[TRN_DATE_BYTES];
    char begins_on[TRN_DATE_BYTES]; /* the day that stands there; "": nobody wrote one */
};

/* The columns of TRN_SQL_PRESCRIPTION. */
enum { PATIENT, STATUS, VERSION, START_DATE, CREATED_AT, END_DATE, BEGINS_ON, UPDATED_AT };

static void read_columns(tern_statement *row, int64_t now_us, struct header *header)
{
    header->patient = trn_value_to_id(tern_statement_value(row, PATIENT));
    for (unsigned i = 0; i < INACTIVE; i++) {
        if (trn_value_is(tern_statement_value(row, STATUS), status_names[i])) {
            header->status = (enum status)i;
        }
    }
    header->version = (int32_t)tern_statement_value(row, VERSION).integer;
    trn_value_to_text(tern_statement_value(row, START_DATE),
                      header->start_date,
                      sizeof(header->start_date));
    header->created_us = tern_statement_value(row, CREATED_AT).integer;
    trn_value_to_text(tern_statement_value(row, END_DATE),
                      header->end_date,
                      sizeof(header->end_date));
    trn_value_to_text(tern_statement_value(row, BEGINS_ON),
                      header->begins_on,
                      sizeof(header->begins_on));
    /* A clock that ran back to before there was a prescription turns nothing before its last
     * change. One that stands between the two may have been put right: then that change's time was
     * wrong. */
    header->now_us =
        now_us < header->created_us ? tern_statement_value(row, UPDATED_AT).integer : now_us;
}

static tern_status
read_header(tern_care *care, const tern_id *id, struct header *header, tern_care_error *error)
{
    const tern_value key = tern_value_id(id);
    tern_statement *row = NULL;
    int64_t now_us = 0;
    tern_status status = trn_care_now(care, &now_us, error);

    *header = (struct header){.status = INACTIVE};
    if (status == TERN_OK) {
        status = trn_care_row(care,
                              TRN_SQL_PRESCRIPTION,
                              &key,
                              1,
                              TERN_PROBLEM_NO_PRESCRIPTION,
                              &row,
                              error);
    }
    if (status == TERN_OK) {
        read_columns(row, now_us, header);
        tern_statement_reset(row);
    }
    return status;
}

/* `from` is a set of bits, 1 for DRAFT. */
static tern_status read_changeable(tern_care *care,
                                   const tern_id *id,
                                   unsigned from,
                                   struct header *header,
                                   tern_care_error *error)
{
    tern_status status = read_header(care, id, header, error);

    if (status == TERN_OK) {
        status = trn_care_may(care, &header->patient, TRN_RIGHT_PRESCRIPTIONS, error);
    }
    if (status == TERN_OK && (from >> header->status & 1) == 0) {
        return trn_problem(error, TERN_PROBLEM_STATUS, 0, 0);
    }
    return status;
}

/* The ids of the medications that stand there, one after another. */
static tern_status
read_medications(tern_care *care, const tern_id *id, struct trn_bytes *ids, tern_care_error *error)
{
    const tern_value key = tern_value_id(id);
    tern_statement *row = NULL;
    bool more = true;
    tern_status status = trn_care_bind(care, TRN_SQL_MEDICATIONS, &key, 1, &row, error);

    while (status == TERN_OK && more) {
        status = tern_statement_step(row, &more, trn_engine_error(error));
        if (status == TERN_OK && more) {
            tern_value value = tern_statement_value(row, 0);

            status = trn_bytes_append(ids, value.data, value.size);
            if (status != TERN_OK) {
                tern_statement_reset(row);
            }
        }
    }
    return status;
}

static bool has_id(const struct trn_bytes *ids, const tern_id *id)
{
    for (size_t at = 0; at < ids->size; at += sizeof(*id)) {
        if (memcmp(ids->data + at, id, sizeof(*id)) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_named(const tern_prescription *prescription, const uint8_t *id)
{
    for (size_t i = 0; i < prescription->medicine_count; i++) {
        if (memcmp(&prescription->medicines[i].id, id, sizeof(tern_id)) == 0) {
            return true;
        }
    }
    return false;
}

static tern_status write_medicine(tern_care *care,
                                  tern_tx *tx,
                                  const tern_id *prescription,
                                  const tern_medicine *medicine,
                                  size_t row,
                                  const struct beginning *begins,
                                  const struct trn_bytes *ids,
                                  tern_care_error *error)
{
    static const char name[] = "medications";
    tern_cell cells[MEDICINE_CELLS];
    int32_t first_minute = 0;
    tern_status status;

    if (memcmp(&medicine->id, &nil, sizeof(nil)) == 0) {
        return insert_medicine(tx, prescription, medicine, row, begins, error);
    }
    if (!has_id(ids, &medicine->id)) {
        return trn_problem(error, TERN_PROBLEM_NO_MEDICATION, 0, 0);
    }
    fill_medicine(medicine, prescription, row, cells);
    status = trn_hours_go_on(care, medicine, begins->start_date, &first_minute, error);
    if (status != TERN_OK) {
        return status;
    }
    /* In place of the prescription, which stays. */
    cells[MEDICINE_CELLS - 1] = (tern_cell){"first_minute", tern_value_integer(first_minute)};
    return tern_row_update(tx,
                           name,
                           &medicine->id,
                           cells,
                           first_minute >= 0 ? MEDICINE_CELLS : MEDICINE_CELLS - 1,
                           trn_engine_error(error));
}

static tern_status write_medicines(tern_care *care,
                                   tern_tx *tx,
                                   const tern_id *id,
                                   const tern_prescription *prescription,
                                   const struct trn_bytes *ids,
                                   tern_care_error *error)
{
    struct beginning begins = {.start_date = prescription->start_date};
    tern_status status =
        trn_care_start(care, &prescription->patient, prescription->end_date, 0, begins.day, error);

    if (status == TERN_OK) {
        status = trn_care_morning(care, &prescription->patient, &begins.minute, error);
    }
    for (size_t i = 0; status == TERN_OK && i < prescription->medicine_count; i++) {
        status =
            write_medicine(care, tx, id, &prescription->medicines[i], i + 1, &begins, ids, error);
    }
    for (size_t at = 0; status == TERN_OK && at < ids->size; at += sizeof(tern_id)) {
        if (!is_named(prescription, ids->data + at)) {
            tern_id gone;

            memcpy(&gone, ids->data + at, sizeof(gone));
            status = tern_row_delete(tx, "medications", &gone, trn_engine_error(error));
        }
    }
    return status;
}

/* What an edit enters itself was compared before; here, with the start that it leaves. */
static bool ends_before_start(const struct header *header, const tern_prescription *prescription)
{
    const char *start = trn_is_blank(header->start_date) ? header->begins_on : header->start_date;

    return prescription->start_date == NULL && prescription->end_date != NULL &&
           strcmp(start, prescription->end_date) > 0;
}

static tern_status edit(tern_care *care,
                        tern_tx *tx,
                        const tern_id *id,
                        const tern_prescription *prescription,
                        const char *reason,
                        int32_t *version,
                        tern_care_error *error)
{
    const tern_value key = tern_value_id(id);
    tern_cell cells[CLINICAL_CELLS + 1];
    struct trn_bytes ids = {0};
    struct header header;
    size_t count = CLINICAL_CELLS + 1;
    tern_status status = read_changeable(care, id, NOT_ENDED, &header, error);

    if (status != TERN_OK) {
        return status;
    }
    if (memcmp(&header.patient, &prescription->patient, sizeof(tern_id)) != 0) {
        return trn_care_misuse(error, "tern_prescription_edit");
    }
    if (prescription->base_version != 0 && prescription->base_version != header.version &&
        !TRN_MUTANT(CARE_FORM_OVERRULES)) {
        return trn_problem(error, TERN_PROBLEM_OVERTAKEN, header.version, 0);
    }
    if (ends_before_start(&header, prescription)) {
        return trn_problem(error, TERN_PROBLEM_END_DATE, 0, 0);
    }
    if (header.version == INT32_MAX) {
        return trn_problem(error, TERN_PROBLEM_OUT_OF_RANGE, TERN_FIELD_NONE, 0);
    }
    *version = header.version + 1;
    fill_clinical(prescription, cells);
    cells[CLINICAL_CELLS] = (tern_cell){"current_version", tern_value_integer(*version)};
    status = trn_care_run(care, TRN_SQL_VERSION_BEFORE, &key, 1, error);
    if (prescription->start_date == NULL) {
        cells[START] = cells[--count];
    }
    if (status == TERN_OK) {
        status = read_medications(care, id, &ids, error);
    }
    if (status == TERN_OK && TRN_MUTANT(CARE_SNAPSHOT_EARLY)) {
        status = trn_version_write(care, id, *version, reason, error);
    }
    if (status == TERN_OK) {
        status = write_medicines(care, tx, id, prescription, &ids, error);
    }
    if (status == TERN_OK) { /* after its medicines, whose hours go on by the start that stood */
        status = tern_row_update(tx, table, id, cells, count, trn_engine_error(error));
    }
    if (status == TERN_OK && !TRN_MUTANT(CARE_SNAPSHOT_EARLY)) {
        status = trn_version_write(care, id, *version, reason, error);
    }
    if (status == TERN_OK) {
        status = trn_care_action(care, "PRESCRIPTION_UPDATE", table, id, NULL, error);
    }
    if (status == TERN_OK) {
        status = check_quota(care, prescription, error);
    }
    trn_bytes_free(&ids);
    return status;
}

tern_status tern_prescription_edit(tern_care *care,
                                   const tern_id *id,
                                   const tern_prescription *prescription,
                                   const char *reason,
                                   int32_t *ret_version,
                                   tern_care_error *error)
{
    tern_tx *tx = NULL;
    int32_t version = 0;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || id == NULL || prescription == NULL ||
        prescription->size != sizeof(*prescription)) {
        return trn_care_misuse(error, "tern_prescription_edit");
    }
    status = trn_is_blank(reason) ? trn_problem(error, TERN_PROBLEM_REASON, 0, 0)
                                  : trn_form_check(care, id, prescription, reason, error);
    if (status == TERN_OK) {
        status = trn_care_begin(care, false, &tx, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    status = trn_care_end(tx, edit(care, tx, id, prescription, reason, &version, error), error);
    if (status == TERN_OK && ret_version != NULL) {
        *ret_version = version;
    }
    return status;
}

/* ---- Status ---- */

/* A draft that names no start begins where it is put in force, however long ago it was written. In
 * a row by the day, so that of two who do it without hearing of each other neither wipes the
 * other's. */
static tern_status
begin_now(tern_care *care, const tern_id *id, const struct header *header, tern_care_error *error)
{
    const char *end_date = trn_is_blank(header->end_date) ? NULL : header->end_date;
    char day[TRN_DATE_BYTES];
    tern_status status =
        trn_care_start(care, &header->patient, end_date, header->created_us, day, error);

    if (status != TERN_OK || trn_is_blank(day)) {
        return status;
    }
    {
        const tern_value values[] = {tern_value_id(id),
                                     tern_value_text(day),
                                     tern_value_integer(0)};

        return trn_care_run(care, TRN_SQL_BEGINNING, values, 3, error);
    }
}

static tern_status write_status(tern_care *care,
                                tern_tx *tx,
                                const tern_id *id,
                                unsigned from,
                                enum status to,
                                const char *action,
                                tern_care_error *error)
{
    const tern_cell cell = {"status", tern_value_text(status_names[to])};
    struct header header;
    tern_status status = read_changeable(care, id, from, &header, error);

    if (status == TERN_OK) {
        status = tern_row_update(tx, table, id, &cell, 1, trn_engine_error(error));
    }
    if (status == TERN_OK && !TRN_MUTANT(CARE_SETTLED_INSTEAD)) {
        status = trn_care_turn(care,
                               id,
                               status_names[header.status],
                               to == ACTIVE,
                               header.now_us,
                               error);
    }
    if (status == TERN_OK && header.status == DRAFT && to == ACTIVE &&
        trn_is_blank(header.start_date) && trn_is_blank(header.begins_on) &&
        !TRN_MUTANT(CARE_ACTIVATED_UNDATED)) {
        status = begin_now(care, id, &header, error);
    }
    return status == TERN_OK ? trn_care_action(care, action, table, id, NULL, error) : status;
}

/* Of a simulator's planted bug alone. */
static tern_status
settle_instead(tern_care *care, const tern_id *id, unsigned from, tern_care_error *error)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    struct header header;
    bool more = true;
    tern_status status = read_changeable(care, id, from, &header, error);

    while (status == TERN_OK && more) {
        status = trn_doses_settle(care, &header.patient, &cursor, &more, error);
    }
    return status;
}

static tern_status change(tern_care *care,
                          const tern_id *id,
                          unsigned from,
                          enum status to,
                          const char *function,
                          tern_care_error *error)
{
    const char *action = to == ACTIVE ? "PRESCRIPTION_CONFIRM" : "PRESCRIPTION_UPDATE";
    tern_tx *tx = NULL;
    tern_status status;

    trn_care_clear(error);
    if (care == NULL || id == NULL) {
        return trn_care_misuse(error, function);
    }
    status = TRN_MUTANT(CARE_SETTLED_INSTEAD) ? settle_instead(care, id, from, error) : TERN_OK;
    if (status == TERN_OK) {
        status = trn_care_begin(care, false, &tx, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    return trn_care_end(tx, write_status(care, tx, id, from, to, action, error), error);
}

tern_status tern_prescription_activate(tern_care *care, const tern_id *id, tern_care_error *error)
{
    return change(care, id, 1U << DRAFT, ACTIVE, "tern_prescription_activate", error);
}

tern_status tern_prescription_pause(tern_care *care, const tern_id *id, tern_care_error *error)
{
    return change(care, id, 1U << ACTIVE, PAUSED, "tern_prescription_pause", error);
}

tern_status tern_prescription_resume(tern_care *care, const tern_id *id, tern_care_error *error)
{
    return change(care, id, 1U << PAUSED, ACTIVE, "tern_prescription_resume", error);
}

tern_status tern_prescription_end(tern_care *care, const tern_id *id, tern_care_error *error)
{
    return change(care, id, NOT_ENDED, INACTIVE, "tern_prescription_end", error);
}

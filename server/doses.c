/* Five rows a dose: its own, the medication's, the prescription's, the patient's and the meals';
 * where the prescription names no start one more, of the day on which it began; of its turns those
 * beside the dose; and the prescription's versions, found by the index on its id, and remembered.
 * What a prescription says of its versions' numbers is its writer's word, and nothing is counted by
 * it. */
#include "server/doses.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "base/uuid.h"
#include "medication/window.h"

enum medication_column {
    MEDICATION_MORNING,
    MEDICATION_DAYTIME,
    MEDICATION_NIGHT,
    MEDICATION_FREQUENCY,
    MEDICATION_TIMING,
    MEDICATION_DURATION,
    MEDICATION_OWN,
    MEDICATION_FIRST,
    MEDICATION_PRN,
    MEDICATION_COLUMNS
};
enum prescription_column {
    PRESCRIPTION_START,
    PRESCRIPTION_END,
    PRESCRIPTION_STATUS,
    PRESCRIPTION_CREATED,
    PRESCRIPTION_VERSION,
    PRESCRIPTION_COLUMNS
};
enum version_column {
    VERSION_PRESCRIPTION,
    VERSION_NUMBER,
    VERSION_SNAPSHOT,
    VERSION_CREATED,
    VERSION_COLUMNS
};
enum beginning_column { BEGINNING_PRESCRIPTION, BEGINNING_DAY, BEGINNING_TAKEN, BEGINNING_COLUMNS };
enum turn_column { TURN_PRESCRIPTION, TURN_AT, TURN_BEGINS, TURN_COLUMNS };
enum user_column { USER_ZONE, USER_GRACE, USER_COLUMNS };
enum meal_column { MEAL_USER, MEAL_MORNING, MEAL_AFTERNOON, MEAL_NIGHT, MEAL_COLUMNS };

enum { SLOTS = 3, DEFAULT_GRACE = 30 };

static const char *const dose_names[TRN_DOSE_COLUMNS] = {"prescription_id",
                                                         "medication_id",
                                                         "patient_id",
                                                         "scheduled_time",
                                                         "local_date",
                                                         "slot",
                                                         "grace_minutes",
                                                         "status",
                                                         "was_offline",
                                                         "flags"};
static const char *const medication_names[MEDICATION_COLUMNS] = {"morning_dosage",
                                                                 "daytime_dosage",
                                                                 "night_dosage",
                                                                 "frequency",
                                                                 "timing",
                                                                 "duration",
                                                                 "starts_on",
                                                                 "first_minute",
                                                                 "is_prn"};
static const char *const prescription_names[PRESCRIPTION_COLUMNS] = {"start_date",
                                                                     "end_date",
                                                                     "status",
                                                                     "created_at",
                                                                     "current_version"};
static const char *const version_names[VERSION_COLUMNS] = {"prescription_id",
                                                           "version_number",
                                                           "medications_snapshot",
                                                           "created_at"};
static const char *const beginning_names[BEGINNING_COLUMNS] = {"prescription_id",
                                                               "begins_on",
                                                               "is_taken"};
static const char *const turn_names[TURN_COLUMNS] = {"prescription_id", "turned_at", "begins"};
static const char *const user_names[USER_COLUMNS] = {"time_zone", "grace_period_minutes"};
static const char *const meal_names[MEAL_COLUMNS] = {"user_id",
                                                     "morning_meal",
                                                     "afternoon_meal",
                                                     "night_meal"};

bool trn_known_find(const struct trn_schema *schema,
                    const char *name,
                    const char *const *columns,
                    size_t count,
                    struct trn_known_table *ret_known)
{
    ret_known->table = trn_schema_table(schema, name);
    for (size_t i = 0; ret_known->table != NULL && i < count; i++) {
        ret_known->columns[i] = trn_table_column(ret_known->table, columns[i]);
        if (ret_known->columns[i] == TRN_NO_COLUMN) {
            return false;
        }
    }
    return ret_known->table != NULL;
}

bool trn_doses_know(const struct trn_schema *schema, struct trn_doses *ret_doses)
{
    struct trn_doses doses = {.rows_read = 0};
    bool known;

    known = trn_known_find(schema, "dose_events", dose_names, TRN_DOSE_COLUMNS, &doses.doses) &&
            trn_known_find(schema,
                           "medications",
                           medication_names,
                           MEDICATION_COLUMNS,
                           &doses.medications) &&
            trn_known_find(schema,
                           "prescriptions",
                           prescription_names,
                           PRESCRIPTION_COLUMNS,
                           &doses.prescriptions) &&
            trn_known_find(schema,
                           "prescription_versions",
                           version_names,
                           VERSION_COLUMNS,
                           &doses.versions) &&
            trn_known_find(schema,
                           "prescription_beginnings",
                           beginning_names,
                           BEGINNING_COLUMNS,
                           &doses.beginnings) &&
            trn_known_find(schema, "prescription_turns", turn_names, TURN_COLUMNS, &doses.turns) &&
            trn_known_find(schema, "users", user_names, USER_COLUMNS, &doses.users) &&
            trn_known_find(schema, "meal_time_preferences", meal_names, MEAL_COLUMNS, &doses.meals);
    if (known) {
        *ret_doses = doses;
    }
    return known;
}

tern_value
trn_known_value(const struct trn_known_table *known, const struct trn_row *row, unsigned column)
{
    return row->values[known->columns[column]];
}

/* The rows around one dose. */
struct reading {
    struct trn_doses *doses;
    const struct trn_db *db;
    struct trn_db_view *view;
    struct trn_bytes *seen;
    tern_id medication;
    tern_id prescription;
    int64_t passes_us;
    int64_t version; /* the current one's number */
    json_t *snapshot;
    tern_value values[TRN_SOURCE_COLUMNS];
};

/* Whether it is one, an object, and whether it is to be taken before the meal. */
static void add_dosage(json_t *dosage, unsigned slot, int64_t *slots, int64_t *before_meal)
{
    if (dosage != NULL && !json_is_null(dosage)) {
        *slots |= json_is_object(dosage) ? 1 << slot : 1 << (SLOTS + slot);
    }
    *before_meal |= json_is_true(json_object_get(dosage, "before_meal")) ? 1 << slot : 0;
}

/* NULL where the text is none. What stands in a dosage takes nothing else away, whatever it is. */
static tern_status read_json(tern_value text, json_t **ret_json, tern_error *error)
{
    json_error_t reason;
    tern_status status = trn_json_load_any(trn_slice_make(text.data, text.size), ret_json, &reason);

    return status == TERN_ERR_NOMEM ? trn_fail_nomem(error) : TERN_OK;
}

static tern_status read_dosage(tern_value dosage,
                               unsigned slot,
                               int64_t *slots,
                               int64_t *before_meal,
                               tern_error *error)
{
    json_t *document = NULL;
    tern_status status = dosage.kind == TERN_TEXT ? read_json(dosage, &document, error) : TERN_OK;

    add_dosage(document, slot, slots, before_meal);
    if (dosage.kind == TERN_TEXT && document == NULL) {
        *slots |= 1 << (SLOTS + slot);
    }
    json_decref(document);
    return status;
}

static tern_status read_medication(struct reading *reading, bool *ret_live, tern_error *error)
{
    const struct trn_known_table *known = &reading->doses->medications;
    struct trn_row row;
    bool found = false;
    int64_t slots = 0;
    int64_t before_meal = 0;
    tern_status status = reading->db->ops->row_read(reading->view,
                                                    known->table,
                                                    &reading->medication,
                                                    &found,
                                                    &row,
                                                    error);

    if (status != TERN_OK || !found) {
        *ret_live = false;
        return status;
    }
    for (unsigned i = 0; i < SLOTS && status == TERN_OK; i++) {
        status = read_dosage(trn_known_value(known, &row, MEDICATION_MORNING + i),
                             i,
                             &slots,
                             &before_meal,
                             error);
    }
    reading->values[TRN_SOURCE_SLOTS] = tern_value_integer(slots);
    reading->values[TRN_SOURCE_BEFORE] = tern_value_integer(before_meal);
    reading->values[TRN_SOURCE_FREQUENCY] = trn_known_value(known, &row, MEDICATION_FREQUENCY);
    reading->values[TRN_SOURCE_TIMING] = trn_known_value(known, &row, MEDICATION_TIMING);
    reading->values[TRN_SOURCE_DURATION] = trn_known_value(known, &row, MEDICATION_DURATION);
    reading->values[TRN_SOURCE_OWN] = trn_known_value(known, &row, MEDICATION_OWN);
    reading->values[TRN_SOURCE_FIRST] = trn_known_value(known, &row, MEDICATION_FIRST);
    reading->values[TRN_SOURCE_PRN] = trn_known_value(known, &row, MEDICATION_PRN);
    *ret_live = row.deleted_at_us == 0;
    return status;
}

/* Of the days on which it was put in force the earliest under which a dose was recorded, else the
 * earliest; as text they have the order of days. */
static tern_status read_beginning(struct reading *reading, tern_error *error)
{
    const struct trn_known_table *known = &reading->doses->beginnings;
    const struct trn_db_least by = {.table = known->table,
                                    .naming = known->columns[BEGINNING_PRESCRIPTION],
                                    .flag = known->columns[BEGINNING_TAKEN],
                                    .least = known->columns[BEGINNING_DAY]};
    const struct trn_db_ops *ops = reading->db->ops;
    struct trn_row row;
    bool found = false;
    tern_id id;
    tern_status status =
        ops->row_least(reading->view, &by, &reading->prescription, true, &found, &id, error);

    if (status == TERN_OK && !found) {
        status =
            ops->row_least(reading->view, &by, &reading->prescription, false, &found, &id, error);
    }
    if (status != TERN_OK || !found) {
        return status;
    }
    reading->doses->rows_read++;
    status = ops->row_read(reading->view, known->table, &id, &found, &row, error);
    if (status == TERN_OK && found) {
        reading->values[TRN_SOURCE_BEGINS] = trn_known_value(known, &row, BEGINNING_DAY);
    }
    return status;
}

/* Whether there is a turn behind the moment, or else one by it, and whether it begins. */
static tern_status read_turn(struct reading *reading,
                             bool is_behind,
                             bool *ret_found,
                             bool *ret_begins,
                             tern_error *error)
{
    const struct trn_known_table *known = &reading->doses->turns;
    const struct trn_db_least by = {.table = known->table,
                                    .naming = known->columns[TURN_PRESCRIPTION],
                                    .flag = known->columns[TURN_BEGINS],
                                    .least = known->columns[TURN_AT]};
    struct trn_row row;
    tern_id id;
    tern_status status = reading->db->ops->row_beside(reading->view,
                                                      &by,
                                                      &reading->prescription,
                                                      reading->passes_us,
                                                      is_behind,
                                                      ret_found,
                                                      &id,
                                                      error);

    if (status != TERN_OK || !*ret_found) {
        return status;
    }
    reading->doses->rows_read++;
    status = reading->db->ops->row_read(reading->view, known->table, &id, ret_found, &row, error);
    if (status == TERN_OK && *ret_found) {
        *ret_begins = trn_known_value(known, &row, TURN_BEGINS).integer != 0;
    }
    return status;
}

/* What the last turn by the moment says, or before the first the opposite of that. Behind the last
 * one the status says it. */
static tern_status read_was_active(struct reading *reading, tern_error *error)
{
    bool was_active = false;
    bool begins = false;
    bool found = false;
    tern_status status = read_turn(reading, true, &found, &begins, error);

    if (status != TERN_OK || !found) {
        return status;
    }
    status = read_turn(reading, false, &found, &was_active, error);
    reading->values[TRN_SOURCE_WAS_ACTIVE] = tern_value_integer(found ? was_active : !begins);
    return status;
}

static tern_status read_prescription(struct reading *reading, bool *ret_live, tern_error *error)
{
    const struct trn_known_table *known = &reading->doses->prescriptions;
    struct trn_row row;
    bool found = false;
    tern_status status = reading->db->ops->row_read(reading->view,
                                                    known->table,
                                                    &reading->prescription,
                                                    &found,
                                                    &row,
                                                    error);

    if (status != TERN_OK || !found) {
        *ret_live = false;
        return status;
    }
    reading->values[TRN_SOURCE_START] = trn_known_value(known, &row, PRESCRIPTION_START);
    reading->values[TRN_SOURCE_END] = trn_known_value(known, &row, PRESCRIPTION_END);
    reading->values[TRN_SOURCE_CREATED] = trn_known_value(known, &row, PRESCRIPTION_CREATED);
    reading->values[TRN_SOURCE_ACTIVE] = tern_value_integer(
        trn_value_is(trn_known_value(known, &row, PRESCRIPTION_STATUS), "ACTIVE"));
    reading->version = trn_known_value(known, &row, PRESCRIPTION_VERSION).integer;
    *ret_live = row.deleted_at_us == 0;
    return TERN_OK;
}

/* ---- Earlier versions ---- */

static tern_value text_of(json_t *value)
{
    return json_is_string(value) ? (tern_value){.kind = TERN_TEXT,
                                                .data = json_string_value(value),
                                                .size = json_string_length(value)}
                                 : tern_value_null();
}

static tern_value number_of(json_t *value)
{
    return json_is_integer(value) ? tern_value_integer(json_integer_value(value))
                                  : tern_value_null();
}

/* What the snapshot says of the medication, instead of its row. Borrowed from the snapshot. */
static void read_snapshot(struct reading *reading, bool *live)
{
    static const char *const dosages[SLOTS] = {"morning_dosage", "daytime_dosage", "night_dosage"};
    char id[TRN_ID_TEXT_SIZE + 1];
    int64_t slots = 0;
    int64_t before_meal = 0;
    json_t *found = NULL;
    json_t *item = NULL;
    size_t i;

    trn_id_format(&reading->medication, id);
    json_array_foreach(reading->snapshot, i, item)
    {
        const char *text = json_string_value(json_object_get(item, "id"));

        if (text != NULL && strcmp(text, id) == 0) {
            found = item;
        }
    }
    *live = found != NULL;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        add_dosage(json_object_get(found, dosages[slot]), slot, &slots, &before_meal);
    }
    reading->values[TRN_SOURCE_SLOTS] = tern_value_integer(slots);
    reading->values[TRN_SOURCE_BEFORE] = tern_value_integer(before_meal);
    reading->values[TRN_SOURCE_FREQUENCY] = text_of(json_object_get(found, "frequency"));
    reading->values[TRN_SOURCE_TIMING] = text_of(json_object_get(found, "timing"));
    reading->values[TRN_SOURCE_DURATION] =
        tern_value_integer(json_integer_value(json_object_get(found, "duration")));
    reading->values[TRN_SOURCE_OWN] = text_of(json_object_get(found, "starts_on"));
    reading->values[TRN_SOURCE_FIRST] = number_of(json_object_get(found, "first_minute"));
    reading->values[TRN_SOURCE_PRN] =
        tern_value_integer(json_is_true(json_object_get(found, "is_prn")));
    if (json_object_get(found, "start_date") != NULL) {
        reading->values[TRN_SOURCE_START] = text_of(json_object_get(found, "start_date"));
    }
    if (json_object_get(found, "end_date") != NULL) {
        reading->values[TRN_SOURCE_END] = text_of(json_object_get(found, "end_date"));
    }
}

/* A version as it is remembered for a step; number 0 says that its prescription's have been read.
 */
struct seen_version {
    tern_id prescription;
    tern_id id;
    int64_t number;
    int64_t created_us;
};

static tern_status
remember(struct reading *reading, const struct seen_version *version, tern_error *error)
{
    return trn_bytes_append(reading->seen, version, sizeof(*version)) == TERN_OK
               ? TERN_OK
               : trn_fail_nomem(error);
}

static tern_status read_version(struct reading *reading, const tern_id *id, tern_error *error)
{
    const struct trn_known_table *known = &reading->doses->versions;
    struct seen_version version = {.prescription = reading->prescription, .id = *id};
    struct trn_row row;
    bool found = false;
    tern_status status =
        reading->db->ops->row_read(reading->view, known->table, id, &found, &row, error);

    if (status != TERN_OK || !found || row.deleted_at_us != 0) {
        return status;
    }
    version.number = trn_known_value(known, &row, VERSION_NUMBER).integer;
    version.created_us = trn_known_value(known, &row, VERSION_CREATED).integer;
    return remember(reading, &version, error);
}

static tern_status note_id(void *context, const tern_id *id, tern_error *error)
{
    return trn_bytes_append(context, id, sizeof(*id)) == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

static tern_status read_versions(struct reading *reading, tern_error *error)
{
    const struct seen_version read = {.prescription = reading->prescription};
    const struct trn_known_table *known = &reading->doses->versions;
    struct trn_bytes ids = {0};
    tern_status status = reading->db->ops->rows_naming(reading->view,
                                                       known->table,
                                                       known->columns[VERSION_PRESCRIPTION],
                                                       &reading->prescription,
                                                       note_id,
                                                       &ids,
                                                       error);

    for (size_t at = 0; status == TERN_OK && at < ids.size; at += sizeof(tern_id)) {
        tern_id id;

        memcpy(&id, ids.data + at, sizeof(id));
        reading->doses->rows_read++;
        status = read_version(reading, &id, error);
    }
    trn_bytes_free(&ids);
    return status == TERN_OK ? remember(reading, &read, error) : status;
}

/* The newest of those that had been written, else the oldest. */
static bool is_rather(const struct seen_version *a, const struct seen_version *b, int64_t passes_us)
{
    const bool a_is_early = a->created_us > passes_us;
    const bool b_is_early = b->created_us > passes_us;

    if (b->number == 0 || a_is_early != b_is_early) {
        return b->number == 0 || b_is_early;
    }
    return a_is_early ? a->number < b->number : a->number > b->number;
}

/* False where its prescription's versions have not been read. */
static bool recall(const struct reading *reading, struct seen_version *best)
{
    struct seen_version version;
    bool is_read = false;

    *best = (struct seen_version){.number = 0};
    for (size_t at = 0; at < reading->seen->size; at += sizeof(version)) {
        memcpy(&version, reading->seen->data + at, sizeof(version));
        if (!trn_id_equal(&version.prescription, &reading->prescription)) {
            continue;
        }
        is_read |= version.number == 0;
        if (version.number != 0 && is_rather(&version, best, reading->passes_us)) {
            *best = version;
        }
    }
    return is_read;
}

/* The newest that had been written when the dose passed, else the oldest there is. */
static tern_status
find_in_force(struct reading *reading, struct seen_version *best, tern_error *error)
{
    tern_status status = TERN_OK;

    if (!recall(reading, best)) {
        status = read_versions(reading, error);
        (void)recall(reading, best);
    }
    return status;
}

/* Of the current one the rows themselves tell, and of those to come nothing does. */
static tern_status read_in_force(struct reading *reading, bool *live, tern_error *error)
{
    const struct trn_known_table *known = &reading->doses->versions;
    struct seen_version best = {.number = 0};
    struct trn_row row;
    bool found = false;
    tern_status status = find_in_force(reading, &best, error);

    if (status == TERN_OK && best.number > 0 && best.number < reading->version) {
        status =
            reading->db->ops->row_read(reading->view, known->table, &best.id, &found, &row, error);
    }
    if (status == TERN_OK && found) {
        status =
            read_json(trn_known_value(known, &row, VERSION_SNAPSHOT), &reading->snapshot, error);
    }
    if (status == TERN_OK && reading->snapshot != NULL) {
        read_snapshot(reading, live);
    }
    return status;
}

/* ---- The patient ---- */

/* Without a row of theirs the patient has what the schema document gives a new one. */
static tern_status read_patient(struct reading *reading, const tern_id *id, tern_error *error)
{
    const struct trn_known_table *known = &reading->doses->users;
    struct trn_row row;
    bool found = false;
    tern_status status =
        reading->db->ops->row_read(reading->view, known->table, id, &found, &row, error);

    if (status != TERN_OK) {
        return status;
    }
    reading->values[TRN_SOURCE_ZONE] =
        found ? trn_known_value(known, &row, USER_ZONE)
              : known->table->columns[known->columns[USER_ZONE]].default_value;
    reading->values[TRN_SOURCE_GRACE] =
        found ? trn_known_value(known, &row, USER_GRACE) : tern_value_integer(DEFAULT_GRACE);
    return TERN_OK;
}

static tern_status read_meals(struct reading *reading, const tern_id *patient, tern_error *error)
{
    const struct trn_known_table *known = &reading->doses->meals;
    tern_value key[TRN_COLUMNS_MAX] = {{.kind = TERN_NULL}};
    struct trn_row row;
    bool derived = false;
    bool found = false;
    tern_id id;
    tern_status status;

    key[known->columns[MEAL_USER]] = tern_value_id(patient);
    status = trn_natural_id(known->table, key, &derived, &id, error);
    if (status == TERN_OK && derived) {
        status = reading->db->ops->row_read(reading->view, known->table, &id, &found, &row, error);
    }
    for (unsigned i = 0; status == TERN_OK && i < SLOTS; i++) {
        bool live = found && row.deleted_at_us == 0;

        reading->values[TRN_SOURCE_MEALS + i] =
            live ? trn_known_value(known, &row, MEAL_MORNING + i) : tern_value_null();
    }
    return status;
}

/* The values are borrowed from rows of five tables, none of which is read twice; a snapshot is the
 * reading's own. */
tern_status trn_doses_source(struct trn_doses *doses,
                             const struct trn_db *db,
                             struct trn_db_view *view,
                             const tern_zone_port *zones,
                             const struct trn_row *dose,
                             struct trn_bytes *seen,
                             struct trn_source *ret_source,
                             tern_error *error)
{
    const struct trn_known_table *known = &doses->doses;
    struct reading reading = {
        .doses = doses,
        .db = db,
        .view = view,
        .seen = seen,
        .medication = trn_value_to_id(trn_known_value(known, dose, TRN_DOSE_MEDICATION)),
        .prescription = trn_value_to_id(trn_known_value(known, dose, TRN_DOSE_PRESCRIPTION)),
        .passes_us = trn_window_end(trn_known_value(known, dose, TRN_DOSE_TIME).integer,
                                    trn_known_value(known, dose, TRN_DOSE_GRACE).integer)};
    tern_id patient = trn_value_to_id(trn_known_value(known, dose, TRN_DOSE_PATIENT));
    bool lives = false;
    bool stands = false;
    tern_status status = read_medication(&reading, &lives, error);

    if (status == TERN_OK) {
        status = read_prescription(&reading, &stands, error);
    }
    if (status == TERN_OK) {
        status = read_was_active(&reading, error);
    }
    if (status == TERN_OK) {
        status = read_in_force(&reading, &lives, error);
    }
    if (status == TERN_OK && reading.values[TRN_SOURCE_START].kind == TERN_NULL) {
        status = read_beginning(&reading, error);
    }
    if (status == TERN_OK) {
        status = read_patient(&reading, &patient, error);
    }
    if (status == TERN_OK) {
        status = read_meals(&reading, &patient, error);
    }
    if (status == TERN_OK) {
        reading.values[TRN_SOURCE_STANDS] = tern_value_integer(lives && stands);
        status = trn_source_make(zones, reading.values, ret_source, error);
    }
    json_decref(reading.snapshot);
    return status;
}

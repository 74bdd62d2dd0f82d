/* One list says which columns may travel, of which type and how long; both directions go by it. */
#include "cli/fhir_column.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "cli/fhir_turns.h"
#include "cli/fhir_value.h"
#include "model/change.h"
#include "schema/format.h"

enum type { TEXT, WORD, DATE, MOMENT, COUNT, FLAG, DOCUMENT, ID };

enum { WORDS_MAX = 6, URL_BYTES = 64, TEXT_MAX = TRN_FHIR_TEXT_BYTES_MAX };

/* No default, no least number. */
#define NONE NULL

struct column {
    const char *table;
    const char *name;
    enum type type;
    int32_t least; /* of a count */
    int32_t most;  /* of a count; characters of a text */
    enum trn_format format;
    const char *fallback; /* what a new row has without being told; a flag or count in digits */
    const char *words[WORDS_MAX];
};

#define GENDERS                                                                                    \
    {                                                                                              \
        "MALE", "FEMALE", "OTHER"                                                                  \
    }

/* clang-format off */
static const struct column columns[] = {
    {"users", "created_at", MOMENT, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "first_name", TEXT, 0, 100, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "last_name", TEXT, 0, 100, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "full_name", TEXT, 0, 200, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "phone_number", TEXT, 0, 20, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "email", TEXT, 0, 255, TRN_FORMAT_EMAIL, NONE, {NULL}},
    {"users", "gender", WORD, 0, 0, TRN_FORMAT_NONE, NONE, GENDERS},
    {"users", "date_of_birth", DATE, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "id_card_number", TEXT, 0, 50, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "language", WORD, 0, 0, TRN_FORMAT_NONE, "KHMER", {"KHMER", "ENGLISH"}},
    {"users", "theme", WORD, 0, 0, TRN_FORMAT_NONE, "LIGHT", {"LIGHT", "DARK"}},
    {"users", "grace_period_minutes", COUNT, 10, 60, TRN_FORMAT_NONE, "30", {NULL}},
    {"users", "time_zone", TEXT, 0, 64, TRN_FORMAT_TIME_ZONE, "Asia/Phnom_Penh", {NULL}},
    {"users", "hospital_clinic", TEXT, 0, 255, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "specialty", TEXT, 0, 100, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "license_number", TEXT, 0, 100, TRN_FORMAT_NONE, NONE, {NULL}},
    {"users", "license_photo_url", TEXT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},

    {"meal_time_preferences", "morning_meal", TEXT, 0, 20, TRN_FORMAT_NONE, NONE, {NULL}},
    {"meal_time_preferences", "afternoon_meal", TEXT, 0, 20, TRN_FORMAT_NONE, NONE, {NULL}},
    {"meal_time_preferences", "night_meal", TEXT, 0, 20, TRN_FORMAT_NONE, NONE, {NULL}},
    {"meal_time_preferences", "created_at", MOMENT, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},

    {"prescriptions", "doctor_id", ID, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "patient_name", TEXT, 0, 200, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "patient_gender", WORD, 0, 0, TRN_FORMAT_NONE, NONE, GENDERS},
    {"prescriptions", "patient_age", COUNT, 0, 150, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "symptoms", TEXT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "diagnosis", TEXT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "start_date", DATE, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "begins_on", DATE, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}}, /* of prescription_beginnings */
    {"prescriptions", "end_date", DATE, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "status", WORD, 0, 0, TRN_FORMAT_NONE, NONE,
     {"DRAFT", "ACTIVE", "PAUSED", "INACTIVE"}},
    {"prescriptions", TRN_FHIR_TURNS, TEXT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "current_version", COUNT, 1, INT_MAX, TRN_FORMAT_NONE, "1", {NULL}},
    {"prescriptions", "is_urgent", FLAG, 0, 1, TRN_FORMAT_NONE, "0", {NULL}},
    {"prescriptions", "urgent_reason", TEXT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"prescriptions", "created_at", MOMENT, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},

    {"medications", "prescription_id", ID, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "row_number", COUNT, 0, INT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "medicine_name", TEXT, 0, 255, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "medicine_name_khmer", TEXT, 0, 255, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "image_url", TEXT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "morning_dosage", DOCUMENT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "daytime_dosage", DOCUMENT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "night_dosage", DOCUMENT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "frequency", TEXT, 0, 100, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "duration", COUNT, 0, INT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "timing", TEXT, 0, 100, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "is_prn", FLAG, 0, 1, TRN_FORMAT_NONE, "0", {NULL}},
    {"medications", "prn_times", DOCUMENT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "starts_on", DATE, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "first_minute", COUNT, 0, INT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"medications", "created_at", MOMENT, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},

    {"dose_events", "scheduled_time", MOMENT, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"dose_events", "local_date", DATE, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"dose_events", "slot", WORD, 0, 0, TRN_FORMAT_TIME_OF_DAY, NONE, {"MORNING", "DAYTIME", "NIGHT"}},
    {"dose_events", "time_period", WORD, 0, 0, TRN_FORMAT_NONE, NONE, {"DAYTIME", "NIGHT"}},
    {"dose_events", "reminder_time", TEXT, 0, 10, TRN_FORMAT_NONE, NONE, {NULL}},
    {"dose_events", "grace_minutes", COUNT, 10, 60, TRN_FORMAT_NONE, NONE, {NULL}},
    {"dose_events", "status", WORD, 0, 0, TRN_FORMAT_NONE, NONE,
     {"DUE", "TAKEN_ON_TIME", "TAKEN_LATE", "MISSED", "SKIPPED"}},
    {"dose_events", "taken_at", MOMENT, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
    {"dose_events", "skip_reason", TEXT, 0, TEXT_MAX, TRN_FORMAT_NONE, NONE, {NULL}},
    {"dose_events", "was_offline", FLAG, 0, 1, TRN_FORMAT_NONE, "0", {NULL}},
    {"dose_events", "flags", TEXT, 0, 100, TRN_FORMAT_NONE, NONE, {NULL}},
    {"dose_events", "created_at", MOMENT, 0, 0, TRN_FORMAT_NONE, NONE, {NULL}},
};
/* clang-format on */

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* Names columns that hold nothing although the elements say something. */
static const char absent[] = "absent";
/* Names columns that hold the empty text, which FHIR does not have. */
static const char empty[] = "empty";

static const char prefix[] = "urn:tern:columns:";

static const char *const value_names[] = {
    [TEXT] = "valueString",
    [WORD] = "valueCode",
    [DATE] = "valueDate",
    [MOMENT] = "valueInstant",
    [COUNT] = "valueInteger",
    [FLAG] = "valueBoolean",
    [DOCUMENT] = "valueString",
    [ID] = "valueUuid",
};

static const struct column *find_column(const char *table, const char *name)
{
    for (size_t i = 0; name != NULL && i < COLUMNS; i++) {
        if (strcmp(columns[i].table, table) == 0 && strcmp(columns[i].name, name) == 0) {
            return &columns[i];
        }
    }
    return NULL;
}

/* ---- Writing ---- */

/* Whether the value is what a new row has without being told. */
static bool is_fallback(const struct column *column, tern_value value)
{
    char digits[24];

    if (column->fallback == NULL) {
        return false;
    }
    if (value.kind == TERN_INTEGER) {
        (void)snprintf(digits, sizeof(digits), "%" PRId64, value.integer);
        return strcmp(column->fallback, digits) == 0;
    }
    return value.kind == TERN_TEXT &&
           trn_slice_equal_text(trn_slice_make(value.data, value.size), column->fallback);
}

static bool is_same(const struct column *column, tern_value row, tern_value read)
{
    if (read.kind == TERN_NULL) {
        return row.kind == TERN_NULL || is_fallback(column, row);
    }
    if (row.kind != read.kind) {
        return false;
    }
    if (row.kind == TERN_INTEGER) {
        return row.integer == read.integer;
    }
    return trn_slice_equal(trn_slice_make(row.data, row.size),
                           trn_slice_make(read.data, read.size));
}

static json_t *value_of_id(tern_value value)
{
    char text[TRN_ID_TEXT_SIZE + 1];
    tern_id id;

    memcpy(id.bytes, value.data, sizeof(id.bytes));
    trn_id_format(&id, text);
    return json_sprintf("urn:uuid:%s", text);
}

static json_t *value_of(const struct column *column, tern_value value)
{
    char text[TRN_INSTANT_BYTES];

    switch (column->type) {
    case MOMENT:
        trn_fhir_instant(value.integer, 0, text);
        return json_string(text);
    case COUNT:
        return json_integer(value.integer);
    case FLAG:
        return json_boolean(value.integer != 0);
    case ID:
        return value_of_id(value);
    default:
        return json_stringn(value.data, value.size);
    }
}

static json_t *make_part(const struct column *column, tern_value value)
{
    bool has_text = value.kind == TERN_TEXT;

    if (value.kind == TERN_NULL) {
        return json_pack("{s:s, s:s}", "url", absent, "valueString", column->name);
    }
    if (has_text && value.size == 0) {
        return json_pack("{s:s, s:s}", "url", empty, "valueString", column->name);
    }
    return json_pack("{s:s, s:o}",
                     "url",
                     column->name,
                     value_names[column->type],
                     value_of(column, value));
}

tern_status trn_fhir_columns_write(const struct trn_fhir_row *row,
                                   const struct trn_fhir_row *read,
                                   json_t **ret_extension)
{
    json_t *parts = json_array();
    bool failed = parts == NULL;
    json_t *extension = NULL;

    for (size_t i = 0; !failed && i < COLUMNS; i++) {
        const struct column *column = &columns[i];
        tern_value value = trn_fhir_row_find(row, column->name);

        if (strcmp(column->table, row->table) == 0 &&
            !is_same(column, value, trn_fhir_row_find(read, column->name))) {
            failed = json_array_append_new(parts, make_part(column, value)) != 0;
        }
    }
    if (!failed && json_array_size(parts) > 0) {
        extension = json_pack("{s:o, s:O}",
                              "url",
                              json_sprintf("%s%s", prefix, row->table),
                              "extension",
                              parts);
        failed = extension == NULL;
    }
    json_decref(parts);
    if (failed) {
        return TERN_ERR_NOMEM;
    }
    *ret_extension = extension;
    return TERN_OK;
}

/* ---- Reading ---- */

static bool is_ours(const json_t *extension)
{
    const char *url = trn_fhir_text(extension, "url");

    return url != NULL && strncmp(url, prefix, sizeof(prefix) - 1) == 0;
}

const json_t *trn_fhir_columns_find(const json_t *resource, const char *table)
{
    const json_t *extensions = json_object_get(resource, "extension");

    for (size_t i = 0; i < json_array_size(extensions); i++) {
        const json_t *extension = json_array_get(extensions, i);

        if (is_ours(extension) &&
            strcmp(trn_fhir_text(extension, "url") + sizeof(prefix) - 1, table) == 0) {
            return extension;
        }
    }
    return NULL;
}

bool trn_fhir_columns_only(const json_t *resource)
{
    const json_t *extensions = json_object_get(resource, "extension");

    for (size_t i = 0; i < json_array_size(extensions); i++) {
        if (!is_ours(json_array_get(extensions, i))) {
            return false;
        }
    }
    return json_array_size(extensions) > 0;
}

static bool read_id(const char *text, tern_id *ret_id)
{
    static const char scheme[] = "urn:uuid:";

    return text != NULL && strncmp(text, scheme, sizeof(scheme) - 1) == 0 &&
           trn_id_parse(trn_slice_text(text + sizeof(scheme) - 1), ret_id);
}

bool trn_fhir_columns_id(const json_t *extension, const char *column, tern_id *ret_id)
{
    const json_t *parts = json_object_get(extension, "extension");

    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        const char *name = trn_fhir_text(part, "url");

        if (name != NULL && strcmp(name, column) == 0) {
            return read_id(trn_fhir_text(part, value_names[ID]), ret_id);
        }
    }
    return false;
}

static bool is_word(const struct column *column, const char *text)
{
    for (size_t i = 0; i < WORDS_MAX && column->words[i] != NULL; i++) {
        if (strcmp(column->words[i], text) == 0) {
            return true;
        }
    }
    return column->format != TRN_FORMAT_NONE &&
           trn_format_fits(column->format, trn_slice_text(text));
}

/* Whatever the column may hold: also what another program wrote there. */
static bool is_document(const char *text)
{
    json_t *document = NULL;
    json_error_t reason;
    bool parsed = trn_json_load_any(trn_slice_text(text), &document, &reason) == TERN_OK;

    json_decref(document);
    return parsed;
}

static bool fits(const struct column *column, const char *text)
{
    char date[TRN_DATE_SIZE + 1];

    switch (column->type) {
    case WORD:
        return is_word(column, text);
    case DATE:
        return strlen(text) == TRN_DATE_SIZE && trn_fhir_date(text, date);
    case DOCUMENT:
        return strlen(text) <= TRN_FHIR_TEXT_BYTES_MAX && is_document(text);
    default:
        return strlen(text) <= TRN_FHIR_TEXT_BYTES_MAX &&
               trn_utf8_count(trn_slice_text(text)) <= (size_t)column->most &&
               (column->format == TRN_FORMAT_NONE ||
                trn_format_fits(column->format, trn_slice_text(text)));
    }
}

static bool apply_number(const struct column *column, const json_t *value, struct trn_fhir_row *row)
{
    int64_t number = json_is_true(value) ? 1 : json_integer_value(value);

    if ((column->type == FLAG && !json_is_boolean(value)) ||
        (column->type == COUNT && !json_is_integer(value)) ||
        (column->type == MOMENT && !trn_fhir_time(json_string_value(value), &number))) {
        return false;
    }
    if (column->type != MOMENT && (number < column->least || number > column->most)) {
        return false;
    }
    trn_fhir_row_drop(row, column->name);
    trn_fhir_row_add_integer(row, column->name, number);
    return true;
}

static bool apply_text(const struct column *column, const json_t *value, struct trn_fhir_row *row)
{
    const char *text = json_string_value(value);
    tern_id id;

    if (text == NULL || (column->type == ID ? !read_id(text, &id) : !fits(column, text))) {
        return false;
    }
    trn_fhir_row_drop(row, column->name);
    if (column->type == ID) {
        trn_fhir_row_add_id(row, column->name, &id);
    } else {
        trn_fhir_row_add_text(row, column->name, trn_slice_text(text));
    }
    return true;
}

/* A column that must hold something is not emptied. */
static bool apply_nothing(const char *url, const char *name, struct trn_fhir_row *row)
{
    static const char *const wanted[] = {"patient_name",
                                         "medicine_name",
                                         "row_number",
                                         "slot",
                                         "scheduled_time",
                                         "local_date",
                                         "time_period",
                                         "grace_minutes",
                                         "prescription_id",
                                         "status"};
    const struct column *column = find_column(row->table, name);
    bool is_empty = strcmp(url, empty) == 0;

    if (column == NULL || (is_empty && column->type != TEXT)) {
        return false;
    }
    for (size_t i = 0; !is_empty && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (strcmp(wanted[i], name) == 0) {
            return false;
        }
    }
    trn_fhir_row_drop(row, column->name);
    if (is_empty) {
        trn_fhir_row_add_text(row, column->name, trn_slice_text(""));
    }
    return true;
}

static bool apply(const json_t *part, struct trn_fhir_row *row)
{
    const char *url = trn_fhir_text(part, "url");
    const struct column *column;
    const json_t *value;

    if (url != NULL && (strcmp(url, absent) == 0 || strcmp(url, empty) == 0)) {
        return apply_nothing(url, trn_fhir_text(part, "valueString"), row);
    }
    column = find_column(row->table, url);
    if (column == NULL) {
        return false;
    }
    value = json_object_get(part, value_names[column->type]);
    return column->type == MOMENT || column->type == COUNT || column->type == FLAG
               ? apply_number(column, value, row)
               : apply_text(column, value, row);
}

void trn_fhir_columns_apply(const json_t *extension,
                            struct trn_fhir_report *report,
                            struct trn_fhir_row *row)
{
    const json_t *parts = json_object_get(extension, "extension");

    for (size_t i = 0; i < json_array_size(parts); i++) {
        if (!apply(json_array_get(parts, i), row)) {
            trn_fhir_report_unmapped(report, "extension (a column that cannot be taken)");
        }
    }
}

void trn_fhir_columns_derive_id(struct trn_fhir_row *row)
{
    static const uint16_t key[] = {0, 1, 2};
    static const enum trn_type types[] =
        {[TERN_BLOB] = TRN_TYPE_UUID, [TERN_TEXT] = TRN_TYPE_TEXT, [TERN_INTEGER] = TRN_TYPE_BOOL};
    struct trn_column *of = trn_calloc(row->count, sizeof(*of));
    const struct trn_table table = {.name = row->table,
                                    .columns = of,
                                    .column_count = row->count,
                                    .natural_key = key,
                                    .natural_key_count = row->count};
    tern_value values[sizeof(key) / sizeof(key[0])];
    bool derived = false;

    TRN_ASSERT(row->count <= sizeof(key) / sizeof(key[0]));
    if (of == NULL) {
        row->status = TERN_ERR_NOMEM;
    }
    for (size_t i = 0; row->status == TERN_OK && i < row->count; i++) {
        of[i].name = row->cells[i].column;
        of[i].type = types[row->cells[i].kind];
        values[i] = trn_fhir_row_value(row, i);
    }
    if (row->status == TERN_OK) {
        row->status = trn_natural_id(&table, values, &derived, &row->id, NULL);
    }
    trn_free(of);
}

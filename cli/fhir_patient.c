/* Patient to users. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/fhir_column.h"
#include "cli/fhir_map.h"
#include "cli/fhir_value.h"

enum { NAME_MAX = 100, FULL_NAME_MAX = 200, PHONE_MAX = 20, EMAIL_MAX = 255, WORD_BYTES = 96 };

static const char place[] = "Patient";

void trn_fhir_report_beyond(struct trn_fhir_report *report,
                            const char *type,
                            json_t *resource,
                            const char *const *known)
{
    for (void *at = json_object_iter(resource); at != NULL;
         at = json_object_iter_next(resource, at)) {
        const char *name = json_object_iter_key(at);
        bool ours = strcmp(name, "extension") == 0 && trn_fhir_columns_only(resource);

        if (!ours && !trn_fhir_is_named(name, known)) {
            trn_fhir_report_member(report, type, name);
        }
    }
}

void trn_fhir_add_limited(struct trn_fhir_row *row,
                          const char *column,
                          const char *text,
                          size_t limit,
                          struct trn_fhir_report *report,
                          const char *path)
{
    struct trn_slice slice = trn_slice_text(text);
    char words[WORD_BYTES];
    size_t characters = 0;
    size_t size = 0;

    /* Each byte that continues no character begins one. */
    while (size < slice.size && size < TRN_FHIR_TEXT_BYTES_MAX &&
           characters + ((slice.data[size] & 0xC0) != 0x80) <= limit) {
        characters += (slice.data[size] & 0xC0) != 0x80;
        size++;
    }
    if (size == 0) {
        return;
    }
    if (size < slice.size) {
        size = trn_utf8_whole(trn_slice_make(slice.data, size));
        characters = trn_utf8_count(trn_slice_make(slice.data, size));
        (void)snprintf(words, sizeof(words), "%s (cut at %zu characters)", path, characters);
        trn_fhir_report_unmapped(report, words);
    }
    trn_fhir_row_add_text(row, column, trn_slice_make(slice.data, size));
}

/* The name to show: the official one, else the usual one, else the first. */
static json_t *best_name(const json_t *patient)
{
    static const char *const uses[] = {"official", "usual"};
    const json_t *names = json_object_get(patient, "name");

    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        for (size_t at = 0; at < json_array_size(names); at++) {
            json_t *name = json_array_get(names, at);
            const char *use = trn_fhir_text(name, "use");

            if (use != NULL && strcmp(use, uses[i]) == 0) {
                return name;
            }
        }
    }
    return json_array_get(names, 0);
}

static tern_status join_given(const json_t *name, struct trn_bytes *ret_given)
{
    const json_t *given = json_object_get(name, "given");
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < json_array_size(given); i++) {
        const char *part = json_string_value(json_array_get(given, i));

        if (part == NULL) {
            continue;
        }
        if (ret_given->size > 0) {
            status = trn_bytes_append_byte(ret_given, ' ');
        }
        if (status == TERN_OK) {
            status = trn_bytes_append_text(ret_given, part);
        }
    }
    return status;
}

/* Whether the text has a letter of the Khmer block, U+1780 to U+17FF, which is written E1 9E and
 * E1 9F. */
static bool is_khmer(const char *text)
{
    return text != NULL && (strstr(text, "\xE1\x9E") != NULL || strstr(text, "\xE1\x9F") != NULL);
}

tern_status trn_fhir_patient_name(const json_t *patient, struct trn_bytes *ret_name)
{
    const json_t *name = best_name(patient);
    const char *text = trn_fhir_text(name, "text");
    const char *family = trn_fhir_text(name, "family");
    struct trn_bytes given = {0};
    const char *first;
    const char *second;
    tern_status status = TERN_OK;

    if (text != NULL && text[0] != '\0') {
        return trn_bytes_append_text(ret_name, text);
    }
    status = join_given(name, &given);
    if (status != TERN_OK) {
        goto out;
    }
    /* A Khmer name begins with the family's. */
    first = is_khmer(family) ? family : trn_bytes_text(&given);
    second = is_khmer(family) ? trn_bytes_text(&given) : family;
    status = trn_bytes_append_text(ret_name, first);
    if (status == TERN_OK && second != NULL && second[0] != '\0') {
        status = trn_bytes_append_format(ret_name, "%s%s", ret_name->size > 0 ? " " : "", second);
    }
out:
    trn_bytes_free(&given);
    return status;
}

static void map_names(json_t *patient, struct trn_fhir_report *report, struct trn_fhir_row *user)
{
    static const char *const known[] = {"use", "text", "family", "given", NULL};
    json_t *name = best_name(patient);
    struct trn_bytes given = {0};
    struct trn_bytes full = {0};
    tern_status status = join_given(name, &given);

    if (status == TERN_OK) {
        status = trn_fhir_patient_name(patient, &full);
    }
    if (status != TERN_OK) {
        user->status = status;
        goto out;
    }
    trn_fhir_add_limited(user,
                         "first_name",
                         trn_bytes_text(&given),
                         NAME_MAX,
                         report,
                         "Patient.name.given");
    trn_fhir_add_limited(user,
                         "last_name",
                         trn_fhir_text(name, "family"),
                         NAME_MAX,
                         report,
                         "Patient.name.family");
    trn_fhir_add_limited(user,
                         "full_name",
                         trn_bytes_text(&full),
                         FULL_NAME_MAX,
                         report,
                         "Patient.name");
    trn_fhir_report_others(report, "Patient.name", name, known);
    for (size_t i = 1; i < json_array_size(json_object_get(patient, "name")); i++) {
        trn_fhir_report_unmapped(report, "Patient.name (further names)");
    }
out:
    trn_bytes_free(&given);
    trn_bytes_free(&full);
}

/* A number or address that does not fit is left out whole: half of one reaches a stranger. */
static bool
add_contact(struct trn_fhir_row *user, const char *column, const char *value, size_t max)
{
    struct trn_slice text = trn_slice_text(value);

    if (text.size == 0 || trn_utf8_count(text) > max ||
        trn_fhir_row_find(user, column).kind != TERN_NULL) {
        return false;
    }
    trn_fhir_row_add_text(user, column, text);
    return true;
}

static void
map_contacts(const json_t *patient, struct trn_fhir_report *report, struct trn_fhir_row *user)
{
    const json_t *contacts = json_object_get(patient, "telecom");

    for (size_t i = 0; i < json_array_size(contacts); i++) {
        const json_t *contact = json_array_get(contacts, i);
        const char *system = trn_fhir_text(contact, "system");
        const char *value = trn_fhir_text(contact, "value");
        bool taken = false;

        if (system != NULL && strcmp(system, "phone") == 0) {
            taken = add_contact(user, "phone_number", value, PHONE_MAX);
        } else if (system != NULL && strcmp(system, "email") == 0) {
            taken = add_contact(user, "email", value, EMAIL_MAX);
        }
        if (!taken) {
            trn_fhir_report_member(report, place, "telecom");
        }
    }
}

static void
map_gender(const json_t *patient, struct trn_fhir_report *report, struct trn_fhir_row *user)
{
    const char *gender = trn_fhir_text(patient, "gender");

    if (gender == NULL) {
        return;
    }
    if (strcmp(gender, "male") == 0) {
        trn_fhir_row_add_text(user, "gender", trn_slice_text("MALE"));
    } else if (strcmp(gender, "female") == 0) {
        trn_fhir_row_add_text(user, "gender", trn_slice_text("FEMALE"));
    } else if (strcmp(gender, "other") == 0) {
        trn_fhir_row_add_text(user, "gender", trn_slice_text("OTHER"));
    } else {
        trn_fhir_report_member(report, place, "gender");
    }
}

static void
map_birth(const json_t *patient, struct trn_fhir_report *report, struct trn_fhir_row *user)
{
    const char *birth = trn_fhir_text(patient, "birthDate");
    char date[TRN_DATE_SIZE + 1];

    if (trn_fhir_date(birth, date)) {
        trn_fhir_row_add_text(user, "date_of_birth", trn_slice_text(date));
    } else if (birth != NULL) {
        trn_fhir_report_member(report, place, "birthDate");
    }
}

static void
map_language(const json_t *patient, struct trn_fhir_report *report, struct trn_fhir_row *user)
{
    const json_t *spoken = json_object_get(patient, "communication");
    const json_t *chosen = json_array_get(spoken, 0);
    const char *code;

    for (size_t i = 0; i < json_array_size(spoken); i++) {
        const json_t *one = json_array_get(spoken, i);

        if (json_is_true(json_object_get(one, "preferred"))) {
            chosen = one;
            break;
        }
    }
    if (chosen == NULL) {
        return;
    }
    code = trn_fhir_code(json_object_get(chosen, "language"));
    if (code != NULL && (strncmp(code, "km", 2) == 0)) {
        trn_fhir_row_add_text(user, "language", trn_slice_text("KHMER"));
    } else if (code != NULL && strncmp(code, "en", 2) == 0) {
        trn_fhir_row_add_text(user, "language", trn_slice_text("ENGLISH"));
    } else {
        trn_fhir_report_member(report, place, "communication");
    }
}

bool trn_fhir_map_patient(json_t *patient,
                          const char *full_url,
                          struct trn_fhir_report *report,
                          struct trn_fhir_row *ret_user)
{
    static const char *const known[] = {"resourceType",
                                        "id",
                                        "meta",
                                        "name",
                                        "telecom",
                                        "gender",
                                        "birthDate",
                                        "communication",
                                        NULL};
    tern_id id;

    if (!trn_fhir_resource_id(patient, place, full_url, &id)) {
        trn_fhir_report_unmapped(report, "Patient (without id)");
        return false;
    }
    trn_fhir_row_begin(ret_user, "users", place, &id, &id);
    trn_fhir_row_add_text(ret_user, "role", trn_slice_text("PATIENT"));
    map_names(patient, report, ret_user);
    map_contacts(patient, report, ret_user);
    map_gender(patient, report, ret_user);
    map_birth(patient, report, ret_user);
    map_language(patient, report, ret_user);
    trn_fhir_report_beyond(report, place, patient, known);
    trn_fhir_columns_apply(trn_fhir_columns_find(patient, "users"), report, ret_user);
    return true;
}

static const char meals_table[] = "meal_time_preferences";

bool trn_fhir_map_meals(const json_t *patient,
                        const tern_id *id,
                        struct trn_fhir_report *report,
                        struct trn_fhir_row *ret_meals)
{
    const json_t *extension = trn_fhir_columns_find(patient, meals_table);

    if (extension == NULL) {
        return false;
    }
    trn_fhir_row_begin(ret_meals, meals_table, place, id, id);
    trn_fhir_row_add_id(ret_meals, "user_id", id);
    trn_fhir_columns_derive_id(ret_meals);
    trn_fhir_columns_apply(extension, report, ret_meals);
    return true;
}

void trn_fhir_map_stranger(const tern_id *id, struct trn_fhir_row *ret_user)
{
    trn_fhir_row_begin(ret_user, "users", "", id, id);
    trn_fhir_row_add_text(ret_user, "role", trn_slice_text("PATIENT"));
}

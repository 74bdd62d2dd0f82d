/* Counting what was left out. Names come from the file, so an element name that R4 cannot have is
 * counted under one neutral name: a value in the wrong place must not end in the report. */
#include "cli/fhir_report.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"

enum { PATH_BYTES = 192, NAME_MAX_CHARACTERS = 40 };

tern_status trn_fhir_report_open(struct trn_fhir_report *report, tern_error *error)
{
    report->resources = json_object();
    report->unmapped = json_object();
    report->rows = json_object();
    report->status = TERN_OK;
    if (report->resources == NULL || report->unmapped == NULL || report->rows == NULL) {
        return trn_fail_nomem(error);
    }
    return TERN_OK;
}

void trn_fhir_report_close(struct trn_fhir_report *report)
{
    json_decref(report->resources);
    json_decref(report->unmapped);
    json_decref(report->rows);
    *report = (struct trn_fhir_report){0};
}

int64_t trn_fhir_report_count(const json_t *counts, const char *name)
{
    return json_integer_value(json_object_get(counts, name));
}

static void count(struct trn_fhir_report *report, json_t *counts, const char *name)
{
    int64_t times = trn_fhir_report_count(counts, name) + 1;

    if (json_object_set_new(counts, name, json_integer(times)) != 0) {
        report->status = TERN_ERR_NOMEM;
    }
}

/* Element and type names of FHIR are letters and digits, with an underscore before a primitive's
 * extensions. */
static const char *checked(const char *name)
{
    size_t size = name != NULL ? strlen(name) : 0;

    if (size == 0 || size > NAME_MAX_CHARACTERS) {
        return "(not FHIR)";
    }
    for (size_t i = 0; i < size; i++) {
        if (!isalpha((unsigned char)name[i]) && !(i == 0 && name[i] == '_') &&
            !(i > 0 && isdigit((unsigned char)name[i]))) {
            return "(not FHIR)";
        }
    }
    return name;
}

void trn_fhir_report_resource(struct trn_fhir_report *report, const char *type)
{
    count(report, report->resources, checked(type));
}

void trn_fhir_report_unmapped(struct trn_fhir_report *report, const char *path)
{
    count(report, report->unmapped, path);
}

void trn_fhir_report_member(struct trn_fhir_report *report, const char *place, const char *name)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%s.%s", place, checked(name));
    count(report, report->unmapped, path);
}

bool trn_fhir_is_named(const char *name, const char *const *known)
{
    for (; *known != NULL; known++) {
        if (strcmp(*known, name) == 0) {
            return true;
        }
    }
    return false;
}

void trn_fhir_report_others(struct trn_fhir_report *report,
                            const char *place,
                            json_t *object,
                            const char *const *known)
{
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);

        if (!trn_fhir_is_named(name, known)) {
            trn_fhir_report_member(report, place, name);
        }
    }
}

void trn_fhir_report_row(struct trn_fhir_report *report, const char *table, const char *outcome)
{
    json_t *counts = json_object_get(report->rows, table);

    if (counts == NULL) {
        counts = json_object();
        if (json_object_set_new(report->rows, table, counts) != 0) {
            report->status = TERN_ERR_NOMEM;
            return;
        }
    }
    count(report, counts, outcome);
}

static void print_counts(FILE *file, const char *title, json_t *counts)
{
    const char *name;
    json_t *value;

    if (json_object_size(counts) == 0) {
        return;
    }
    (void)fprintf(file, "\n%s\n", title);
    json_object_foreach(counts, name, value)
    {
        (void)fprintf(file, "  %8" PRId64 "  %s\n", (int64_t)json_integer_value(value), name);
    }
}

void trn_fhir_report_print(const struct trn_fhir_report *report, FILE *file)
{
    const char *table;
    json_t *counts;

    (void)fprintf(file, "Rows              created   changed unchanged   deleted\n");
    json_object_foreach(report->rows, table, counts)
    {
        (void)fprintf(file,
                      "  %-14s %8" PRId64 "  %8" PRId64 "  %8" PRId64 "  %8" PRId64 "\n",
                      table,
                      trn_fhir_report_count(counts, "created"),
                      trn_fhir_report_count(counts, "changed"),
                      trn_fhir_report_count(counts, "unchanged"),
                      trn_fhir_report_count(counts, "deleted"));
    }
    print_counts(file, "Resources read", report->resources);
    print_counts(file, "Not taken over", report->unmapped);
}

json_t *trn_fhir_report_json(const struct trn_fhir_report *report)
{
    return json_pack("{s:O, s:O, s:O}",
                     "rows",
                     report->rows,
                     "resources",
                     report->resources,
                     "not_taken_over",
                     report->unmapped);
}

/* Whether a file is one document or a line each is told by its first line: it is a whole resource
 * or it is not. Only one line is held of the second kind. */
#include "cli/fhir_read.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct reader {
    const char *path;
    FILE *file;
    size_t line_number;
    trn_fhir_visitor visitor;
    void *context;
    tern_error *error;
};

static tern_status fail_format(struct reader *reader, size_t line, const char *what)
{
    return trn_fail(reader->error, TERN_ERR_FORMAT, "%s:%zu: %s", reader->path, line, what);
}

/* jansson has nothing to say where it ran out of memory. */
static bool ran_out(const json_error_t *problem)
{
    return problem->text[0] == '\0' || json_error_code(problem) == json_error_out_of_memory;
}

/* jansson's own sentence quotes the input, which must not be shown. */
static tern_status fail_json(struct reader *reader, size_t first_line, const json_error_t *problem)
{
    size_t line = first_line + (problem->line > 0 ? (size_t)problem->line - 1 : 0);

    if (ran_out(problem)) {
        return trn_fail_nomem(reader->error);
    }
    switch (json_error_code(problem)) {
    case json_error_invalid_utf8:
        return fail_format(reader, line, "not UTF-8");
    case json_error_premature_end_of_input:
        return fail_format(reader, line, "the JSON ends too early");
    case json_error_duplicate_key:
        return fail_format(reader, line, "a JSON object names a member twice");
    case json_error_stack_overflow:
        return fail_format(reader, line, "the JSON is nested too deeply");
    default:
        return fail_format(reader, line, "not JSON");
    }
}

static const char *type_of(const json_t *resource)
{
    return json_string_value(json_object_get(resource, "resourceType"));
}

static tern_status visit_bundle(struct reader *reader, const json_t *bundle, size_t line)
{
    const json_t *entries = json_object_get(bundle, "entry");
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        json_t *resource = json_object_get(entry, "resource");

        if (resource == NULL) {
            continue; /* an entry may be a request alone */
        }
        if (type_of(resource) == NULL) {
            return fail_format(reader, line, "an entry of the Bundle is no FHIR resource");
        }
        status = reader->visitor(reader->context,
                                 resource,
                                 json_string_value(json_object_get(entry, "fullUrl")),
                                 reader->error);
    }
    return status;
}

static tern_status visit_document(struct reader *reader, json_t *document, size_t line)
{
    const char *type = type_of(document);

    if (type == NULL) {
        return fail_format(reader, line, "no FHIR resource: it has no resourceType");
    }
    if (strcmp(type, "Bundle") == 0) {
        return visit_bundle(reader, document, line);
    }
    return reader->visitor(reader->context, document, NULL, reader->error);
}

static bool is_blank(const char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return *text == '\0';
}

static tern_status visit_line(struct reader *reader, const char *line, size_t size)
{
    json_error_t problem;
    json_t *document;
    tern_status status;

    while (size > 0 && isspace((unsigned char)line[size - 1])) {
        size--; /* a line's end would count as a line in what jansson says */
    }
    document = json_loadb(line, size, JSON_REJECT_DUPLICATES, &problem);
    if (document == NULL) {
        return fail_json(reader, reader->line_number, &problem);
    }
    status = visit_document(reader, document, reader->line_number);
    json_decref(document);
    return status;
}

static tern_status visit_lines(struct reader *reader)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    tern_status status = TERN_OK;

    reader->line_number = 0;
    while (status == TERN_OK && (size = getline(&line, &capacity, reader->file)) >= 0) {
        reader->line_number++;
        if (!is_blank(line)) {
            status = visit_line(reader, line, (size_t)size);
        }
    }
    free(line); /* getline's own */
    return status;
}

static tern_status visit_whole(struct reader *reader)
{
    json_error_t problem;
    json_t *document = json_loadf(reader->file, JSON_REJECT_DUPLICATES, &problem);
    tern_status status;

    if (document == NULL) {
        return fail_json(reader, 1, &problem);
    }
    status = visit_document(reader, document, 1);
    json_decref(document);
    return status;
}

/* Whether the first line that is not blank is a JSON document by itself. */
static tern_status find_form(struct reader *reader, bool *ret_by_lines)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    json_error_t problem = {.text = "none"};
    json_t *document = NULL;

    while ((size = getline(&line, &capacity, reader->file)) >= 0) {
        if (!is_blank(line)) {
            document = json_loadb(line, (size_t)size, 0, &problem);
            break;
        }
    }
    free(line); /* getline's own */
    rewind(reader->file);
    if (document == NULL && ran_out(&problem)) {
        return trn_fail_nomem(reader->error);
    }
    *ret_by_lines = document != NULL;
    json_decref(document);
    return TERN_OK;
}

tern_status
trn_fhir_read(const char *path, trn_fhir_visitor visitor, void *context, tern_error *error)
{
    struct reader reader = {.path = path, .visitor = visitor, .context = context, .error = error};
    tern_status status;
    bool by_lines = false;

    reader.file = fopen(path, "re");
    if (reader.file == NULL) {
        return trn_fail(error, TERN_ERR_IO, "%s: cannot be opened", path);
    }
    status = find_form(&reader, &by_lines);
    if (status == TERN_OK) {
        status = by_lines ? visit_lines(&reader) : visit_whole(&reader);
    }
    if (status == TERN_OK && ferror(reader.file) != 0) {
        status = trn_fail(error, TERN_ERR_IO, "%s: cannot be read", path);
    }
    (void)fclose(reader.file);
    return status;
}

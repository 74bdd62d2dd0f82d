/* Problem documents by jansson. */
#include "wire/problem.h"

#include "base/error.h"
#include "base/memory.h"
#include "model/version.h"
#include "wire/envelope.h"
#include "wire/limits.h"

struct answered {
    int http_status;
    const char *title;
};

static struct answered answered(tern_status code)
{
    switch (code) {
    case TERN_ERR_PROTOCOL:
    case TERN_ERR_TOO_DEEP:
    case TERN_ERR_NOT_UTF8:
    case TERN_ERR_CURSOR:
        return (struct answered){400, "Bad Request"};
    case TERN_ERR_UNAUTHORIZED:
        return (struct answered){401, "Unauthorized"};
    case TERN_ERR_FORBIDDEN:
    case TERN_ERR_WRONG_USER:
        return (struct answered){403, "Forbidden"};
    case TERN_ERR_NOT_FOUND:
        return (struct answered){404, "Not Found"};
    case TERN_ERR_EPOCH_CHANGED:
    case TERN_ERR_DEVICE_CLONED:
        return (struct answered){409, "Conflict"};
    case TERN_ERR_TOO_LARGE:
        return (struct answered){413, "Content Too Large"};
    case TERN_ERR_UPGRADE_REQUIRED:
        return (struct answered){426, "Upgrade Required"};
    case TERN_ERR_UNAVAILABLE:
    case TERN_ERR_BUSY:
        return (struct answered){503, "Service Unavailable"};
    default:
        return (struct answered){500, "Internal Server Error"};
    }
}

int trn_problem_http_status(tern_status code)
{
    return answered(code).http_status;
}

/* ---- Writing ---- */

static json_t *make_slice(struct trn_slice text)
{
    return json_stringn(text.size != 0 ? (const char *)text.data : "", text.size);
}

/* The members of a "v" line behind its tag. */
static json_t *make_verdict(const struct trn_verdict *verdict)
{
    json_t *line = json_array();
    int failed = json_array_append_new(line, json_integer((json_int_t)verdict->index));

    failed |= json_array_append_new(line, json_string(trn_verdict_word(verdict->kind)));
    if (verdict->kind == TRN_VERDICT_APPLIED || verdict->kind == TRN_VERDICT_DUPLICATE) {
        failed |= json_array_append_new(line, json_integer(verdict->number));
        failed |= json_array_append_new(line, json_integer(verdict->stored_us));
    } else if (verdict->kind == TRN_VERDICT_REJECTED) {
        failed |= json_array_append_new(line, json_string(tern_status_code(verdict->code)));
        failed |= json_array_append_new(line, json_integer(verdict->change));
        failed |= json_array_append_new(line, make_slice(verdict->sentence));
    }
    if (failed != 0) {
        json_decref(line);
        return NULL;
    }
    return line;
}

static json_t *make_verdicts(const struct trn_problem *problem)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < problem->verdict_count; i++) {
        if (json_array_append_new(lines, make_verdict(&problem->verdicts[i])) != 0) {
            json_decref(lines);
            return NULL;
        }
    }
    return lines;
}

tern_status
trn_problem_write(const struct trn_problem *problem, struct trn_bytes *bytes, tern_error *error)
{
    const char *code = tern_status_code(problem->code);
    const char *title = answered(problem->code).title;
    json_t *object = json_object();
    tern_status status;
    int failed = 0;

    failed |= json_object_set_new(object, "type", json_sprintf("urn:tern:problem:%s", code));
    failed |= json_object_set_new(object, "title", json_string(title));
    failed |= json_object_set_new(object, "status", json_integer(problem->http_status));
    failed |= json_object_set_new(object, "code", json_string(code));
    failed |= json_object_set_new(object, "detail", make_slice(problem->detail));
    if (problem->verdict_count != 0) {
        failed |= json_object_set_new(object, "verdicts", make_verdicts(problem));
    }
    if (problem->cursor.size != 0) {
        failed |= json_object_set_new(object, "cursor", make_slice(problem->cursor));
    }
    status = failed != 0 ? trn_fail_nomem(error) : trn_envelope_append(bytes, object, error);
    json_decref(object);
    return status;
}

/* ---- Reading ---- */

static struct trn_slice slice_of(const json_t *text)
{
    return trn_slice_make(json_string_value(text), json_string_length(text));
}

static bool read_verdict(const json_t *line, size_t index, struct trn_verdict *verdict)
{
    const json_t *third = json_array_get(line, 2);
    const json_t *fourth = json_array_get(line, 3);
    const json_t *fifth = json_array_get(line, 4);

    if (json_integer_value(json_array_get(line, 0)) != (json_int_t)index ||
        !trn_verdict_of_word(slice_of(json_array_get(line, 1)), &verdict->kind)) {
        return false;
    }
    verdict->index = index;
    switch (verdict->kind) {
    case TRN_VERDICT_RETRY:
        return true;
    case TRN_VERDICT_REJECTED:
        verdict->code =
            tern_status_from_code(json_is_string(third) ? json_string_value(third) : "");
        verdict->change = json_integer_value(fourth);
        verdict->sentence = slice_of(fifth);
        return json_is_string(third) && json_is_integer(fourth) && json_is_string(fifth);
    default:
        verdict->number = json_integer_value(third);
        verdict->stored_us = json_integer_value(fourth);
        return json_is_integer(third) && verdict->number > 0 && verdict->number <= TRN_KEY_MAX &&
               json_is_integer(fourth) && verdict->stored_us >= TRN_WIRE_TIME_MIN &&
               verdict->stored_us <= TRN_WIRE_TIME_MAX;
    }
}

static tern_status
read_verdicts(struct trn_problem_document *document, const json_t *lines, tern_error *error)
{
    size_t count = json_array_size(lines);

    if (lines == NULL) {
        return TERN_OK;
    }
    document->verdicts = trn_calloc(count, sizeof(*document->verdicts));
    if (document->verdicts == NULL) {
        return trn_fail_nomem(error);
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_verdict(json_array_get(lines, i), i, &document->verdicts[i])) {
            return trn_fail(error, TERN_ERR_PROTOCOL, "problem: \"verdicts\" is wrong");
        }
    }
    document->problem.verdicts = document->verdicts;
    document->problem.verdict_count = count;
    return TERN_OK;
}

tern_status trn_problem_read(struct trn_slice text,
                             struct trn_problem_document *ret_document,
                             tern_error *error)
{
    struct trn_problem_document document = {0};
    json_t *object = NULL;
    const json_t *code;
    const json_t *detail;
    tern_status status = trn_envelope_parse(text, "problem", &object, error);

    if (status != TERN_OK) {
        return status;
    }
    document.object = object;
    code = json_object_get(object, "code");
    detail = json_object_get(object, "detail");
    if (!json_is_string(code)) {
        status = trn_fail(error, TERN_ERR_PROTOCOL, "problem: \"code\" is missing");
        goto out;
    }
    document.problem.code = tern_status_from_code(json_string_value(code));
    document.problem.http_status = (int)json_integer_value(json_object_get(object, "status"));
    document.problem.detail = slice_of(detail);
    document.problem.cursor = slice_of(json_object_get(object, "cursor"));
    status = read_verdicts(&document, json_object_get(object, "verdicts"), error);
    if (status == TERN_OK) {
        *ret_document = document;
        document = (struct trn_problem_document){0};
    }
out:
    trn_problem_free(&document);
    return status;
}

void trn_problem_free(struct trn_problem_document *document)
{
    json_decref(document->object);
    trn_free(document->verdicts);
    *document = (struct trn_problem_document){0};
}

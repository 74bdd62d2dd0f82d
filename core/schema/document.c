/* The text of a document becomes a JSON tree, or an error with line and column. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "schema/load.h"

/*
 * jansson 2.14 drops a character where its token buffer cannot grow, and says nothing. So the
 * document is read as the second item of an array whose first is a text as long as any token of a
 * document may be: once that one has come through whole, the buffer never grows again.
 */
enum { TOKEN_MAX_BYTES = 400, LINES_BEFORE = 1 };

struct source {
    char primer[TOKEN_MAX_BYTES + 8];
    struct trn_slice parts[3]; /* primer, document, end */
    size_t part;
};

static void set_source(struct source *source, const char *json, size_t size)
{
    memset(source->primer, 'x', sizeof(source->primer));
    memcpy(source->primer, "[\"", 2);
    memcpy(source->primer + 2 + TOKEN_MAX_BYTES, "\",\n", 3);
    source->parts[0] = trn_slice_make(source->primer, TOKEN_MAX_BYTES + 5);
    source->parts[1] = trn_slice_make(json, size);
    source->parts[2] = trn_slice_text("]");
    source->part = 0;
}

static size_t feed(void *buffer, size_t size, void *context)
{
    struct source *source = context;
    struct trn_slice *part;

    while (source->part < 3 && source->parts[source->part].size == 0) {
        source->part++;
    }
    if (source->part == 3) {
        return 0;
    }
    part = &source->parts[source->part];
    size = part->size < size ? part->size : size;
    memcpy(buffer, part->data, size);
    part->data += size;
    part->size -= size;
    return size;
}

/* The array, or NULL; TERN_ERR_NOMEM's sign is a primer that lost something. */
static json_t *read_array(const char *json, size_t size, json_error_t *reason)
{
    struct source source;
    json_t *array;

    set_source(&source, json, size);
    array = json_load_callback(feed, &source, JSON_REJECT_DUPLICATES, reason);
    if (array == NULL) { /* some failed allocations are called syntax errors: ask twice */
        set_source(&source, json, size);
        array = json_load_callback(feed, &source, JSON_REJECT_DUPLICATES, reason);
    }
    return array;
}

static tern_status
fail_parse(const char *json, size_t size, const json_error_t *reason, tern_error *error)
{
    enum json_error_code code = json_error_code(reason);

    if (code == json_error_out_of_memory) {
        return trn_fail_nomem(error);
    }
    if (!trn_utf8_is_valid(trn_slice_make(json, size))) {
        return trn_fail(error, TERN_ERR_SCHEMA, "(document): not UTF-8");
    }
    return trn_fail(error,
                    TERN_ERR_SCHEMA,
                    "line %d, column %d: %s",
                    reason->line - LINES_BEFORE,
                    reason->column,
                    code == json_error_stack_overflow ? "too deep" : reason->text);
}

/* The document alone, out of the array. */
static tern_status unwrap(json_t *array, json_t **ret_tree, tern_error *error)
{
    if (json_string_length(json_array_get(array, 0)) != TOKEN_MAX_BYTES) {
        return trn_fail_nomem(error);
    }
    if (json_array_size(array) != 2) {
        return trn_fail(error, TERN_ERR_SCHEMA, "(document): must be one object");
    }
    *ret_tree = json_incref(json_array_get(array, 1));
    return TERN_OK;
}

tern_status trn_document_parse(const char *json, size_t size, json_t **ret_tree, tern_error *error)
{
    json_error_t reason = {.line = 0};
    json_t *array;
    tern_status status;

    if (size > TRN_SCHEMA_DOCUMENT_MAX) {
        return trn_fail(error,
                        TERN_ERR_SCHEMA,
                        "(document): larger than %zu bytes",
                        TRN_SCHEMA_DOCUMENT_MAX);
    }
    array = read_array(json, size, &reason);
    if (array == NULL) {
        return fail_parse(json, size, &reason, error);
    }
    status = unwrap(array, ret_tree, error);
    json_decref(array);
    return status;
}

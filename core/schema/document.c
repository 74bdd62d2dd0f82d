/* The text of a document becomes a JSON tree, or an error with line and column. */
#include "schema/document.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "schema/schema.h"

static tern_status
fail_parse(const char *json, size_t size, const json_error_t *reason, tern_error *error)
{
    enum json_error_code code = json_error_code(reason);

    if (!trn_utf8_is_valid(trn_slice_make(json, size))) {
        return trn_fail(error, TERN_ERR_SCHEMA, "(document): not UTF-8");
    }
    if (reason->line == 0) {
        return trn_fail(error, TERN_ERR_SCHEMA, "(document): must be one object");
    }
    return trn_fail(error,
                    TERN_ERR_SCHEMA,
                    "line %d, column %d: %s",
                    reason->line,
                    reason->column,
                    code == json_error_stack_overflow ? "too deep" : reason->text);
}

tern_status trn_document_parse(const char *json, size_t size, json_t **ret_tree, tern_error *error)
{
    json_error_t reason = {.line = 0};
    tern_status status;

    if (size > TRN_SCHEMA_DOCUMENT_MAX) {
        return trn_fail(error,
                        TERN_ERR_SCHEMA,
                        "(document): larger than %zu bytes",
                        TRN_SCHEMA_DOCUMENT_MAX);
    }
    status = trn_json_load(trn_slice_make(json, size), JSON_REJECT_DUPLICATES, ret_tree, &reason);
    if (status == TERN_ERR_NOMEM) {
        return trn_fail_nomem(error);
    }
    return status == TERN_OK ? TERN_OK : fail_parse(json, size, &reason, error);
}

/* tern schema: checks a schema document, and shows the DDL that it stands for. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/files.h"
#include "cli/output.h"
#include "schema/schema.h"

static enum trn_exit say_checked(const struct trn_call *call, const struct trn_schema *schema)
{
    size_t columns = 0;

    for (size_t i = 0; i < schema->table_count; i++) {
        columns += schema->tables[i].column_count;
    }
    if (trn_has(call, TRN_OPT_JSON)) {
        return trn_print_json(json_pack("{s:s, s:I, s:I, s:I}",
                                        "document",
                                        call->arguments[1],
                                        "version",
                                        (json_int_t)schema->version,
                                        "tables",
                                        (json_int_t)schema->table_count,
                                        "columns",
                                        (json_int_t)columns))
                   ? TRN_EXIT_OK
                   : TRN_EXIT_FAILED;
    }
    (void)printf("%s: version %u, %zu tables (sync_audit among them), %zu columns: fine\n",
                 call->arguments[1],
                 (unsigned)schema->version,
                 schema->table_count,
                 columns);
    return TRN_EXIT_OK;
}

static enum trn_exit print_ddl(const struct trn_call *call, const struct trn_schema *schema)
{
    static const struct {
        const char *name;
        enum trn_dialect dialect;
    } dialects[] = {
        {"replica", TRN_DIALECT_REPLICA},
        {"sqlite", TRN_DIALECT_SERVER_SQLITE},
        {"postgres", TRN_DIALECT_SERVER_POSTGRES},
    };
    const char *name = trn_option(call, TRN_OPT_DIALECT);
    struct trn_bytes ddl = {0};
    tern_error error = {0};
    tern_status status;

    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        if (strcmp(dialects[i].name, name) != 0) {
            continue;
        }
        status = trn_schema_ddl(schema, dialects[i].dialect, &ddl, &error);
        if (status == TERN_OK) {
            (void)fwrite(trn_bytes_text(&ddl), 1, ddl.size, stdout);
        }
        trn_bytes_free(&ddl);
        return status == TERN_OK ? TRN_EXIT_OK : trn_report_failure(call, status, &error);
    }
    return trn_usage_error(call, "--dialect must be replica, sqlite or postgres");
}

static enum trn_exit run(const struct trn_call *call)
{
    const char *verb = call->arguments[0];
    struct trn_bytes document = {0};
    struct trn_schema *schema = NULL;
    tern_error error = {0};
    enum trn_exit result;
    tern_status status;

    if (strcmp(verb, "check") != 0 && strcmp(verb, "ddl") != 0) {
        return trn_usage_error(call, "check or ddl is expected, not \"%s\"", verb);
    }
    status = trn_file_read(call->arguments[1], TRN_SCHEMA_DOCUMENT_MAX, &document, &error);
    if (status == TERN_OK) {
        status = trn_schema_load(trn_bytes_text(&document), document.size, &schema, &error);
    }
    if (status != TERN_OK) {
        result = trn_report_failure(call, status, &error);
    } else {
        result = strcmp(verb, "check") == 0 ? say_checked(call, schema) : print_ddl(call, schema);
    }
    trn_schema_free(schema);
    trn_bytes_free(&document);
    return result;
}

static const enum trn_option options[] = {TRN_OPT_DIALECT, TRN_OPT_JSON, TRN_OPT_END};

const struct trn_command trn_command_schema = {
    .name = "schema",
    .arguments = "check|ddl DOCUMENT",
    .summary = "Check a schema document, or print the DDL that it stands for",
    .details = "A bad document is refused with the place, as a JSON pointer, and the reason.\n\n"
               "  tern schema check schemas/dastern.json\n"
               "  tern schema ddl schemas/dastern.json\n"
               "  tern schema ddl --dialect postgres schemas/dastern.json | psql\n",
    .least = 2,
    .most = 2,
    .options = options,
    .run = run,
};

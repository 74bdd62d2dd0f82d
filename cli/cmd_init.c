/* tern init: makes a replica, or brings one up to a newer schema document. */
#include <stdio.h>

#include "base/uuid.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/output.h"

enum { DOCUMENT_MAX = 1024 * 1024 };

static bool say(const struct trn_call *call, tern_replica *replica)
{
    const char *path = trn_option(call, TRN_OPT_REPLICA);
    char device_text[TRN_ID_TEXT_SIZE + 1];
    char user_text[TRN_ID_TEXT_SIZE + 1];
    tern_id device;
    tern_id user;

    tern_replica_device(replica, &device);
    tern_replica_user(replica, &user);
    trn_id_format(&device, device_text);
    trn_id_format(&user, user_text);
    if (trn_has(call, TRN_OPT_JSON)) {
        return trn_print_json(json_pack("{s:s, s:s, s:s}",
                                        "replica",
                                        path,
                                        "device",
                                        device_text,
                                        "user",
                                        user_text));
    }
    return printf("%s is the replica of user %s on device %s\n", path, user_text, device_text) > 0;
}

static enum trn_exit run(const struct trn_call *call)
{
    const char *schema_path = trn_option(call, TRN_OPT_SCHEMA);
    const char *user = trn_option(call, TRN_OPT_USER);
    struct trn_bytes schema = {0};
    tern_ports ports;
    tern_replica_options options = {.size = sizeof(options), .ports = &ports};
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_status status;
    enum trn_exit result = TRN_EXIT_OK;

    if (schema_path == NULL || user == NULL) {
        return trn_usage_error(call, "--schema and --user are needed");
    }
    if (!trn_id_of(call, user, &options.user)) {
        return TRN_EXIT_USAGE;
    }
    trn_ports_of(&ports);
    status = trn_file_read(schema_path, DOCUMENT_MAX, &schema, &error);
    if (status == TERN_OK) {
        options.schema = trn_bytes_text(&schema);
        options.schema_size = schema.size;
        status = tern_replica_open(trn_option(call, TRN_OPT_REPLICA), &options, &replica, &error);
    }
    if (status != TERN_OK) {
        result = trn_report_failure(call, status, &error);
    } else if (!trn_has(call, TRN_OPT_QUIET) && !say(call, replica)) {
        result = TRN_EXIT_FAILED;
    }
    tern_replica_close(replica);
    trn_bytes_free(&schema);
    return result;
}

static const enum trn_option options[] =
    {TRN_OPT_REPLICA, TRN_OPT_SCHEMA, TRN_OPT_USER, TRN_OPT_JSON, TRN_OPT_QUIET, TRN_OPT_END};

const struct trn_command trn_command_init = {
    .name = "init",
    .arguments = "",
    .summary = "Make a replica, or upgrade one to a newer schema document",
    .details =
        "A replica is one SQLite file that holds one user's record, readable by sqlite3 and by "
        "any\n"
        "program that reads SQLite. Running init again is harmless; with a newer schema document "
        "it adds\n"
        "the new tables and columns.\n\n"
        "  tern init --schema schemas/dastern.json --user 7aa15a43-3a41-4d3d-a9c5-7ef941757531\n"
        "  tern init -r phone.db -s dastern.json -u 7aa15a43-3a41-4d3d-a9c5-7ef941757531\n",
    .options = options,
    .run = run,
};

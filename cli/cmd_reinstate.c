/* tern reinstate: brings an overwritten value back as a new change. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/files.h"
#include "cli/output.h"
#include "tern/outbox.h"

static enum trn_exit run(const struct trn_call *call)
{
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_id audit;
    tern_status status;

    if (!trn_id_of(call, call->arguments[0], &audit)) {
        return TRN_EXIT_USAGE;
    }
    status = trn_replica_of(call, &replica, &error);
    if (status == TERN_OK) {
        status = tern_audit_reinstate(replica, &audit, &error);
    }
    tern_replica_close(replica);
    if (status != TERN_OK && status != TERN_ERR_EXISTS) {
        return trn_report_failure(call, status, &error);
    }
    if (trn_has(call, TRN_OPT_JSON)) {
        return trn_print_json(json_pack("{s:s,s:b}",
                                        "reinstated",
                                        call->arguments[0],
                                        "queued",
                                        status == TERN_OK))
                   ? TRN_EXIT_OK
                   : TRN_EXIT_FAILED;
    }
    (void)printf("%s\n",
                 status == TERN_OK ? "reinstated; the next sync pushes it"
                                   : "the value stands already; nothing is queued");
    return TRN_EXIT_OK;
}

static const enum trn_option options[] = {TRN_OPT_REPLICA, TRN_OPT_JSON, TRN_OPT_END};

const struct trn_command trn_command_reinstate = {
    .name = "reinstate",
    .arguments = "AUDIT-ID",
    .summary = "Bring an overwritten value back, as a new change of your own",
    .details =
        "The id is that of \"tern audit\". The value that stands now is overwritten in turn, "
        "by somebody\n"
        "who has seen it. Where the lost value stands again already, nothing is queued.\n\n"
        "  tern reinstate 0193f1d2-7b1c-7c52-9d11-4b1f0a6c2e90\n",
    .least = 1,
    .most = 1,
    .options = options,
    .run = run,
};

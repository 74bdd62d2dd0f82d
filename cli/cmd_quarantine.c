/* tern quarantine: what the server would not take, and what to do about it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/entries.h"
#include "cli/files.h"
#include "cli/output.h"

static enum trn_exit say(const struct trn_call *call, const char *what, uint64_t entry)
{
    if (trn_has(call, TRN_OPT_JSON)) {
        return trn_print_json(json_pack("{s:I}", what, (json_int_t)entry)) ? TRN_EXIT_OK
                                                                           : TRN_EXIT_FAILED;
    }
    (void)printf("%s entry %" PRIu64 "\n", what, entry);
    return TRN_EXIT_OK;
}

static enum trn_exit retry(const struct trn_call *call, tern_replica *replica, uint64_t ordinal)
{
    tern_error error = {0};
    uint64_t fresh = 0;
    tern_status status = tern_quarantine_retry(replica, ordinal, &fresh, &error);

    return status == TERN_OK ? say(call, "queued_as", fresh)
                             : trn_report_failure(call, status, &error);
}

static enum trn_exit discard(const struct trn_call *call, tern_replica *replica, uint64_t ordinal)
{
    tern_error error = {0};
    tern_status status = tern_quarantine_discard(replica, ordinal, &error);

    return status == TERN_OK ? say(call, "discarded", ordinal)
                             : trn_report_failure(call, status, &error);
}

static enum trn_exit list(const struct trn_call *call, tern_replica *replica, uint64_t ordinal)
{
    (void)ordinal;
    return trn_entries_print(call, replica, 1U << TERN_ENTRY_QUARANTINED | 1U << TERN_ENTRY_LOCKED);
}

static const struct verb {
    const char *name;
    size_t arguments; /* behind it */
    enum trn_exit (*act)(const struct trn_call *call, tern_replica *replica, uint64_t ordinal);
} verbs[] = {{"list", 0, list}, {"retry", 1, retry}, {"discard", 1, discard}};

static const struct verb *find_verb(const struct trn_call *call)
{
    if (call->argument_count == 0) {
        return &verbs[0];
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, call->arguments[0]) == 0 &&
            verbs[i].arguments == call->argument_count - 1) {
            return &verbs[i];
        }
    }
    return NULL;
}

static enum trn_exit run(const struct trn_call *call)
{
    const struct verb *verb = find_verb(call);
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_status status;
    enum trn_exit result;
    uint64_t ordinal = 0;

    if (verb == NULL) {
        return trn_usage_error(call, "list, retry ENTRY or discard ENTRY is expected");
    }
    if (verb->arguments > 0 && !trn_ordinal_of(call, call->arguments[1], &ordinal)) {
        return TRN_EXIT_USAGE;
    }
    status = trn_replica_of(call, &replica, &error);
    result = status == TERN_OK ? verb->act(call, replica, ordinal)
                               : trn_report_failure(call, status, &error);
    tern_replica_close(replica);
    return result;
}

static const enum trn_option options[] = {TRN_OPT_REPLICA, TRN_OPT_JSON, TRN_OPT_END};

const struct trn_command trn_command_quarantine = {
    .name = "quarantine",
    .arguments = "[list | retry ENTRY | discard ENTRY]",
    .summary = "List what the server would not take; send it again or give it up",
    .details =
        "A rejected transaction parks itself and what depends on it; everything else goes on. "
        "retry\n"
        "queues it as a new transaction over the rows as they are now; discard gives it up, and "
        "hands\n"
        "its values to the server's audit at the next sync. tern outbox ENTRY shows what it "
        "holds.\n"
        "EPOCH_CHANGED: another device wrote it, and a restored server lost it; it goes once that "
        "one\n"
        "offers it again. retry sends it in that one's name, which takes an operator's token.\n\n"
        "  tern quarantine\n"
        "  tern quarantine retry 12\n"
        "  tern quarantine discard 12\n",
    .most = 2,
    .options = options,
    .run = run,
};

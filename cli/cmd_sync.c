/* tern sync: pushes what is pending, pulls what is new. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/files.h"
#include "cli/network.h"
#include "cli/output.h"
#include "tern/outbox.h"
#include "tern/sync.h"

enum { WAIT_MAX_S = 24 * 3600, NAP_MAX_MS = 200, BAR_CELLS = 24 };

/* What an interrupt cancels, and that there was one. */
static tern_curl *interruptible;
static volatile sig_atomic_t interrupted;

/* The first interrupt asks, a second one ends the process, which is safe too. */
static void interrupt(int number)
{
    interrupted = 1;
    tern_curl_cancel(interruptible);
    (void)signal(number, SIG_DFL);
}

static void watch_interrupts(tern_curl *curl)
{
    struct sigaction action = {.sa_handler = interrupt};

    interruptible = curl;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* In naps, for an interrupt may come between the look at it and the sleep. */
static bool wait_unless_interrupted(void *context, int64_t wait_ms)
{
    (void)context;
    while (wait_ms > 0 && interrupted == 0) {
        int64_t nap_ms = wait_ms < NAP_MAX_MS ? wait_ms : NAP_MAX_MS;
        struct timespec nap = {.tv_nsec = (long)nap_ms * 1000000};

        (void)nanosleep(&nap, NULL);
        wait_ms -= nap_ms;
    }
    return interrupted == 0;
}

/* One line, drawn over itself. How much will come down is unknown, how much goes up is not. */
static void draw(void *context, const tern_sync_progress *progress)
{
    uint64_t all = progress->sent_txs + progress->pending_txs;
    int filled = all > 0 ? (int)(progress->sent_txs * BAR_CELLS / all) : BAR_CELLS;
    char bar[BAR_CELLS + 1];

    (void)context;
    memset(bar, '.', BAR_CELLS);
    memset(bar, '#', (size_t)filled);
    bar[BAR_CELLS] = '\0';
    (void)fprintf(stderr,
                  "\r[%s] up %" PRIu64 "/%" PRIu64 " changes, down %" PRIu64 " rows, %" PRIu64
                  " records\033[K",
                  bar,
                  progress->sent_txs,
                  all,
                  progress->rows,
                  progress->scopes_done);
    (void)fflush(stderr);
}

static void clear_line(void)
{
    (void)fputs("\r\033[K", stderr);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static bool say(const struct trn_call *call,
                const tern_sync_progress *progress,
                const tern_replica_status *state)
{
    if (trn_has(call, TRN_OPT_JSON)) {
        return trn_print_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b}",
                                        "sent",
                                        (json_int_t)progress->sent_txs,
                                        "rows",
                                        (json_int_t)progress->rows,
                                        "records",
                                        (json_int_t)progress->scopes_done,
                                        "round_trips",
                                        (json_int_t)progress->round_trips,
                                        "pending",
                                        (json_int_t)state->pending,
                                        "quarantined",
                                        (json_int_t)state->quarantined,
                                        "clock_suspect",
                                        state->clock_suspect));
    }
    (void)printf("sent %" PRIu64 " transaction%s, received %" PRIu64 " row%s in %" PRIu64
                 " record%s; %" PRIu64 " pending\n",
                 progress->sent_txs,
                 plural(progress->sent_txs),
                 progress->rows,
                 plural(progress->rows),
                 progress->scopes_done,
                 plural(progress->scopes_done),
                 state->pending);
    if (state->quarantined > 0) {
        (void)printf("%" PRIu64 " in quarantine: see \"tern quarantine\"\n", state->quarantined);
    }
    if (state->clock_suspect) {
        (void)printf("this machine's clock disagrees with the server's by %" PRId64 " s\n",
                     state->server_offset_us / 1000000);
    }
    return true;
}

static enum trn_exit
finish(const struct trn_call *call, tern_replica *replica, const tern_sync_progress *progress)
{
    tern_replica_status state = {.size = sizeof(state)};
    tern_error error = {0};
    tern_status status = tern_replica_read_status(replica, &state, &error);

    if (status != TERN_OK) {
        return trn_report_failure(call, status, &error);
    }
    if (!trn_has(call, TRN_OPT_QUIET) && !say(call, progress, &state)) {
        return TRN_EXIT_FAILED;
    }
    return state.quarantined > 0 ? TRN_EXIT_ATTENTION : TRN_EXIT_OK;
}

static enum trn_exit run_sync(const struct trn_call *call,
                              tern_replica *replica,
                              struct trn_network *network,
                              int64_t wait_ms)
{
    bool drawn = isatty(STDERR_FILENO) == 1 && !trn_has(call, TRN_OPT_QUIET);
    tern_sync_options options = {.size = sizeof(options), .progress = drawn ? draw : NULL};
    tern_sync_progress progress = {0};
    tern_error error = {0};
    tern_status status;

    watch_interrupts(network->curl);
    network->port.wait = wait_unless_interrupted;
    status = tern_sync_run(replica,
                           &options,
                           &network->port,
                           trn_network_token,
                           network,
                           wait_ms,
                           &progress,
                           &error);
    if (drawn) {
        clear_line();
    }
    if (status == TERN_OK) {
        return finish(call, replica, &progress);
    }
    return trn_report_failure(call,
                              status,
                              network->last.status == status ? &network->last : &error);
}

static enum trn_exit run(const struct trn_call *call)
{
    struct trn_network network;
    tern_replica *replica = NULL;
    tern_error error = {0};
    tern_status status;
    enum trn_exit result;
    long wait_s;

    if (!trn_option_number(call, TRN_OPT_WAIT, 0, WAIT_MAX_S, &wait_s)) {
        return TRN_EXIT_USAGE;
    }
    status = trn_network_open(&network, call, &error);
    if (status != TERN_OK) {
        return status == TERN_ERR_MISUSE ? trn_usage_error(call, "%s", error.message)
                                         : trn_report_failure(call, status, &error);
    }
    status = trn_replica_of(call, &replica, &error);
    result = status == TERN_OK ? run_sync(call, replica, &network, wait_s * 1000)
                               : trn_report_failure(call, status, &error);
    tern_replica_close(replica);
    trn_network_close(&network);
    return result;
}

static const enum trn_option options[] = {TRN_OPT_REPLICA,
                                          TRN_OPT_URL,
                                          TRN_OPT_CA,
                                          TRN_OPT_PIN,
                                          TRN_OPT_BACKUP_PIN,
                                          TRN_OPT_TOKEN_FILE,
                                          TRN_OPT_TOKEN_ENV,
                                          TRN_OPT_WAIT,
                                          TRN_OPT_QUIET,
                                          TRN_OPT_JSON,
                                          TRN_OPT_END};

const struct trn_command trn_command_sync = {
    .name = "sync",
    .arguments = "",
    .summary = "Push what is pending and pull what is new",
    .details =
        "May be interrupted at any moment (it then ends with 3) and run again: nothing is lost, "
        "nothing is\n"
        "applied twice. The token is read from a file or a variable, never from the command line. "
        "A pin is the base64 "
        "of\n"
        "the SHA-256 of the server's public key:\n\n"
        "  openssl x509 -in server.pem -noout -pubkey | openssl pkey -pubin -outform DER |\n"
        "      openssl dgst -sha256 -binary | base64\n\n"
        "  tern sync --url https://tern.example.org --token-file token.jwt\n"
        "  TERN_TOKEN=... tern sync --url https://10.0.0.7:8443 --ca clinic-ca.pem --json\n",
    .options = options,
    .run = run,
};

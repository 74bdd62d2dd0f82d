/* ternd: reads its settings, opens what they name, serves until it is asked to stop. */
#include <inttypes.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"
#include "schema/schema.h"
#include "server/clock.h"
#include "server/db_sqlite.h"
#include "server/erase.h"
#include "server/erase_list.h"
#include "server/journal.h"
#include "server/listen.h"
#include "server/retain.h"
#include "wire/envelope.h"

enum { EXIT_STOPPED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, FILE_BYTES_MAX = 4 * 1024 * 1024 };

struct daemon {
    struct trn_settings settings;
    struct trn_schema *schema;
    struct trn_tokens *tokens;
    struct trn_db *db;
    struct trn_server *server;
    tern_posix_zones *zones;
    struct trn_missed *missed;
    struct trn_listener *listener;
};

static tern_status
read_file(const char *name, const char *what, struct trn_bytes *bytes, tern_error *error)
{
    FILE *file = fopen(name, "rb");
    tern_status status = file == NULL ? TERN_ERR_IO : TERN_OK;
    char part[4096];

    while (status == TERN_OK && bytes->size < FILE_BYTES_MAX) {
        size_t size = fread(part, 1, sizeof(part), file);

        if (size == 0) {
            break;
        }
        status = trn_bytes_append(bytes, part, size);
    }
    if (file != NULL) {
        status = ferror(file) != 0 ? TERN_ERR_IO : status;
        (void)fclose(file);
    }
    return status == TERN_OK ? TERN_OK : trn_fail(error, status, "%s: cannot be read", what);
}

static tern_status open_schema(struct daemon *daemon, tern_error *error)
{
    struct trn_bytes text = {0};
    tern_status status = read_file(daemon->settings.schema, "the schema document", &text, error);

    if (status == TERN_OK) {
        status = trn_schema_load(trn_bytes_text(&text), text.size, &daemon->schema, error);
    }
    trn_bytes_free(&text);
    return status;
}

static tern_status open_tokens(struct daemon *daemon, tern_error *error)
{
    struct trn_auth_settings auth = {.algorithm = daemon->settings.token_algorithm,
                                     .audience = daemon->settings.audience};
    struct trn_bytes key = {0};
    tern_status status = read_file(daemon->settings.token_key, "the token key", &key, error);

    if (status == TERN_OK) {
        auth.key = trn_text_line(trn_bytes_slice(&key));
        status = trn_tokens_open(&auth, &daemon->tokens, error);
    }
    trn_bytes_free(&key);
    return status;
}

static tern_status open_database(struct daemon *daemon, tern_error *error)
{
    struct trn_db_sqlite_options options = {.path = daemon->settings.database};

    if (RAND_bytes(options.seal_key, sizeof(options.seal_key)) != 1 ||
        RAND_bytes(options.epoch, sizeof(options.epoch)) != 1) {
        return trn_fail(error, TERN_ERR_INTERNAL, "there is no randomness to be had");
    }
    return trn_db_sqlite_open(&options, daemon->schema, &daemon->db, error);
}

static void hand_in(void *context, int64_t now_us, struct trn_sync_call *call)
{
    trn_server_handle(context, now_us, call, 1);
}

static tern_status open_missed(struct daemon *daemon, tern_error *error)
{
    struct trn_missed_port port = {.context = daemon->server, .hand_in = hand_in};
    tern_status status = TERN_OK;

    if (daemon->settings.infer_missed_s == 0) {
        return TERN_OK;
    }
    status = tern_posix_zones_open(daemon->settings.zones, &daemon->zones, error);
    if (status != TERN_OK) {
        return status;
    }
    tern_posix_zones_port(daemon->zones, &port.zones);
    return trn_missed_open(daemon->db, &port, &daemon->missed, error);
}

static tern_status open_server(struct daemon *daemon, tern_error *error)
{
    const struct trn_sync_limits limits = {.page_rows = (uint32_t)daemon->settings.page_rows,
                                           .page_bytes = (size_t)daemon->settings.page_bytes};
    struct trn_listener_parts parts = {.settings = &daemon->settings};
    tern_status status;

    daemon->server = trn_server_new(daemon->db, &limits);
    if (daemon->server == NULL) {
        return trn_fail_nomem(error);
    }
    status = open_missed(daemon, error);
    if (status != TERN_OK) {
        return status;
    }
    parts.missed = daemon->missed;
    parts.db = daemon->db;
    parts.server = daemon->server;
    parts.tokens = daemon->tokens;
    return trn_listener_open(&parts, &daemon->listener, error);
}

/* What was erased once stays so, whatever backup the database has come back from. */
static tern_status work_off_list(struct daemon *daemon, tern_error *error)
{
    return trn_erase_list_run(daemon->db, daemon->settings.database, trn_clock_wall_us(), error);
}

/* Listed once it is done, since what cannot be done must not stand in the way of every start. */
static tern_status erase(struct daemon *daemon, tern_error *error)
{
    struct trn_slice text = trn_slice_text(daemon->settings.erase);
    bool known = false;
    tern_id person;
    tern_status status = open_schema(daemon, error);

    if (status == TERN_OK && !trn_id_parse(text, &person)) {
        status = trn_fail(error, TERN_ERR_MISUSE, "--erase: a user's id is wanted");
    }
    if (status == TERN_OK) {
        status = open_database(daemon, error);
    }
    if (status == TERN_OK) {
        status = trn_erase_knows(daemon->db, &person, &known, error);
    }
    if (status == TERN_OK && !known) {
        status = trn_fail(error, TERN_ERR_NOT_FOUND, "--erase: no user has this id");
    }
    if (status == TERN_OK) {
        status = trn_erase(daemon->db, &person, trn_clock_wall_us(), error);
    }
    return status == TERN_OK ? trn_erase_list_add(daemon->settings.database, &person, error)
                             : status;
}

/* What was erased goes first, so that a backup brings nobody back by this way either. */
static tern_status retain(struct daemon *daemon, tern_error *error)
{
    uint64_t count = 0;
    tern_status status = open_schema(daemon, error);

    if (status == TERN_OK) {
        status = open_database(daemon, error);
    }
    if (status == TERN_OK) {
        status = work_off_list(daemon, error);
    }
    if (status == TERN_OK) {
        status = trn_retain(daemon->db, trn_clock_wall_us(), 0, &count, error);
    }
    if (count > 0) {
        (void)printf("%" PRIu64 " rows had their time\n", count);
    }
    return status;
}

static tern_status serve(struct daemon *daemon, tern_error *error)
{
    tern_status status = open_schema(daemon, error);

    if (status == TERN_OK) {
        status = open_tokens(daemon, error);
    }
    if (status == TERN_OK) {
        status = open_database(daemon, error);
    }
    if (status == TERN_OK) {
        status = work_off_list(daemon, error);
    }
    if (status == TERN_OK) {
        status = open_server(daemon, error);
    }
    return status == TERN_OK ? trn_listener_run(daemon->listener, error) : status;
}

static tern_status act(struct daemon *daemon, tern_error *error)
{
    if (daemon->settings.erase != NULL) {
        return erase(daemon, error);
    }
    return daemon->settings.retain ? retain(daemon, error) : serve(daemon, error);
}

static void close_all(struct daemon *daemon)
{
    trn_listener_close(daemon->listener);
    trn_missed_close(daemon->missed);
    tern_posix_zones_close(daemon->zones);
    trn_server_free(daemon->server);
    if (daemon->db != NULL) {
        daemon->db->ops->close(daemon->db);
    }
    trn_tokens_close(daemon->tokens);
    trn_schema_free(daemon->schema);
}

int main(int argc, char **argv)
{
    struct daemon daemon = {.schema = NULL};
    enum trn_wanted wanted = TRN_WANTED_SERVE;
    tern_error error = {.status = TERN_OK};
    tern_status status = trn_settings_read(argc, argv, &daemon.settings, &wanted, &error);

    if (status != TERN_OK) {
        (void)fprintf(stderr, "ternd: %s\nternd --help tells more\n", error.message);
        return EXIT_USAGE;
    }
    if (wanted == TRN_WANTED_HELP) {
        trn_settings_help(stdout);
        return EXIT_STOPPED;
    }
    if (wanted == TRN_WANTED_VERSION) {
        (void)printf("ternd %s\n", TERND_VERSION);
        return EXIT_STOPPED;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    trn_db_sqlite_single_thread();
    trn_journal_set_level(daemon.settings.log_level);
    status = act(&daemon, &error);
    if (status != TERN_OK) {
        trn_journal_note(TRN_LOG_ERROR, "failed", "reason", error.message, NULL, 0);
    }
    close_all(&daemon);
    return status == TERN_OK ? EXIT_STOPPED : EXIT_FAILED;
}

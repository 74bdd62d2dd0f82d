/* Devices on the public API alone. The flaky network stands between the session and libcurl, as a
 * port of its own. */
#include "demo/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "demo/sample.h"
#include "tern/outbox.h"

enum { PATH_BYTES = 512, TOKEN_BYTES = 4096, TEXT_BYTES = 256, SYNC_WAIT_MS = 5000 };
enum { PAUSE_NS = 50 * 1000 * 1000 };

int64_t demo_now_us(void)
{
    tern_clock_port clock;

    tern_posix_clock(&clock);
    return clock.wall_us(clock.context);
}

void demo_pause(void)
{
    struct timespec moment = {.tv_nsec = PAUSE_NS};

    (void)nanosleep(&moment, NULL);
}

void demo_require(tern_status status, const tern_error *error, const char *what)
{
    if (status == TERN_OK) {
        return;
    }
    (void)fflush(stdout);
    (void)fprintf(stderr,
                  "demo: %s: %s (%s)\n",
                  what,
                  error != NULL ? error->message : "",
                  tern_status_code(status));
    exit(EXIT_FAILURE);
}

/* ---- The clock ---- */

static int64_t own_wall_us(void *context)
{
    const struct demo_device *device = context;

    return demo_now_us() + device->clock_offset_us;
}

/* It came up with a clock that is wrong: in one boot the library would not be misled. */
static void own_boot(void *context, tern_id *ret_id)
{
    const struct demo_device *device = context;
    tern_clock_port clock;

    tern_posix_clock(&clock);
    clock.boot_id(clock.context, ret_id);
    ret_id->bytes[0] ^= device->clock_offset_us != 0;
}

/* ---- The network ---- */

static void
tell(struct demo_device *device, const char *kind, const char *title, const char *detail)
{
    demo_story_tell(&device->world->story, demo_now_us(), device->lane, kind, title, detail);
}

static tern_status
send_twice(struct demo_device *device, const tern_http_request *request, tern_error *error)
{
    tern_http_answer first = {0};
    tern_status status = device->http.exchange(device->http.context, request, &first, error);

    device->http.release(device->http.context, &first);
    return status;
}

static tern_status flaky_exchange(void *context,
                                  const tern_http_request *request,
                                  tern_http_answer *ret_answer,
                                  tern_error *error)
{
    struct demo_device *device = context;
    enum demo_fault fault = device->fault;
    tern_status status = TERN_OK;

    device->fault = DEMO_NO_FAULT;
    if (fault == DEMO_SEND_TWICE) {
        tell(device, "twice", "the network delivers the request twice", NULL);
        status = send_twice(device, request, error);
    }
    if (status == TERN_OK) {
        status = device->http.exchange(device->http.context, request, ret_answer, error);
    }
    if (status == TERN_OK && fault == DEMO_LOSE_ANSWER) {
        device->http.release(device->http.context, ret_answer);
        tell(device,
             "lost",
             "the answer is lost on its way",
             "the server has it; the phone cannot know");
        return TERN_ERR_NETWORK;
    }
    if (status == TERN_OK && fault == DEMO_CUT_ANSWER) {
        ret_answer->body_size /= 2;
        tell(device, "cut", "the connection breaks in the middle of the answer", NULL);
    }
    return status;
}

static void flaky_release(void *context, tern_http_answer *answer)
{
    struct demo_device *device = context;

    device->http.release(device->http.context, answer);
}

/* ---- Open ---- */

static char *read_token(const struct demo_device *device, const char *name)
{
    char path[PATH_BYTES];
    char *token = calloc(1, TOKEN_BYTES);
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s.jwt", device->world->folder, name);
    file = fopen(path, "r");
    if (token == NULL || file == NULL || fgets(token, TOKEN_BYTES, file) == NULL) {
        (void)fprintf(stderr, "demo: %s: no token\n", path);
        exit(EXIT_FAILURE);
    }
    (void)fclose(file);
    token[strcspn(token, "\n")] = '\0';
    return token;
}

static void open_network(struct demo_device *device)
{
    tern_curl_options options = {.size = sizeof(options),
                                 .url = device->world->url,
                                 .ca_file = device->world->ca_file};
    tern_error error = {0};

    demo_require(tern_curl_open(&options, &device->curl, &error), &error, "network");
    tern_curl_port(device->curl, &device->http);
}

static void open_replica(struct demo_device *device, const char *name)
{
    tern_replica_options options = {.size = sizeof(options),
                                    .schema = device->world->schema,
                                    .schema_size = device->world->schema_size,
                                    .user = device->user,
                                    .ports = &device->ports};
    char path[PATH_BYTES];
    tern_error error = {0};

    tern_platform_ports(&device->ports);
    device->ports.clock.context = device;
    device->ports.clock.wall_us = own_wall_us;
    device->ports.clock.boot_id = own_boot;
    (void)snprintf(path, sizeof(path), "%s/%s.db", device->world->folder, name);
    demo_require(tern_replica_open(path, &options, &device->replica, &error), &error, path);
}

void demo_device_open(struct demo_device *device,
                      struct demo_world *world,
                      enum demo_lane lane,
                      const char *name,
                      const tern_id *user)
{
    *device = (struct demo_device){.world = world, .lane = lane, .user = *user};
    device->token = read_token(device, name);
    open_network(device);
    open_replica(device, name);
}

void demo_device_close(struct demo_device *device)
{
    tern_replica_close(device->replica);
    tern_curl_close(device->curl);
    free(device->token);
    *device = (struct demo_device){0};
}

/* ---- Sync ---- */

static const char *give_token(void *context, bool refused)
{
    const struct demo_device *device = context;

    return refused ? NULL : device->token;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void say_amounts(const tern_sync_progress *progress, char text[TEXT_BYTES])
{
    uint64_t sent = progress->sent_txs;
    uint64_t rows = progress->rows;

    if (rows == 0) {
        (void)snprintf(text, TEXT_BYTES, "pushes %" PRIu64 " transaction%s", sent, plural(sent));
    } else if (sent == 0) {
        (void)snprintf(text, TEXT_BYTES, "pulls %" PRIu64 " row%s", rows, plural(rows));
    } else {
        (void)snprintf(text,
                       TEXT_BYTES,
                       "pushes %" PRIu64 " transaction%s, pulls %" PRIu64 " row%s",
                       sent,
                       plural(sent),
                       rows,
                       plural(rows));
    }
}

static void tell_success(struct demo_device *device, const tern_sync_progress *progress)
{
    tern_replica_status state = {.size = sizeof(state)};
    char title[TEXT_BYTES];
    char detail[TEXT_BYTES] = "";
    tern_error error = {0};

    demo_require(tern_replica_read_status(device->replica, &state, &error), &error, "status");
    if (progress->sent_txs == 0 && progress->rows == 0) {
        tell(device, "quiet", "syncs: nothing new", NULL);
        return;
    }
    say_amounts(progress, title);
    if (state.clock_suspect && progress->sent_txs > 0) {
        (void)snprintf(detail,
                       sizeof(detail),
                       "its clock is %+.0f days off; the server stores honest times instead",
                       (double)-state.server_offset_us / 86400e6);
    }
    tell(device, "sync", title, detail);
}

tern_status demo_device_sync(struct demo_device *device)
{
    tern_http_port port = {.context = device, .exchange = flaky_exchange, .release = flaky_release};
    bool one_attempt =
        device->impatient || device->fault == DEMO_LOSE_ANSWER || device->fault == DEMO_CUT_ANSWER;
    tern_sync_options options = {.size = sizeof(options), .max_attempts = one_attempt ? 1 : 0};
    tern_sync_progress progress = {0};
    tern_error error = {0};
    tern_status status = tern_sync_run(device->replica,
                                       &options,
                                       &port,
                                       give_token,
                                       device,
                                       one_attempt ? 0 : SYNC_WAIT_MS,
                                       &progress,
                                       &error);

    demo_sample(device->world);
    demo_pause();
    if (status == TERN_OK) {
        tell_success(device, &progress);
    } else {
        char title[TEXT_BYTES];

        (void)snprintf(title,
                       sizeof(title),
                       "this sync fails (%s), and nothing is lost",
                       tern_status_code(status));
        tell(device, "offline", title, NULL);
    }
    return status;
}

char *demo_device_text(struct demo_device *device, const char *sql, const tern_id *id)
{
    tern_reader *reader = NULL;
    tern_statement *statement = NULL;
    tern_error error = {0};
    tern_value value;
    bool ready = false;
    char *text = NULL;

    demo_require(tern_reader_open(device->replica, &reader, &error), &error, "reader");
    demo_require(tern_reader_prepare(reader, sql, strlen(sql), &statement, &error), &error, sql);
    if (id != NULL) {
        demo_require(tern_statement_bind(statement, 1, tern_value_id(id), &error),
                     &error,
                     "parameter");
    }
    demo_require(tern_statement_step(statement, &ready, &error), &error, sql);
    value = ready ? tern_statement_value(statement, 0) : tern_value_null();
    if (value.kind == TERN_TEXT) {
        text = strndup(value.data, value.size);
    }
    tern_statement_free(statement);
    tern_reader_close(reader);
    return text;
}

/* Writing and syncing, by the public interface alone. */
#include "tests/kill/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/dice.h"
#include "tern/curl.h"
#include "tern/outbox.h"
#include "tern/platform.h"
#include "tern/sync.h"
#include "tests/kill/book.h"
#include "tests/kill/child.h"

enum { COMMON_ROWS = 3, SETTLE_TRIES = 50, NAP_US = 2000, CELLS = 6, PATIENCE_MS = 60000 };

struct device {
    const struct worker *worker;
    int pipe;
    tern_replica *replica;
    tern_statement *insert;
    tern_statement *update;
    tern_statement *erase;
    tern_statement *share;
    struct book book;
    tern_curl *curl;
    tern_http_port http;
    tern_error last; /* of an exchange: the session tells only how it ended */
    char url[64];    /* that curl was made for */
};

/* Says which call failed; the promise is that none does. */
static void must(struct device *device, tern_status status, const tern_error *error)
{
    if (status != TERN_OK) {
        (void)fprintf(stderr,
                      "tern-kill: device %u: %s: %s\n",
                      (unsigned)device->worker->author,
                      tern_status_code(status),
                      error->message);
        child_say(device->pipe, WORD_FAILED, (uint32_t)status);
        _exit(1);
    }
}

/* ---- The file ---- */

static void prepare(struct device *device, const char *sql, tern_statement **slot)
{
    tern_error error = {0};

    must(device, tern_statement_prepare(device->replica, sql, strlen(sql), slot, &error), &error);
}

static void open_file(struct device *device)
{
    const struct worker *worker = device->worker;
    tern_replica_options options = {.size = sizeof options,
                                    .schema = worker->settings->document,
                                    .schema_size = worker->settings->document_size,
                                    .user = worker->user};
    tern_error error = {0};
    tern_ports ports;

    tern_platform_ports(&ports);
    options.ports = &ports;
    must(device, tern_replica_open(worker->file, &options, &device->replica, &error), &error);
    prepare(device,
            "INSERT INTO parts(id, owner_id, author, tx, part, value, body) VALUES(tern_id(), ?, "
            "?, ?, ?, ?, ?)",
            &device->insert);
    prepare(device,
            "UPDATE parts SET value = ?, body = ? WHERE author = ? AND tx = ? AND part = ?",
            &device->update);
    prepare(device, "DELETE FROM parts WHERE author = ? AND tx = ?", &device->erase);
    prepare(device,
            "UPDATE parts SET value = ? WHERE author = ? AND tx = ? AND deleted_at IS NULL",
            &device->share);
}

static void close_file(struct device *device)
{
    tern_statement_free(device->insert);
    tern_statement_free(device->update);
    tern_statement_free(device->erase);
    tern_statement_free(device->share);
    tern_replica_close(device->replica);
    device->replica = NULL;
}

static bool see_last(void *context, const tern_entry *entry)
{
    uint64_t *last = context;

    *last = entry->ordinal > *last ? entry->ordinal : *last;
    return true;
}

/* Brings the book to where the file is. */
static void read_place(struct device *device)
{
    tern_error error = {0};
    uint64_t last = 0;

    must(device, tern_outbox_visit(device->replica, 0, see_last, &last, &error), &error);
    last -= last < device->worker->setup ? last : device->worker->setup;
    book_turn(&device->book, (uint32_t)last);
}

static void begin(struct device *device, const struct worker *worker, int pipe)
{
    *device = (struct device){.worker = worker, .pipe = pipe};
    book_open(&device->book, worker->seed, worker->author);
    if (worker->fatal_at > 0) {
        fatal_arm(worker->fatal_at, worker->moment);
    }
    open_file(device);
    read_place(device);
    child_say(pipe, WORD_OPENED, device->book.count);
}

/* ---- Writing ---- */

static void
run(struct device *device, tern_statement *statement, const tern_value *cells, int count)
{
    tern_error error = {0};
    bool row = false;

    for (int i = 0; i < count; i++) {
        must(device, tern_statement_bind(statement, i + 1, cells[i], &error), &error);
    }
    must(device, tern_statement_step(statement, &row, &error), &error);
}

static void
insert_part(struct device *device, uint32_t author, uint32_t group, uint32_t part, uint32_t value)
{
    char text[BOOK_TEXT_BYTES];
    tern_value cells[CELLS] = {tern_value_id(&device->worker->user),
                               tern_value_integer(author),
                               tern_value_integer(group),
                               tern_value_integer(part),
                               tern_value_integer(value),
                               tern_value_null()};

    book_text(&device->book, group, part, value, text);
    cells[CELLS - 1] = tern_value_text(text);
    run(device, device->insert, cells, CELLS);
}

static void update_part(struct device *device, uint32_t group, uint32_t part, uint32_t value)
{
    char text[BOOK_TEXT_BYTES];
    tern_value cells[] = {tern_value_integer(value),
                          tern_value_null(),
                          tern_value_integer(device->worker->author),
                          tern_value_integer(group),
                          tern_value_integer(part)};

    book_text(&device->book, group, part, value, text);
    cells[1] = tern_value_text(text);
    run(device, device->update, cells, sizeof cells / sizeof *cells);
}

static void make_changes(struct device *device, const struct book_tx *tx)
{
    const tern_value group[] = {tern_value_integer(device->worker->author),
                                tern_value_integer(tx->group)};

    if (tx->kind == BOOK_DELETE) {
        run(device, device->erase, group, 2);
        return;
    }
    for (uint32_t part = 0; part < tx->parts; part++) {
        if (tx->kind == BOOK_INSERT) {
            insert_part(device, device->worker->author, tx->group, part, tx->number);
        } else {
            update_part(device, tx->group, part, tx->number);
        }
    }
}

/* Every fourth transaction of a device with a server writes into a row of all, too. */
static void make_common_change(struct device *device, uint32_t number)
{
    const tern_value cells[] = {tern_value_integer(number),
                                tern_value_integer(WORKER_COMMON),
                                tern_value_integer(1 + number % COMMON_ROWS)};

    if (device->worker->port_file != NULL && number % 4 == 0) {
        run(device, device->share, cells, sizeof cells / sizeof *cells);
    }
}

static void write_one(struct device *device)
{
    struct book_tx plan = book_next(&device->book);
    tern_error error = {0};
    tern_tx *tx = NULL;

    must(device, tern_tx_begin(device->replica, NULL, &tx, &error), &error);
    make_changes(device, &plan);
    make_common_change(device, plan.number);
    must(device, tern_tx_commit(tx, NULL, &error), &error);
    book_turn(&device->book, plan.number);
    child_say(device->pipe, WORD_WROTE, plan.number);
}

/* ---- Syncing ---- */

static const char *give_token(void *context, bool refused)
{
    const struct device *device = context;

    return refused ? NULL : device->worker->token;
}

/* A client of the server that the port file names; NULL while there is none. */
static tern_curl *client(struct device *device)
{
    tern_curl_options options = {.size = sizeof options,
                                 .ca_file = device->worker->ca,
                                 .connect_timeout_ms = PATIENCE_MS};
    FILE *file = fopen(device->worker->port_file, "r");
    char url[sizeof device->url];
    tern_error error = {0};
    unsigned port = 0;

    if (file != NULL) {
        if (fscanf(file, "%u", &port) != 1) {
            port = 0;
        }
        (void)fclose(file);
    }
    if (port == 0) {
        return NULL;
    }
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u", port);
    if (strcmp(url, device->url) != 0) {
        tern_curl_close(device->curl);
        device->curl = NULL;
        (void)snprintf(device->url, sizeof device->url, "%s", url);
        options.url = device->url;
        must(device, tern_curl_open(&options, &device->curl, &error), &error);
    }
    return device->curl;
}

static tern_status watched_exchange(void *context,
                                    const tern_http_request *request,
                                    tern_http_answer *ret_answer,
                                    tern_error *error)
{
    struct device *device = context;

    (void)error;
    return device->http.exchange(device->http.context, request, ret_answer, &device->last);
}

static void watched_release(void *context, tern_http_answer *answer)
{
    struct device *device = context;

    device->http.release(device->http.context, answer);
}

/* True once all is acknowledged that was pending. */
static bool sync_once(struct device *device)
{
    tern_sync_options options = {.size = sizeof options, .page_rows = 400};
    tern_curl *curl = client(device);
    const tern_http_port port = {.context = device,
                                 .exchange = watched_exchange,
                                 .release = watched_release};
    tern_error error = {0};
    tern_status status;

    if (curl == NULL) {
        kill_sleep_us(NAP_US);
        return false;
    }
    tern_curl_port(curl, &device->http);
    status = tern_sync_run(device->replica, &options, &port, give_token, device, 0, NULL, &error);
    if (status == TERN_OK) {
        child_say(device->pipe, WORD_SYNCED, device->book.count);
        return true;
    }
    /* A killed server gives no answer, and a living one a good one. */
    if (status != TERN_ERR_NETWORK) {
        must(device, status, device->last.status == status ? &device->last : &error);
    }
    child_say(device->pipe, WORD_CODE, (uint32_t)status);
    kill_sleep_us(NAP_US);
    return false;
}

/* ---- Lives ---- */

void worker_run(const void *context, int pipe)
{
    const struct worker *worker = context;
    struct sim_dice dice;
    struct device device;

    begin(&device, worker, pipe);
    dice = sim_dice_make(worker->seed ^ device.book.count);
    for (;;) {
        write_one(&device);
        if (worker->port_file != NULL && sim_chance(&dice, 60)) {
            (void)sync_once(&device);
        }
        if (sim_chance(&dice, 5)) {
            close_file(&device);
            open_file(&device);
        }
    }
}

static void write_common(struct device *device)
{
    static const char sql[] = "INSERT INTO users(id) VALUES(?)";
    const tern_value user[] = {tern_value_id(&device->worker->user)};
    tern_statement *statement = NULL;
    tern_error error = {0};
    tern_tx *tx = NULL;

    prepare(device, sql, &statement);
    must(device, tern_tx_begin(device->replica, NULL, &tx, &error), &error);
    run(device, statement, user, 1);
    for (uint32_t row = 1; row <= COMMON_ROWS; row++) {
        insert_part(device, WORKER_COMMON, row, 0, 0);
    }
    must(device, tern_tx_commit(tx, NULL, &error), &error);
    tern_statement_free(statement);
}

static void settle(struct device *device)
{
    bool synced = false;

    for (unsigned tries = 0; tries < SETTLE_TRIES && !synced; tries++) {
        synced = sync_once(device);
    }
    child_say(device->pipe, synced ? WORD_DONE : WORD_FAILED, TERN_ERR_NETWORK);
    close_file(device);
    tern_curl_close(device->curl);
    book_close(&device->book);
}

void worker_found(const void *context, int pipe)
{
    const struct worker *worker = context;
    struct device device;

    begin(&device, worker, pipe);
    write_common(&device);
    settle(&device);
}

void worker_settle(const void *context, int pipe)
{
    struct device device;

    begin(&device, context, pipe);
    settle(&device);
}

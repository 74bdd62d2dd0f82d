/* The real client: libtern and its port over libcurl. */
#include "tests/e2e/client/scene.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tern/outbox.h"
#include "tern/platform.h"
#include "tern/sync.h"

enum { PHONE = 1, TABLET = 2, COMMON = 3, LONG_TEXT = 40000, CELLS = 6, IMPATIENT_MS = 100 };

/* ---- Writing ---- */

static char *read_document(size_t *ret_size)
{
    FILE *file = fopen(TERN_SOURCE_DIR "/tests/kill/ledger.json", "rb");
    char *text = calloc(1, 65536);

    CHECK(file != NULL && text != NULL);
    *ret_size = fread(text, 1, 65535, file);
    CHECK(fclose(file) == 0);
    return text;
}

static void ok(tern_status status, const tern_error *error)
{
    if (status != TERN_OK) {
        CHECK_TEXT(error->message, "");
    }
    CHECK_INT(status, TERN_OK);
}

static void open_replica(struct scene_device *device, const struct scene *scene, int author)
{
    tern_replica_options options = {.size = sizeof options, .user = scene->user};
    char *document = read_document(&options.schema_size);
    tern_error error = {0};
    tern_ports ports;

    device->scene = scene;
    device->author = author;
    (void)snprintf(device->file,
                   sizeof device->file,
                   "%s/device-%d.db",
                   scene->daemon.folder,
                   author);
    tern_platform_ports(&ports);
    options.ports = &ports;
    options.schema = document;
    ok(tern_replica_open(device->file, &options, &device->replica, &error), &error);
    free(document);
}

static void
run(const struct scene_device *device, const char *sql, const tern_value *cells, int count)
{
    tern_statement *statement = NULL;
    tern_error error = {0};
    bool row = false;

    ok(tern_statement_prepare(device->replica, sql, strlen(sql), &statement, &error), &error);
    for (int i = 0; i < count; i++) {
        ok(tern_statement_bind(statement, i + 1, cells[i], &error), &error);
    }
    ok(tern_statement_step(statement, &row, &error), &error);
    tern_statement_free(statement);
}

static void
insert(const struct scene_device *device, int author, int round, int part, const char *text)
{
    const tern_value cells[CELLS] = {tern_value_id(&device->scene->user),
                                     tern_value_integer(author),
                                     tern_value_integer(round),
                                     tern_value_integer(part),
                                     tern_value_integer(0),
                                     tern_value_text(text)};

    run(device,
        "INSERT INTO parts(id, owner_id, author, tx, part, value, body) VALUES(tern_id(), ?, ?, ?, "
        "?, ?, ?)",
        cells,
        CELLS);
}

static void set(const struct scene_device *device, int author, int round, int part, int value)
{
    const tern_value cells[] = {tern_value_integer(value),
                                tern_value_integer(author),
                                tern_value_integer(round),
                                tern_value_integer(part)};

    run(device, "UPDATE parts SET value = ? WHERE author = ? AND tx = ? AND part = ?", cells, 4);
}

static void erase(const struct scene_device *device, int author, int round, int part)
{
    const tern_value cells[] = {tern_value_integer(author),
                                tern_value_integer(round),
                                tern_value_integer(part)};

    run(device, "DELETE FROM parts WHERE author = ? AND tx = ? AND part = ?", cells, 3);
}

/* As long as several records, and nothing that gzip could shorten much. */
static const char *long_text(void)
{
    static char text[LONG_TEXT + 1];
    uint32_t state = 12345;

    for (size_t i = 0; i < LONG_TEXT; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = (char)(' ' + (state >> 24) % 95);
    }
    return text;
}

static tern_tx *begin(const struct scene_device *device)
{
    tern_error error = {0};
    tern_tx *tx = NULL;

    ok(tern_tx_begin(device->replica, NULL, &tx, &error), &error);
    return tx;
}

static void commit(tern_tx *tx)
{
    tern_error error = {0};

    ok(tern_tx_commit(tx, NULL, &error), &error);
}

/* ---- Syncing ---- */

struct patience {
    tern_http_port port;
    int64_t timeout_ms;
};

static tern_status exchange(void *context,
                            const tern_http_request *request,
                            tern_http_answer *ret_answer,
                            tern_error *error)
{
    const struct patience *patience = context;
    tern_http_request own = *request;

    if (patience->timeout_ms != 0) {
        own.timeout_ms = patience->timeout_ms;
    }
    return patience->port.exchange(patience->port.context, &own, ret_answer, error);
}

static void release(void *context, tern_http_answer *answer)
{
    const struct patience *patience = context;

    patience->port.release(patience->port.context, answer);
}

static const char *give_token(void *context, bool refused)
{
    const struct scene *scene = context;

    return refused ? NULL : strchr(scene->token, ' ') + strlen(" Bearer ");
}

/* A client of its own each time, so that each sync begins with a handshake. The relay has seen all
 * of the exchange, and nothing of its end, when `relay` is asked. */
static tern_status sync_by(struct scene *scene,
                           const struct scene_device *device,
                           int port,
                           int64_t timeout_ms,
                           struct relay *relay)
{
    struct patience patience = {.timeout_ms = timeout_ms};
    const tern_http_port http = {.context = &patience, .exchange = exchange, .release = release};
    char url[64];
    tern_curl_options options = {.size = sizeof options,
                                 .url = url,
                                 .ca_file = daemon_path(&scene->daemon, "ca.pem"),
                                 .connect_timeout_ms = timeout_ms};
    tern_curl *curl = NULL;
    tern_error error = {0};
    tern_status status;

    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d", port);
    ok(tern_curl_open(&options, &curl, &error), &error);
    tern_curl_port(curl, &patience.port);
    status = tern_sync_run(device->replica, NULL, &http, give_token, scene, 0, NULL, &error);
    if (relay != NULL) {
        scene->up = relay_records(relay, RELAY_UP);
        scene->down = relay_records(relay, RELAY_DOWN);
    }
    tern_curl_close(curl);
    return status;
}

tern_status scene_sync(struct scene *scene, int64_t timeout_ms)
{
    return sync_by(scene, &scene->phone, relay_port(scene->relay), timeout_ms, NULL);
}

static void sync_straight(struct scene *scene, const struct scene_device *device)
{
    CHECK_INT(sync_by(scene, device, scene->daemon.port, 0, NULL), TERN_OK);
}

/* ---- Looking ---- */

static sqlite3 *open_plain(const char *file)
{
    sqlite3 *db = NULL;

    CHECK(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 10000);
    return db;
}

/* Every cell of the answer, the parameter being the round; in lines. */
static void ask(const char *file, const char *sql, int round, char text[SCENE_TEXT_BYTES])
{
    sqlite3 *db = open_plain(file);
    sqlite3_stmt *stmt = NULL;
    size_t size = 0;

    CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    (void)sqlite3_bind_int(stmt, 1, round);
    text[0] = '\0';
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const unsigned char *cell = sqlite3_column_text(stmt, i);

            size += (size_t)snprintf(text + size,
                                     SCENE_TEXT_BYTES - size,
                                     "%s ",
                                     cell == NULL ? (const unsigned char *)"-" : cell);
            CHECK(size < SCENE_TEXT_BYTES);
        }
        size += (size_t)snprintf(text + size, SCENE_TEXT_BYTES - size, "\n");
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
}

/* The rows of a round, without what differs from round to round. */
static void rows_of(const char *file, int round, char text[SCENE_TEXT_BYTES])
{
    ask(file,
        "SELECT author, part, value, length(body), substr(body, 1, 20), substr(body, -20) FROM "
        "parts "
        "WHERE tx = ? AND deleted_at IS NULL ORDER BY author, part",
        round,
        text);
}

/* What only the files of one round can agree on. */
static void stamps_of(const char *file, int round, char text[SCENE_TEXT_BYTES])
{
    ask(file,
        "SELECT hex(id), created_at, updated_at FROM parts WHERE tx IN (0, ?) AND deleted_at IS "
        "NULL ORDER BY id",
        round,
        text);
}

static int number_in(const char *file, const char *sql)
{
    char text[SCENE_TEXT_BYTES];

    ask(file, sql, 0, text);
    return atoi(text);
}

static const char *database(const struct scene *scene)
{
    return daemon_path(&scene->daemon, "server.db");
}

int scene_arrived(struct scene *scene)
{
    char text[SCENE_TEXT_BYTES];
    sqlite3 *db = open_plain(scene->phone.file);
    char sql[256];

    (void)sqlite3_close(db);
    ask(scene->phone.file, "SELECT hex(device) FROM tern_meta", 0, text);
    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT count(*) FROM tern_entry WHERE verdict = 0 AND hex(device) = '%.32s'",
                   text);
    return number_in(database(scene), sql);
}

static void check_device(const struct scene *scene, const struct scene_device *device)
{
    tern_replica_status state = {.size = sizeof state};
    char rows[SCENE_TEXT_BYTES];
    char stamps[SCENE_TEXT_BYTES];
    tern_error error = {0};

    ok(tern_replica_read_status(device->replica, &state, &error), &error);
    CHECK_INT(state.pending, 0);
    CHECK_INT(state.quarantined, 0);
    CHECK_INT(state.locked, 0);
    rows_of(device->file, scene->round, rows);
    CHECK_TEXT(rows, scene->outcome);
    stamps_of(device->file, scene->round, rows);
    stamps_of(database(scene), scene->round, stamps);
    CHECK_TEXT(rows, stamps);
}

void scene_check(struct scene *scene)
{
    char rows[SCENE_TEXT_BYTES];

    CHECK_INT(scene_sync(scene, 0), TERN_OK);
    sync_straight(scene, &scene->tablet);
    CHECK_INT(scene_arrived(scene), SCENE_PHONE_TXS * scene->round);
    if (scene->round == 1) {
        rows_of(database(scene), 1, scene->outcome);
        CHECK(strstr(scene->outcome, "40000") != NULL);
    }
    rows_of(database(scene), scene->round, rows);
    CHECK_TEXT(rows, scene->outcome);
    check_device(scene, &scene->phone);
    check_device(scene, &scene->tablet);
    /* In each round the phone overwrote one value that it had not seen. */
    CHECK_INT(number_in(database(scene), "SELECT count(*) FROM sync_audit"), scene->round);
    CHECK_INT(number_in(scene->tablet.file, "SELECT count(*) FROM sync_audit"), scene->round);
    CHECK_INT(number_in(database(scene), "SELECT count(*) FROM tern_entry WHERE verdict <> 0"), 0);
    CHECK_INT(number_in(database(scene),
                        "SELECT count(*) FROM tern_log WHERE number NOT IN (SELECT number FROM "
                        "tern_entry)"),
              0);
}

/* ---- Rounds ---- */

void scene_write(struct scene *scene)
{
    int round = ++scene->round;
    tern_tx *tx = begin(&scene->tablet);

    insert(&scene->tablet, TABLET, round, 1, "of the tablet");
    set(&scene->tablet, COMMON, 0, 0, 2 * round);
    commit(tx);
    sync_straight(scene, &scene->tablet);

    tx = begin(&scene->phone);
    insert(&scene->phone, PHONE, round, 1, "of the phone");
    insert(&scene->phone, PHONE, round, 2, "to be deleted");
    commit(tx);
    tx = begin(&scene->phone);
    set(&scene->phone, PHONE, round, 1, 7);
    set(&scene->phone, COMMON, 0, 0, 2 * round + 1);
    commit(tx);
    tx = begin(&scene->phone);
    erase(&scene->phone, PHONE, round, 2);
    commit(tx);
    tx = begin(&scene->phone);
    insert(&scene->phone, PHONE, round, 3, long_text());
    commit(tx);
}

static bool has_place(enum relay_deed deed)
{
    return deed != RELAY_CARRY && deed != RELAY_DRIP && deed != RELAY_TWICE;
}

/* A machine may be too slow to come to the place before the client's patience ends: then it has
 * more of it. */
static tern_status sync_until_struck(struct scene *scene, struct relay_script script)
{
    bool waits = script.deed == RELAY_STALL || script.deed == RELAY_HOLD;
    int64_t patience_ms = waits ? IMPATIENT_MS : 0;
    tern_status status;

    do {
        relay_play(scene->relay, script);
        status = scene_sync(scene, patience_ms);
        patience_ms *= 2;
    } while (waits && status == TERN_ERR_TIMEOUT && !relay_struck(scene->relay));
    return status;
}

void scene_round(struct scene *scene, struct relay_script script, tern_status wanted)
{
    tern_status status;

    scene_write(scene);
    status = sync_until_struck(scene, script);
    if (status != wanted) {
        (void)fprintf(stderr,
                      "deed %d, way %d, record %u of %u and %u, place %d: %s\n",
                      (int)script.deed,
                      (int)script.way,
                      script.record,
                      scene->up,
                      scene->down,
                      (int)script.where,
                      tern_status_code(status));
    }
    CHECK_INT(status, wanted);
    CHECK(relay_struck(scene->relay) == has_place(script.deed));
    if (script.deed == RELAY_HOLD) {
        CHECK_INT(scene_sync(scene, 0), TERN_OK);
        relay_release(scene->relay);
    }
    scene_check(scene);
}

/* What ends behind the last byte of the answer ends too late to matter. */
static tern_status outcome_of(const struct scene *scene, const struct relay_script *script)
{
    bool late = script->way == RELAY_DOWN && script->record + 1 == scene->down &&
                script->where == RELAY_BEHIND;

    return late ? TERN_OK : TERN_ERR_NETWORK;
}

void scene_everywhere(struct scene *scene,
                      enum relay_deed deed,
                      enum relay_way way,
                      enum relay_where where)
{
    unsigned records = way == RELAY_UP ? scene->up : scene->down;

    for (unsigned record = 0; record < records; record++) {
        const struct relay_script script = {deed, way, record, where};

        scene_round(scene, script, outcome_of(scene, &script));
    }
}

static void found(struct scene *scene)
{
    const tern_value user[] = {tern_value_id(&scene->user)};
    tern_tx *tx = begin(&scene->tablet);

    run(&scene->tablet, "INSERT INTO users(id) VALUES(?)", user, 1);
    insert(&scene->tablet, COMMON, 0, 0, "of both");
    commit(tx);
    sync_straight(scene, &scene->tablet);
    sync_straight(scene, &scene->phone);
}

void scene_open(struct scene *scene)
{
    static const char *const arguments[] = {"--schema",
                                            TERN_SOURCE_DIR "/tests/kill/ledger.json",
                                            "--log-level",
                                            "error",
                                            NULL};

    memset(scene, 0, sizeof *scene);
    daemon_prepare(&scene->daemon);
    daemon_start(&scene->daemon, arguments);
    memset(scene->user.bytes, 0x70, sizeof scene->user.bytes);
    scene->token = daemon_token(&scene->user, "tern", NULL, 3600);
    open_replica(&scene->phone, scene, PHONE);
    open_replica(&scene->tablet, scene, TABLET);
    found(scene);
    scene->relay = relay_open(scene->daemon.port);
    scene_write(scene);
    relay_play(scene->relay, (struct relay_script){.deed = RELAY_CARRY});
    CHECK_INT(sync_by(scene, &scene->phone, relay_port(scene->relay), 0, scene->relay), TERN_OK);
    CHECK_INT(scene_arrived(scene), SCENE_PHONE_TXS);
    scene_check(scene);
}

void scene_close(struct scene *scene)
{
    relay_close(scene->relay);
    tern_replica_close(scene->phone.replica);
    tern_replica_close(scene->tablet.replica);
    CHECK_INT(daemon_stop(&scene->daemon, SIGTERM), 0);
    daemon_free(&scene->daemon);
    free(scene->token);
}

/* The world, its devices, and the questions asked of them. */
#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/uuid.h"
#include "schema/schema.h"
#include "server/erase.h"
#include "server/retain.h"
#include "tests/sim/disk.h"
#include "tests/sim/files.h"
#include "wire/gzip.h"
#include "wire/request.h"

#define START_US INT64_C(1763600000000000)
#define ANSWER_BUFFERS 8

static const char document[] =
    "{'tern':1,'name':'clinic','version':1,'users':{'table':'users','role':'role'},"
    "'enums':[{'name':'Role','values':['PATIENT','DOCTOR']},"
    "{'name':'Status','values':['DUE','TAKEN','MISSED']},"
    "{'name':'Bond','values':['ASKED','ACCEPTED','ENDED']}],"
    "'tables':["
    "{'name':'users','scopes':['id'],'columns':["
    "{'name':'role','type':'enum','enum':'Role','default':'PATIENT'},"
    "{'name':'name','type':'text','length':50,'nullable':true}]},"
    "{'name':'bonds','scopes':['patient_id','doctor_id'],'write_scopes':'any','natural_key':['"
    "patient_id','doctor_id'],'"
    "columns':["
    "{'name':'patient_id','type':'uuid','references':{'table':'users','may_leave_scope':true}},"
    "{'name':'doctor_id','type':'uuid','references':{'table':'users','may_leave_scope':true}},"
    "{'name':'status','type':'enum','enum':'Bond','default':'ASKED'}]},"
    "{'name':'doses','scopes':['patient_id'],'natural_key':['patient_id','slot'],'columns':["
    "{'name':'patient_id','type':'uuid','references':{'table':'users','may_leave_scope':true}},"
    "{'name':'slot','type':'text','length':20},"
    "{'name':'planned','type':'integer','default':0},"
    "{'name':'status','type':'enum','enum':'Status','default':'DUE'},"
    "{'name':'taken_at','type':'timestamptz','nullable':true}],"
    "'units':[{'name':'schedule','columns':['planned'],'rank':'inferred'},"
    "{'name':'outcome','columns':['status','taken_at'],'inferred_if':{'column':'status','values':['"
    "DUE','MISSED']}}]},"
    "{'name':'notes','scopes':['owner_id'],'unique':[{'columns':['owner_id','place']}],'columns':["
    "{'name':'owner_id','type':'uuid','references':{'table':'users','may_leave_scope':true},'"
    "immutable':true},"
    "{'name':'place','type':'integer','nullable':true},"
    "{'name':'title','type':'text','length':200},"
    "{'name':'body','type':'text','nullable':true}],"
    "'units':[{'name':'order','columns':['place']},{'name':'head','columns':['title']},{'name':'"
    "text','columns':['body']}]},"
    "{'name':'comments','scopes':['note_id.owner_id'],'columns':["
    "{'name':'note_id','type':'uuid','references':{'table':'notes'},'immutable':true},"
    "{'name':'body','type':'text'}]}],"
    "'grants':[{'table':'bonds','people':['patient_id','doctor_id'],'when':[{'column':'status','is'"
    ":'ACCEPTED'}],"
    "'subject_role':'PATIENT','holders':[{'role':'DOCTOR','writes':['notes','comments']}]}]}";

static char *quoted(const char *text)
{
    char *copy = strdup(text);

    CHECK(copy != NULL);
    for (char *c = copy; *c != '\0'; c++) {
        *c = (char)(*c == '\'' ? '"' : *c);
    }
    return copy;
}

static void fail_with(const char *what, const tern_error *error)
{
    (void)fprintf(stderr, "%s: %s %s\n", what, tern_status_code(error->status), error->message);
}

/* ---- The server ---- */

static void server_path(const struct world *world, char path[600])
{
    (void)snprintf(path, 600, "%s/server.db", world->folder);
}

static void check_twin(const struct world *world, bool agrees, const char *says)
{
    if (!agrees) {
        (void)fprintf(stderr, "seed %llu: %s\n", (unsigned long long)world->seed, says);
        CHECK(false);
    }
}

static void start_server(struct world *world)
{
    char path[600];
    struct trn_db_sqlite_options options = {.path = path, .unsafe_fast = !world->durable};
    char says[TWIN_SAYS_BYTES];
    tern_error error = {0};

    server_path(world, path);
    memset(options.seal_key, 7, sizeof options.seal_key);
    for (size_t i = 0; i < sizeof options.epoch; i++) {
        options.epoch[i] = (uint8_t)(world->now_us >> 8 * i);
    }
    if (trn_db_sqlite_open(&options, world->schema, &world->db, &error) != TERN_OK) {
        fail_with("server", &error);
        CHECK(false);
    }
    if (world->twin != NULL) {
        check_twin(world, twin_reopen(world->twin, world->db, says), says);
    }
    world->server = trn_server_new(world->db, &world->limits);
    CHECK(world->server != NULL);
}

static void stop_server(struct world *world)
{
    trn_server_free(world->server);
    world->db->ops->close(world->db);
    world->server = NULL;
    world->db = NULL;
}

void world_begin(struct world *world)
{
    tern_error error = {0};

    memset(world, 0, sizeof *world);
    world->now_us = START_US;
    world->trip_us = 20000;
    world->limits = (struct trn_sync_limits){TRN_SYNC_PAGE_ROWS, TRN_SYNC_PAGE_BYTES};
    (void)snprintf(world->folder, sizeof world->folder, "%s", trn_test_folder());
    world->document = quoted(document);
    if (trn_schema_load(world->document, strlen(world->document), &world->schema, &error) !=
        TERN_OK) {
        fail_with("schema", &error);
        CHECK(false);
    }
    start_server(world);
    world->twin = twin_new(world->schema);
}

static void tell_twin(struct world *world, const struct trn_sync_call *call)
{
    static const enum model_power powers[] = {[TRN_POWER_USER] = MODEL_USER,
                                              [TRN_POWER_SERVICE] = MODEL_JOB,
                                              [TRN_POWER_OPERATOR] = MODEL_OPERATOR};
    const struct twin_call heard = {.user = call->auth.user,
                                    .power = powers[call->auth.power],
                                    .now_us = world->now_us,
                                    .request = call->request,
                                    .status = call->status,
                                    .answer = trn_bytes_slice(&call->answer)};
    char says[TWIN_SAYS_BYTES];

    /* What a disk without power says it holds it may not have. */
    check_twin(world, twin_hear(world->twin, &heard, disk_is_cut() ? NULL : world->db, says), says);
}

void world_handle(struct world *world, struct trn_sync_call *call)
{
    trn_server_handle(world->server, world->now_us, call, 1);
    tell_twin(world, call);
}

void world_end(struct world *world)
{
    char says[TWIN_SAYS_BYTES];

    check_twin(world, twin_look(world->twin, world->db, says), says);
    twin_free(world->twin);
    for (size_t i = 0; i < world->saved_count; i++) {
        twin_free(world->saved[i].twin);
    }
    stop_server(world);
    trn_schema_free(world->schema);
    free(world->document);
}

void world_pass(struct world *world, int64_t us)
{
    world->now_us += us;
}

void world_restart(struct world *world)
{
    stop_server(world);
    start_server(world);
}

void world_stop(struct world *world)
{
    stop_server(world);
}

void world_start(struct world *world)
{
    start_server(world);
}

static void take_schema(struct world *world, const char *text)
{
    struct trn_schema *schema = NULL;
    tern_error error = {0};

    if (trn_schema_load(text, strlen(text), &schema, &error) != TERN_OK) {
        fail_with("schema", &error);
        CHECK(false);
    }
    twin_serve(world->twin, schema);
    trn_schema_free(world->schema);
    world->schema = schema;
}

static void take_document(struct world *world, const char *text)
{
    char *copy = strdup(text);

    CHECK(copy != NULL);
    free(world->document);
    world->document = copy;
    take_schema(world, copy);
}

void world_serve(struct world *world, const char *text)
{
    stop_server(world);
    take_document(world, text);
    start_server(world);
}

void world_found(struct world *world, const char *text)
{
    char path[600];

    stop_server(world);
    server_path(world, path);
    CHECK_INT(remove(path), 0);
    take_document(world, text);
    twin_free(world->twin);
    world->twin = twin_new(world->schema);
    start_server(world);
}

/* The text with the first `from` in it replaced; to be freed. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *copy = malloc(size);

    CHECK(at != NULL && copy != NULL);
    (void)snprintf(copy, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return copy;
}

char *world_next_document(const struct world *world)
{
    char *newer = replaced(world->document, "\"version\":1", "\"version\":2");
    char *column = replaced(newer,
                            "{\"name\":\"body\",\"type\":\"text\",\"nullable\":true}]",
                            "{\"name\":\"body\",\"type\":\"text\",\"nullable\":true},{\"name\":"
                            "\"colour\",\"type\":\"text\",\"length\":20,\"nullable\":true,"
                            "\"since\":2}]");
    char *unit = replaced(column,
                          "{\"name\":\"text\",\"columns\":[\"body\"]}",
                          "{\"name\":\"text\",\"columns\":[\"body\"]},{\"name\":\"look\","
                          "\"columns\":[\"colour\"]}");

    char *table = replaced(unit,
                           "{\"name\":\"body\",\"type\":\"text\"}]}],",
                           "{\"name\":\"body\",\"type\":\"text\"}]},"
                           "{\"name\":\"tags\",\"since\":2,\"scopes\":[\"note_id.owner_id\"],"
                           "\"columns\":[{\"name\":\"note_id\",\"type\":\"uuid\",\"references\":"
                           "{\"table\":\"notes\"},\"immutable\":true},"
                           "{\"name\":\"word\",\"type\":\"text\",\"length\":20}]}],");

    free(newer);
    free(column);
    free(unit);
    return table;
}

void world_upgrade(struct world *world)
{
    static const char old[] = "\"version\":1,";
    const char *at = strstr(world->document, old);
    char text[8192];

    CHECK(at != NULL);
    (void)snprintf(text,
                   sizeof text,
                   "%.*s\"version\":2,\"minimum_version\":2,%s",
                   (int)(at - world->document),
                   world->document,
                   at + strlen(old));
    stop_server(world);
    take_schema(world, text);
    start_server(world);
}

void world_copy_file(const char *from, const char *to)
{
    char buffer[65536];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    size_t size;

    CHECK(in != NULL && out != NULL);
    while ((size = fread(buffer, 1, sizeof buffer, in)) > 0) {
        CHECK(fwrite(buffer, 1, size, out) == size);
    }
    CHECK(fclose(in) == 0 && fclose(out) == 0);
}

/* The reference model beside a copy of the database. */
static struct twin **saved_twin(struct world *world, const char *name)
{
    for (size_t i = 0; i < world->saved_count; i++) {
        if (strcmp(world->saved[i].name, name) == 0) {
            return &world->saved[i].twin;
        }
    }
    CHECK(world->saved_count < sizeof world->saved / sizeof *world->saved);
    world->saved[world->saved_count].name = name;
    return &world->saved[world->saved_count++].twin;
}

void world_save(struct world *world, const char *name)
{
    struct twin **twin;
    char from[600];
    char to[1200];

    stop_server(world); /* closing leaves all of it in one file */
    server_path(world, from);
    (void)snprintf(to, sizeof to, "%s/%s", world->folder, name);
    world_copy_file(from, to);
    start_server(world);
    twin = saved_twin(world, name);
    twin_free(*twin);
    *twin = twin_copy(world->twin);
}

void world_restore(struct world *world, const char *name)
{
    char from[1200];
    char to[600];

    stop_server(world);
    server_path(world, to);
    (void)snprintf(from, sizeof from, "%s/%s", world->folder, name);
    world_copy_file(from, to);
    twin_free(world->twin);
    world->twin = twin_copy(*saved_twin(world, name));
    twin_serve(world->twin, world->schema);
    start_server(world);
}

void world_erase(struct world *world, char user)
{
    tern_id id = world_user(user);
    char says[TWIN_SAYS_BYTES];
    tern_error error = {0};
    tern_status status = trn_erase(world->db, &id, world->now_us, &error);

    check_twin(world, twin_erase(world->twin, &id, world->now_us, status, world->db, says), says);
    if (status != TERN_OK) {
        fail_with("erase", &error);
        CHECK(false);
    }
    world_restart(world); /* it remembers nothing of the rows */
}

void world_retained(struct world *world, uint64_t count)
{
    char says[TWIN_SAYS_BYTES];

    check_twin(world, twin_retain(world->twin, world->now_us, count, world->db, says), says);
}

uint64_t world_retain(struct world *world, size_t rows_at_once)
{
    tern_error error = {0};
    uint64_t count = 0;

    if (trn_retain(world->db, world->now_us, rows_at_once, &count, &error) != TERN_OK) {
        fail_with("retain", &error);
        CHECK(false);
    }
    world_retained(world, count);
    world_restart(world);
    return count;
}

const char *world_ask(struct world *world, const char *sql)
{
    static char answers[ANSWER_BUFFERS][4096];
    static size_t turn;
    char *answer = answers[turn++ % ANSWER_BUFFERS];
    char path[600];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    size_t size = 0;

    answer[0] = '\0';
    server_path(world, path);
    CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const unsigned char *text = sqlite3_column_text(statement, i);

            size += (size_t)snprintf(answer + size,
                                     sizeof answers[0] - size,
                                     "%s%s",
                                     i > 0      ? ","
                                     : size > 0 ? ";"
                                                : "",
                                     text == NULL ? "null" : (const char *)text);
        }
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
    return answer;
}

/* ---- The ports of a device ---- */

static int64_t read_wall(void *context)
{
    const struct device *device = context;

    return device->world->now_us + device->clock_off_us;
}

static int64_t read_monotonic(void *context)
{
    const struct device *device = context;

    return device->world->now_us - START_US + 1000;
}

static void read_boot(void *context, tern_id *ret_id)
{
    const struct device *device = context;

    *ret_id = device->boot;
}

static bool roll(void *context, void *buffer, size_t size)
{
    struct device *device = context;
    uint8_t *bytes = buffer;

    for (size_t i = 0; i < size; i++) {
        device->seed = device->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (uint8_t)(device->seed >> 56);
    }
    return true;
}

/* ---- The network ---- */

static enum weather next_weather(struct device *device)
{
    enum weather weather = FINE;

    if (device->weather_count > 0) {
        weather = device->weather[0];
        device->weather_count--;
        memmove(device->weather,
                device->weather + 1,
                device->weather_count * sizeof *device->weather);
    }
    return weather;
}

void request_open(const tern_http_request *request, struct trn_bytes *body)
{
    struct trn_slice raw = trn_slice_make(request->body, request->body_size);
    tern_status status = request->body_coding != NULL
                             ? trn_gunzip(raw, (size_t)64 << 20, body, NULL)
                             : trn_bytes_append_slice(body, raw);

    CHECK(status == TERN_OK);
}

size_t request_entries(const tern_http_request *request)
{
    struct trn_request_reader reader;
    struct trn_bytes body = {0};
    size_t count;

    request_open(request, &body);
    CHECK(trn_request_open(&reader, trn_bytes_slice(&body), NULL) == TERN_OK);
    count = reader.envelope.tx_count;
    trn_request_close(&reader);
    trn_bytes_free(&body);
    return count;
}

bool request_holds(const tern_http_request *request, const char *text)
{
    struct trn_bytes body = {0};
    bool holds;

    request_open(request, &body);
    holds = strstr(trn_bytes_text(&body), text) != NULL;
    trn_bytes_free(&body);
    return holds;
}

static void
ask_server(struct device *device, const tern_http_request *request, struct trn_sync_call *call)
{
    struct trn_bytes body = {0};

    request_open(request, &body);
    call->auth = (struct trn_auth){.user = device->user, .power = device->power};
    call->request = trn_bytes_slice(&body);
    world_handle(device->world, call);
    device->rows_received += call->rows;
    if (call->status == 503 && getenv("SIM_TRACE") != NULL) {
        fail_with("server", &call->cause);
    }
    if (getenv("SIM_TALK") != NULL) {
        (void)fprintf(stderr,
                      "%s >> %.*s",
                      device->path,
                      (int)call->request.size,
                      (const char *)call->request.data);
        (void)fprintf(stderr,
                      "%s << %.*s",
                      device->path,
                      (int)call->answer.size,
                      (const char *)call->answer.data);
    }
    trn_bytes_free(&body);
}

void device_overhear(struct device *device,
                     const tern_http_request *request,
                     struct trn_bytes *answer)
{
    struct trn_sync_call call = {0};

    ask_server(device, request, &call);
    CHECK_INT(call.status, 200);
    CHECK(trn_bytes_append_slice(answer, trn_bytes_slice(&call.answer)) == TERN_OK);
    trn_sync_call_free(&call);
}

static tern_status
hand_over(const struct trn_sync_call *call, bool cut, tern_http_answer *ret_answer)
{
    size_t size = cut ? call->answer.size / 2 : call->answer.size;
    void *body = malloc(size + 1);

    if (body == NULL) {
        return TERN_ERR_NOMEM;
    }
    memcpy(body, call->answer.data, size);
    *ret_answer = (tern_http_answer){
        .status = (int)call->status,
        .is_problem = call->status != 200,
        .retry_after_ms = call->retry_after_s > 0 ? (int64_t)call->retry_after_s * 1000 : -1,
        .body = body,
        .body_size = size};
    return TERN_OK;
}

static tern_status exchange(void *context,
                            const tern_http_request *request,
                            tern_http_answer *ret_answer,
                            tern_error *error)
{
    struct device *device = context;
    enum weather weather = next_weather(device);
    struct trn_sync_call call = {0};
    tern_status status = TERN_OK;

    (void)error;
    harness_fault_suspend();
    device->exchanges++;
    device->world->now_us += device->world->trip_us / 2;
    if (device->meddle != NULL && device->meddle(device, request, ret_answer)) {
        harness_fault_resume();
        return TERN_OK;
    }
    if (weather != REQUEST_LOST && weather != SERVER_AWAY) {
        ask_server(device, request, &call);
    }
    if (weather == REQUEST_TWICE) {
        trn_sync_call_free(&call);
        ask_server(device, request, &call);
    }
    device->world->now_us += device->world->trip_us / 2;
    if (weather == REQUEST_LOST || weather == ANSWER_LOST) {
        status = TERN_ERR_TIMEOUT;
    } else if (weather == SERVER_AWAY) {
        *ret_answer = (tern_http_answer){.status = 503, .retry_after_ms = 2000};
    } else {
        status = hand_over(&call, weather == ANSWER_CUT, ret_answer);
    }
    trn_sync_call_free(&call);
    harness_fault_resume();
    return status;
}

static bool wait_ms(void *context, int64_t ms)
{
    struct device *device = context;

    device->waited_ms += ms;
    device->world->now_us += ms * 1000;
    return true;
}

static void release(void *context, tern_http_answer *answer)
{
    (void)context;
    free(answer->body);
    answer->body = NULL;
}

/* ---- Devices ---- */

tern_id world_user(char user)
{
    tern_id id = {{0}};

    id.bytes[0] = 0x70;
    id.bytes[6] = 0x40;
    id.bytes[8] = 0x80;
    id.bytes[15] = (uint8_t)user;
    return id;
}

static void write_log(void *context, tern_log_level level, const char *message)
{
    struct device *device = context;
    size_t used = strlen(device->logged);

    (void)snprintf(device->logged + used, sizeof device->logged - used, "%s\n", message);
    if (getenv("SIM_TRACE") != NULL) {
        (void)fprintf(stderr, "%s [%d] %s\n", strrchr(device->path, '/') + 1, (int)level, message);
    }
}

tern_status device_try_open(struct device *device, tern_error *error)
{
    tern_ports ports = {.size = sizeof ports,
                        .clock = {device, read_wall, read_monotonic, read_boot},
                        .random = {device, roll},
                        .log = {device, write_log},
                        .vfs = device->vfs};
    const char *text = device->document != NULL ? device->document : device->world->document;
    tern_replica_options options = {.size = sizeof options,
                                    .schema = text,
                                    .schema_size = strlen(text),
                                    .user = device->user,
                                    .ports = &ports};

    return tern_replica_open(device->path, &options, &device->replica, error);
}

void device_open(struct device *device)
{
    tern_error error = {0};

    if (device_try_open(device, &error) != TERN_OK) {
        fail_with("open", &error);
        CHECK(false);
    }
}

void device_begin(struct world *world, struct device *device, const char *name, char user)
{
    memset(device, 0, sizeof *device);
    device->world = world;
    device->user = world_user(user);
    device->seed = (uint64_t)name[0] * 7919 + (uint64_t)strlen(name);
    for (const char *c = name; *c != '\0'; c++) {
        device->seed = device->seed * 31 + (uint64_t)*c;
    }
    device->boot.bytes[0] = 1;
    (void)snprintf(device->path, sizeof device->path, "%s/%s.tern", world->folder, name);
    device_open(device);
}

void device_close(struct device *device)
{
    tern_replica_close(device->replica);
    device->replica = NULL;
}

void device_end(struct device *device)
{
    device_close(device);
}

void device_expect(struct device *device, enum weather weather)
{
    CHECK(device->weather_count < sizeof device->weather / sizeof *device->weather);
    device->weather[device->weather_count++] = weather;
}

static tern_status step_through(tern_statement *statement, tern_error *error)
{
    bool row = true;
    tern_status status = TERN_OK;

    while (status == TERN_OK && row) {
        status = tern_statement_step(statement, &row, error);
    }
    return status;
}

static tern_status run(struct device *device, const char *sql, tern_error *error)
{
    tern_statement *statement = NULL;
    tern_status status =
        tern_statement_prepare(device->replica, sql, strlen(sql), &statement, error);

    if (status == TERN_OK) {
        status = step_through(statement, error);
    }
    tern_statement_free(statement);
    return status;
}

/* `?` with a letter stands for a user's id as a blob. */
static const char *with_users(const char *sql, char *room, size_t size)
{
    size_t used = 0;

    for (; *sql != '\0'; sql++) {
        if (sql[0] == '@') {
            tern_id id = world_user(sql[1]);

            used += (size_t)snprintf(room + used, size - used, "x'");
            for (size_t i = 0; i < sizeof id.bytes; i++) {
                used += (size_t)snprintf(room + used, size - used, "%02x", id.bytes[i]);
            }
            used += (size_t)snprintf(room + used, size - used, "'");
            sql++;
        } else {
            CHECK(used + 1 < size);
            room[used++] = *sql;
        }
    }
    room[used] = '\0';
    return room;
}

tern_status device_try(struct device *device, const char *sql)
{
    char room[4096];
    tern_error error = {0};

    return run(device, with_users(sql, room, sizeof room), &error);
}

void device_run(struct device *device, const char *sql)
{
    char room[4096];
    tern_error error = {0};

    if (run(device, with_users(sql, room, sizeof room), &error) != TERN_OK) {
        fail_with(sql, &error);
        CHECK(false);
    }
}

void device_infer(struct device *device, const char *sql)
{
    char room[4096];
    tern_tx_options options = {.size = sizeof options, .inferred = true};
    tern_tx *tx = NULL;
    tern_error error = {0};

    CHECK(tern_tx_begin(device->replica, &options, &tx, &error) == TERN_OK);
    if (run(device, with_users(sql, room, sizeof room), &error) != TERN_OK) {
        fail_with(sql, &error);
        CHECK(false);
    }
    CHECK(tern_tx_commit(tx, NULL, &error) == TERN_OK);
}

/* ---- Questions ---- */

static void append_cell(struct trn_bytes *text, const tern_value *value)
{
    const uint8_t *data = value->data;

    switch (value->kind) {
    case TERN_NULL:
        CHECK(trn_bytes_append_text(text, "null") == TERN_OK);
        break;
    case TERN_INTEGER:
        CHECK(trn_bytes_append_format(text, "%lld", (long long)value->integer) == TERN_OK);
        break;
    case TERN_REAL:
        CHECK(trn_bytes_append_format(text, "%.17g", value->real) == TERN_OK);
        break;
    case TERN_TEXT:
        CHECK(trn_bytes_append(text, value->data, value->size) == TERN_OK);
        break;
    case TERN_BLOB:
        for (size_t i = 0; i < value->size; i++) {
            CHECK(trn_bytes_append_format(text, "%02x", data[i]) == TERN_OK);
        }
        break;
    }
}

static void ask(struct device *device, const char *sql, struct trn_bytes *text)
{
    tern_statement *statement = NULL;
    tern_error error = {0};
    bool row = false;

    if (tern_statement_prepare(device->replica, sql, strlen(sql), &statement, &error) != TERN_OK) {
        fail_with(sql, &error);
        CHECK(false);
    }
    while (tern_statement_step(statement, &row, &error) == TERN_OK && row) {
        if (text->size > 0) {
            CHECK(trn_bytes_append_text(text, ";") == TERN_OK);
        }
        for (int i = 0; i < tern_statement_columns(statement); i++) {
            tern_value value = tern_statement_value(statement, i);

            if (i > 0) {
                CHECK(trn_bytes_append_text(text, ",") == TERN_OK);
            }
            append_cell(text, &value);
        }
    }
    CHECK(error.status == TERN_OK);
    tern_statement_free(statement);
}

const char *device_ask(struct device *device, const char *sql)
{
    static char answers[ANSWER_BUFFERS][4096];
    static size_t turn;
    char room[4096];
    char *answer = answers[turn++ % ANSWER_BUFFERS];
    struct trn_bytes text = {0};

    ask(device, with_users(sql, room, sizeof room), &text);
    (void)snprintf(answer, sizeof answers[0], "%s", trn_bytes_text(&text));
    trn_bytes_free(&text);
    return answer;
}

char *device_dump(struct device *device)
{
    static const char *const queries[] = {
        "SELECT 'users', id, created_at, updated_at, deleted_at, role, name FROM users ORDER BY id",
        "SELECT 'bonds', id, created_at, updated_at, deleted_at, patient_id, doctor_id, status "
        "FROM bonds ORDER BY id",
        "SELECT 'doses', id, created_at, updated_at, deleted_at, patient_id, slot, planned, "
        "status, taken_at FROM doses ORDER BY id",
        "SELECT 'notes', id, created_at, updated_at, deleted_at, owner_id, place, title, body FROM "
        "notes ORDER BY id",
        "SELECT 'comments', id, created_at, updated_at, deleted_at, note_id, body FROM comments "
        "ORDER BY id",
        "SELECT 'audit', id, created_at, scope_id, table_name, row_id, unit, rule, lost_values, "
        "kept_values FROM sync_audit ORDER BY id",
    };
    struct trn_bytes text = {0};
    char *copy;

    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        ask(device, queries[i], &text);
    }
    if (device_status(device).schema_version > 1 &&
        strstr(device->world->document, "\"colour\"") != NULL) {
        ask(device, "SELECT 'look', id, colour FROM notes ORDER BY id", &text);
        ask(device, "SELECT 'tags', id, updated_at, deleted_at, note_id, word FROM tags", &text);
    }
    copy = strdup(trn_bytes_text(&text));
    CHECK(copy != NULL);
    trn_bytes_free(&text);
    return copy;
}

static const char *give_token(void *context, bool refused)
{
    const struct device *device = context;

    return refused ? NULL : device->token;
}

static tern_status sync_once(struct device *device, tern_error *error)
{
    tern_http_port http = {device, exchange, release, wait_ms};

    return tern_sync_run(device->replica,
                         NULL,
                         &http,
                         give_token,
                         device,
                         INT64_C(3600000),
                         NULL,
                         error);
}

tern_status device_sync(struct device *device)
{
    device->heard = (tern_error){0};
    return sync_once(device, &device->heard);
}

void device_sync_well(struct device *device)
{
    tern_error error = {0};
    tern_status status = sync_once(device, &error);

    if (status != TERN_OK) {
        fail_with("sync", &error);
    }
    CHECK_INT(status, TERN_OK);
}

tern_sync *device_sync_open(struct device *device)
{
    tern_sync *sync = NULL;
    tern_error error = {0};

    if (tern_sync_open(device->replica, NULL, &sync, &error) != TERN_OK) {
        fail_with("sync", &error);
        CHECK(false);
    }
    return sync;
}

void device_carry(struct device *device, tern_sync *sync, const tern_http_request *request)
{
    tern_http_answer answer = {0};
    tern_status status = exchange(device, request, &answer, NULL);

    if (status == TERN_OK) {
        CHECK(tern_sync_answered(sync, &answer, NULL) == TERN_OK);
        release(device, &answer);
    } else {
        CHECK(tern_sync_failed(sync, status, NULL) == TERN_OK);
    }
}

void device_answer_problem(tern_http_answer *ret_answer, int status, const char *code)
{
    device_answer_detail(ret_answer, status, code, "d");
}

bool device_refuse_cursor(struct device *device,
                          const tern_http_request *request,
                          tern_http_answer *ret_answer)
{
    (void)device;
    (void)request;
    device_answer_problem(ret_answer, 400, "CURSOR");
    return true;
}

void device_answer_detail(tern_http_answer *ret_answer,
                          int status,
                          const char *code,
                          const char *detail)
{
    char text[2048];

    *ret_answer = (tern_http_answer){.status = status, .retry_after_ms = -1};
    if (code != NULL) {
        int size = snprintf(text,
                            sizeof text,
                            "{\"type\":\"about:blank\",\"title\":\"t\",\"status\":%d,\"code\":\"%"
                            "s\",\"detail\":\"%s\"}",
                            status,
                            code,
                            detail);

        ret_answer->is_problem = true;
        ret_answer->body = strdup(text);
        ret_answer->body_size = (size_t)size;
    }
}

void device_check_converged(struct device *device)
{
    struct device fresh;
    char name[32];
    static unsigned count;

    (void)snprintf(name, sizeof name, "fresh%u", count++);
    device_begin(device->world, &fresh, name, (char)device->user.bytes[15]);
    device_sync_well(&fresh);
    check_same_rows(device_dump(device), device_dump(&fresh));
    device_end(&fresh);
}

tern_replica_status device_status(struct device *device)
{
    tern_replica_status status = {.size = sizeof status};
    tern_error error = {0};

    CHECK(tern_replica_read_status(device->replica, &status, &error) == TERN_OK);
    return status;
}

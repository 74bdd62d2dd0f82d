/* The world: its schema, its time, and its server. */
#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "schema/schema.h"
#include "server/erase.h"
#include "server/retain.h"
#include "tests/sim/disk.h"
#include "tests/sim/files.h"

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

void world_tell(const char *what, const tern_error *error)
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
        world_tell("server", &error);
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
    world->now_us = WORLD_START_US;
    world->trip_us = 20000;
    world->limits = (struct trn_sync_limits){TRN_SYNC_PAGE_ROWS, TRN_SYNC_PAGE_BYTES};
    (void)snprintf(world->folder, sizeof world->folder, "%s", trn_test_folder());
    world->document = quoted(document);
    if (trn_schema_load(world->document, strlen(world->document), &world->schema, &error) !=
        TERN_OK) {
        world_tell("schema", &error);
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
        world_tell("schema", &error);
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
        world_tell("erase", &error);
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
        world_tell("retain", &error);
        CHECK(false);
    }
    world_retained(world, count);
    world_restart(world);
    return count;
}

const char *world_ask(struct world *world, const char *sql)
{
    static char answers[WORLD_ANSWERS][4096];
    static size_t turn;
    char *answer = answers[turn++ % WORLD_ANSWERS];
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

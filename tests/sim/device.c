/* The app of a device: its file, its statements, and the questions asked of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/files.h"
#include "tests/sim/world.h"

/* ---- Its ports ---- */

static int64_t read_wall(void *context)
{
    const struct device *device = context;

    return device->world->now_us + device->clock_off_us;
}

static int64_t read_monotonic(void *context)
{
    const struct device *device = context;

    return device->world->now_us - WORLD_START_US + 1000;
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

/* ---- Its file ---- */

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
        world_tell("open", &error);
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

void device_begin_copy(struct world *world,
                       struct device *copy,
                       const char *name,
                       struct device *from)
{
    device_begin(world, copy, name, 'p');
    copy->user = from->user;
    device_close(copy);
    device_close(from);
    world_copy_file(from->path, copy->path);
    device_open(from);
    device_open(copy);
}

void device_boot(struct device *device, int64_t clock_off_us)
{
    device_close(device);
    device->boot.bytes[1]++;
    device->clock_off_us = clock_off_us;
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
        world_tell(sql, &error);
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
        world_tell(sql, &error);
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
        world_tell(sql, &error);
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
    static char answers[WORLD_ANSWERS][4096];
    static size_t turn;
    char room[4096];
    char *answer = answers[turn++ % WORLD_ANSWERS];
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

#include "sim/expect.h"

#include <stdlib.h>
#include <string.h>

#include "sim/event.h"
#include "sim/look.h"
#include "sim/replica.h"

/* `@name` in SQL stands for a user's id, `$label` for a row's. */
static void expand(struct sim_world *world, const char *sql, struct trn_bytes *text)
{
    while (*sql != '\0') {
        char name[40];
        size_t size = 0;
        const char *hex = NULL;
        tern_status status;

        if (*sql == '@' || *sql == '$') {
            while (size + 1 < sizeof name && (sql[size + 1] == '_' || sql[size + 1] == '-' ||
                                              (sql[size + 1] >= '0' && sql[size + 1] <= '9') ||
                                              (sql[size + 1] >= 'a' && sql[size + 1] <= 'z'))) {
                name[size] = sql[size + 1];
                size++;
            }
            name[size] = '\0';
        }
        if (size > 0 && *sql == '@' && sim_world_user(world, name) < SIM_USERS) {
            const tern_id *id = &world->users[sim_world_user(world, name)].id;

            status = trn_bytes_append_text(text, "x'");
            for (size_t i = 0; status == TERN_OK && i < sizeof id->bytes; i++) {
                status = trn_bytes_append_format(text, "%02x", id->bytes[i]);
            }
            status = status == TERN_OK ? trn_bytes_append_text(text, "'") : status;
            sql += size + 1;
        } else if (size > 0 && *sql == '$' &&
                   (hex = json_string_value(json_object_get(world->rows, name))) != NULL) {
            status = trn_bytes_append_format(text, "x'%s'", hex);
            sql += size + 1;
        } else {
            status = trn_bytes_append(text, sql++, 1);
        }
        if (status != TERN_OK) {
            abort();
        }
    }
}

static void expect_sql(struct sim_world *world, json_t *event, int device)
{
    struct trn_bytes sql = {0};
    struct trn_bytes rows;
    sqlite3 *db = sim_look(world, device);
    const char *due = sim_event_text(event, "is");

    expand(world, sim_event_text(event, "sql"), &sql);
    rows = sim_look_rows(world, db, trn_bytes_text(&sql));
    sim_look_away(world, device);
    if (rows.size > 0) {
        rows.data[--rows.size] = '\0'; /* the last line's end */
    }
    if (strcmp(trn_bytes_text(&rows), due != NULL ? due : "") != 0) {
        sim_fail(world,
                 "expectation",
                 "%s: %.250s gave \"%.200s\", not \"%.100s\"",
                 sim_event_text(event, "device"),
                 sim_event_text(event, "sql"),
                 trn_bytes_text(&rows),
                 due != NULL ? due : "");
    }
    trn_bytes_free(&sql);
    trn_bytes_free(&rows);
}

static void expect_count(struct sim_device *device, json_t *event, const char *what, uint64_t count)
{
    int64_t due = sim_event_number(event, what, -1);

    if (due >= 0 && (uint64_t)due != count) {
        sim_fail(device->world,
                 "expectation",
                 "%s has %llu %s, not %lld",
                 device->name,
                 (unsigned long long)count,
                 what,
                 (long long)due);
    }
}

void sim_expect(struct sim_world *world, json_t *event)
{
    struct sim_device *device = sim_event_device(world, event, "device");

    if (device == NULL && !sim_event_is_server(event, "device")) {
        sim_fail(world, "history", "an expectation of nobody");
        return;
    }
    if (sim_event_text(event, "sql") != NULL) {
        expect_sql(world, event, device != NULL ? device->index : SIM_SERVER);
    }
    if (device != NULL) {
        tern_replica_status status = sim_device_status(device);

        expect_count(device, event, "pending", status.pending);
        expect_count(device, event, "quarantined", status.quarantined);
        expect_count(device, event, "locked", status.locked);
    }
}

/* What the files of a world hold, as text that two of them are compared by. */
#include <stdio.h>
#include <string.h>

#include "sim/look.h"
#include "sim/torture/point.h"

struct sim_disk *point_disk(struct sim_world *world, int machine)
{
    return machine == SIM_SERVER ? world->disk : world->devices[machine].disk;
}

int point_machine(struct sim_world *world, const struct torture_operation *operation)
{
    struct sim_device *device = sim_device_find(world, operation->machine);

    return device != NULL ? device->index : SIM_SERVER;
}

/* Adds what a query gives; text that has no room is left out, in each of two alike. */
static void add_rows(struct sim_world *world, sqlite3 *db, const char *sql, char text[TORTURE_TEXT])
{
    struct trn_bytes rows = sim_look_rows(world, db, sql);
    size_t size = strlen(text);

    (void)snprintf(text + size, TORTURE_TEXT - size, "%s", trn_bytes_text(&rows));
    trn_bytes_free(&rows);
}

/* tern_v holds keys of the file's own, which may be dealt out in another order. */
#define QUERY_ROWS(but)                                                                            \
    "SELECT 'SELECT ''' || m.name || ''', ' || (SELECT group_concat('\"' || c.name || '\"') FROM " \
    "pragma_table_info(m.name) c WHERE c.name <> 'tern_v') || ' FROM \"' || m.name || '\" ORDER "  \
    "BY 2' FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND "        \
    "m.name NOT LIKE 'tern_%' AND m.name <> '" but "' ORDER BY m.name"

static const char all_rows[] = QUERY_ROWS("");
/* Times and ids of the audit are those of the server when it took what lost. */
const char point_written_rows[] = QUERY_ROWS("sync_audit");
const char point_row_counts[] =
    "SELECT 'SELECT ''' || name || ''', count(*), count(deleted_at) FROM \"' || name || '\"' FROM "
    "sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'tern_%' "
    "ORDER BY name";

/* Adds what the queries give that the first one gives, table by table. */
static void
add_tables(struct sim_world *world, sqlite3 *db, const char *sql, char text[TORTURE_TEXT])
{
    struct trn_bytes queries = sim_look_rows(world, db, sql);
    char *at = (char *)queries.data;

    while (at != NULL && *at != '\0') {
        char *end = at + strcspn(at, "\n");
        bool last = *end == '\0';

        *end = '\0';
        add_rows(world, db, at, text);
        at = last ? end : end + 1;
    }
    trn_bytes_free(&queries);
}

/* The rows of a machine's file, and what it has of transactions. */
static void show(struct sim_world *world, int machine, char text[TORTURE_TEXT])
{
    const char *file = machine == SIM_SERVER ? "server.db" : "replica";
    sqlite3 *db;

    if (sim_disk_size(point_disk(world, machine), file) == 0) {
        return;
    }
    db = sim_look(world, machine);
    add_tables(world, db, all_rows, text);
    if (sim_look_number(world, db, "SELECT count(*) FROM sqlite_master", 0) > 0) {
        add_rows(world,
                 db,
                 machine == SIM_SERVER
                     ? "SELECT number, ordinal, tx, verdict, kind FROM tern_entry ORDER BY number"
                     : "SELECT ordinal, tx, state, kind, number, reason FROM tern_outbox "
                       "ORDER BY ordinal",
                 text);
    }
    sim_look_away(world, machine);
}

/* What the operation may change: its machine's file, or of one of several machines both. */
void point_show(struct sim_world *world, int machine, char text[TORTURE_TEXT])
{
    text[0] = '\0';
    show(world, machine, text);
    if (machine != SIM_SERVER) {
        show(world, SIM_SERVER, text);
    }
}

/* What the server has of each table. */
void point_show_server(struct sim_world *world, const char *sql, char text[TORTURE_TEXT])
{
    sqlite3 *db = sim_look(world, SIM_SERVER);

    text[0] = '\0';
    add_tables(world, db, sql, text);
    sim_look_away(world, SIM_SERVER);
}

/* The first line of `left` that `right` does not have; a static buffer. */
static const char *odd_line(const char *left, const char *right)
{
    static char line[200];

    for (const char *at = left; *at != '\0'; at += strcspn(at, "\n") + (strchr(at, '\n') != NULL)) {
        (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
        if (strstr(right, line) == NULL) {
            return line;
        }
    }
    return "(none)";
}

void point_fail_odd(struct sim_world *world, const char *check, const char *is, const char *due)
{
    char line[200];

    (void)snprintf(line, sizeof line, "%s", odd_line(is, due));
    sim_fail(world, check, "there is %s, and there is not %s", line, odd_line(due, is));
}

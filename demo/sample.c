/* Plain SQLite reads, read-only: what the fifth promise is judged by. */
#include "demo/sample.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>
#include <sys/stat.h>

#include "demo/device.h"

enum { PATH_BYTES = 512 };

static const char query[] =
    "SELECT hex(scope) || ':' || tab || ':' || hex(id), max(number) FROM tern_log GROUP BY 1";

static void measure_logs(struct demo_world *world)
{
    static const char *const names[] = {"server", "phone", "tablet", "doctor", "operator"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[PATH_BYTES];
        struct stat info;

        (void)snprintf(path, sizeof(path), "%s/%s.db-wal", world->folder, names[i]);
        if (stat(path, &info) == 0 && info.st_size > world->wal_max_bytes) {
            world->wal_max_bytes = info.st_size;
        }
    }
}

static void fail(sqlite3 *database, const char *what)
{
    (void)fprintf(stderr, "demo: the server's file: %s: %s\n", what, sqlite3_errmsg(database));
    exit(EXIT_FAILURE);
}

void demo_sample(struct demo_world *world)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    json_t *sample = json_object();

    if (sqlite3_open_v2(world->server_database, &database, SQLITE_OPEN_READONLY, NULL) !=
            SQLITE_OK ||
        sqlite3_busy_timeout(database, 5000) != SQLITE_OK ||
        sqlite3_prepare_v2(database, query, -1, &statement, NULL) != SQLITE_OK) {
        fail(database, "open");
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        (void)json_object_set_new(sample,
                                  (const char *)sqlite3_column_text(statement, 0),
                                  json_integer(sqlite3_column_int64(statement, 1)));
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    (void)json_array_append_new(world->story.samples, sample);
    measure_logs(world);
}

/* Rows that wait, by an index of these rows alone: however long the history, what is settled costs
 * nothing. */
#include "server/db_sqlite_waiting.h"

#include <stdio.h>

#include "base/error.h"
#include "server/db_sqlite_view.h"

/* SQLite uses a partial index only where the query says the same in the same words. */
#define WAITS "\"%w\" = %Q AND deleted_at IS NULL"
#define NAME "\"tern_waiting_%w_%w\""

static const char *word_name(const struct trn_db_waiting *waiting)
{
    return waiting->table->columns[waiting->word_column].name;
}

static const char *time_name(const struct trn_db_waiting *waiting)
{
    return waiting->table->columns[waiting->time_column].name;
}

static tern_status
waiting_prepare(struct trn_db *db, const struct trn_db_waiting *waiting, tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    char *sql = sqlite3_mprintf("CREATE INDEX IF NOT EXISTS " NAME " ON \"%w\"(\"%w\", id)"
                                " WHERE " WAITS,
                                waiting->table->name,
                                waiting->word,
                                waiting->table->name,
                                time_name(waiting),
                                word_name(waiting),
                                waiting->word);
    int rc = sql == NULL ? SQLITE_NOMEM : sqlite3_exec(view->sqlite, sql, NULL, NULL, NULL);

    sqlite3_free(sql);
    return rc == SQLITE_OK ? TERN_OK : trn_db_sqlite_fail(view, rc, "rows that wait: index", error);
}

static tern_status prepare(struct trn_db_view *view,
                           const struct trn_db_waiting *waiting,
                           sqlite3_stmt **ret_statement,
                           tern_error *error)
{
    const char *time = time_name(waiting);
    char *sql = sqlite3_mprintf("SELECT \"%w\", id FROM \"%w\" INDEXED BY " NAME " WHERE " WAITS
                                " AND (\"%w\", id) > (?1, ?2) AND \"%w\" < ?3"
                                " ORDER BY \"%w\", id LIMIT ?4",
                                time,
                                waiting->table->name,
                                waiting->table->name,
                                waiting->word,
                                word_name(waiting),
                                waiting->word,
                                time,
                                time,
                                time);
    tern_status status = sql == NULL ? trn_fail_nomem(error)
                                     : trn_db_sqlite_prepare(view, sql, ret_statement, error);

    sqlite3_free(sql);
    return status;
}

static tern_status rows_waiting(struct trn_db_view *view,
                                const struct trn_db_waiting *waiting,
                                const struct trn_db_moment *after,
                                int64_t before_us,
                                struct trn_db_moment *ret_rows,
                                size_t room,
                                size_t *ret_count,
                                tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    bool row = true;
    tern_status status = prepare(view, waiting, &statement, error);

    if (status == TERN_OK) {
        sqlite3_bind_int64(statement, 1, after->us);
        trn_db_sqlite_bind_id(statement, 2, &after->id);
        sqlite3_bind_int64(statement, 3, before_us);
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)room);
    }
    while (status == TERN_OK && row && count < room) {
        status = trn_db_sqlite_step(view, statement, &row, "rows that wait", error);
        if (status == TERN_OK && row) {
            ret_rows[count].us = sqlite3_column_int64(statement, 0);
            ret_rows[count].id = trn_db_sqlite_column_id(statement, 1);
            count++;
        }
    }
    sqlite3_finalize(statement);
    if (status == TERN_OK) {
        *ret_count = count;
    }
    return status;
}

void trn_db_sqlite_enter_waiting(struct trn_db_ops *ops)
{
    ops->waiting_prepare = waiting_prepare;
    ops->rows_waiting = rows_waiting;
}

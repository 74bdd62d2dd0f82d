/* The log of each scope in SQLite: one clustered tree in the order of (scope, number, table, id).
 */
#include "server/db_sqlite_log.h"

#include "server/db_sqlite_view.h"

static tern_status place(struct trn_db_view *view,
                         enum trn_sql which,
                         const tern_id *scope,
                         int64_t number,
                         const struct trn_table *table,
                         const tern_id *id,
                         tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    tern_status status = trn_db_sqlite_statement(view, which, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, scope);
    sqlite3_bind_int64(statement, 2, number);
    sqlite3_bind_int(statement, 3, table->index);
    trn_db_sqlite_bind_id(statement, 4, id);
    return trn_db_sqlite_run(view, statement, "log: write", error);
}

static tern_status log_put(struct trn_db *db,
                           const tern_id *scope,
                           const struct trn_table *table,
                           const tern_id *id,
                           int64_t old_number,
                           int64_t number,
                           tern_error *error)
{
    struct trn_db_view *view = trn_db_sqlite_of(db)->writer;
    tern_status status = TERN_OK;

    if (old_number == number) {
        return TERN_OK;
    }
    if (old_number != 0) {
        status = place(view, SQL_LOG_REMOVE, scope, old_number, table, id, error);
    }
    if (status == TERN_OK) {
        status = place(view, SQL_LOG_ADD, scope, number, table, id, error);
    }
    return status;
}

static tern_status log_remove(struct trn_db *db,
                              const tern_id *scope,
                              const struct trn_table *table,
                              const tern_id *id,
                              int64_t number,
                              tern_error *error)
{
    return place(trn_db_sqlite_of(db)->writer, SQL_LOG_REMOVE, scope, number, table, id, error);
}

static tern_status log_read(struct trn_db_view *view,
                            const tern_id *scope,
                            const struct trn_db_place *after,
                            struct trn_db_place *ret_places,
                            size_t room,
                            size_t *ret_count,
                            tern_error *error)
{
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    bool row = true;
    tern_status status = trn_db_sqlite_statement(view, SQL_LOG_READ, &statement, error);

    if (status != TERN_OK) {
        return status;
    }
    trn_db_sqlite_bind_id(statement, 1, scope);
    sqlite3_bind_int64(statement, 2, after->number);
    sqlite3_bind_int(statement, 3, after->table);
    trn_db_sqlite_bind_id(statement, 4, &after->id);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)room);
    while (status == TERN_OK && row && count < room) {
        status = trn_db_sqlite_step(view, statement, &row, "log: read", error);
        if (status == TERN_OK && row) {
            ret_places[count].number = sqlite3_column_int64(statement, 0);
            ret_places[count].table = (uint16_t)sqlite3_column_int(statement, 1);
            ret_places[count].id = trn_db_sqlite_column_id(statement, 2);
            count++;
        }
    }
    sqlite3_reset(statement);
    if (status == TERN_OK) {
        *ret_count = count;
    }
    return status;
}

void trn_db_sqlite_enter_log(struct trn_db_ops *ops)
{
    ops->log_put = log_put;
    ops->log_remove = log_remove;
    ops->log_read = log_read;
}

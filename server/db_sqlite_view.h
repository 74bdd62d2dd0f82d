/* One connection of the SQLite implementation, and its compiled statements. */
#ifndef TRN_SERVER_DB_SQLITE_VIEW_H
#define TRN_SERVER_DB_SQLITE_VIEW_H

#include <sqlite3.h>

#include "server/db.h"

/* Statements that every connection keeps. */
enum trn_sql {
    SQL_BEGIN,
    SQL_BEGIN_SNAPSHOT,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_RELEASE,
    SQL_RESTORE,
    SQL_META_READ,
    SQL_META_WRITE,
    SQL_ENTRY_BY_TX,
    SQL_ENTRY_BY_ORDINAL,
    SQL_ENTRY_BODY,
    SQL_ENTRY_ADD,
    SQL_TX_GET,
    SQL_LAST_NUMBER,
    SQL_DEVICE_READ,
    SQL_DEVICE_WRITE,
    SQL_LOG_REMOVE,
    SQL_LOG_ADD,
    SQL_LOG_READ,
    SQL_ERASED_READ,
    SQL_ERASED_WRITE,
    SQL_ERASED_ANY,
    SQL_ROW_ERASED,
    SQL_ROW_ERASED_ANY,
    SQL_ENTRY_NEXT,
    SQL_ENTRY_CLEAR,
    SQL_COUNT
};

/* Statements about one table. */
enum trn_table_sql { TABLE_READ, TABLE_ADD, TABLE_REPLACE, TABLE_SQL_COUNT };

/* One connection. */
struct trn_db_view {
    struct trn_db_sqlite *owner;
    sqlite3 *sqlite;
    sqlite3_stmt *statements[SQL_COUNT];
    sqlite3_stmt **tables; /* TABLE_SQL_COUNT a table */
    sqlite3_stmt **grants; /* two a grant: by person_a, by person_b */
    struct trn_db_view *next_idle;
};

struct trn_db_sqlite {
    struct trn_db base;
    struct trn_db_ops ops;
    char *path;
    char *vfs; /* NULL: the default */
    struct trn_db_view *writer;
    struct trn_db_view *idle; /* read connections that no snapshot uses */
    int64_t next_number;      /* of the group under way */
    int lock;                 /* descriptor of the lock file, -1 for none */
};

struct trn_db_sqlite *trn_db_sqlite_of(struct trn_db *db);

/* Turns SQLite's refusal into a status and says where: never what the row holds. */
tern_status
trn_db_sqlite_fail(struct trn_db_view *view, int rc, const char *where, tern_error *error);

/* The compiled statement, ready to bind; borrowed. */
tern_status trn_db_sqlite_statement(struct trn_db_view *view,
                                    enum trn_sql which,
                                    sqlite3_stmt **ret_statement,
                                    tern_error *error);
/* Compiles `sql` into `*slot` unless it is there already. */
tern_status trn_db_sqlite_prepare(struct trn_db_view *view,
                                  const char *sql,
                                  sqlite3_stmt **slot,
                                  tern_error *error);
/* Steps a statement that yields no row, and resets it. */
tern_status trn_db_sqlite_run(struct trn_db_view *view,
                              sqlite3_stmt *statement,
                              const char *where,
                              tern_error *error);
/* Steps once: whether there is a row. A statement without one is reset. */
tern_status trn_db_sqlite_step(struct trn_db_view *view,
                               sqlite3_stmt *statement,
                               bool *ret_row,
                               const char *where,
                               tern_error *error);

void trn_db_sqlite_bind_id(sqlite3_stmt *statement, int index, const tern_id *id);
/* The id in a column; nil if it is none. */
tern_id trn_db_sqlite_column_id(sqlite3_stmt *statement, int column);

/* Opens one more connection; `fast`: without fsync. */
tern_status trn_db_sqlite_view_open(struct trn_db_sqlite *db,
                                    bool fast,
                                    struct trn_db_view **ret_view,
                                    tern_error *error);
/* NULL is accepted. */
void trn_db_sqlite_view_free(struct trn_db_view *view);
/* Settings, by the text of their PRAGMAs. */
tern_status trn_db_sqlite_pragma(struct trn_db_view *view, const char *sql, tern_error *error);
/* Runs a statement without parameters or rows. */
tern_status trn_db_sqlite_do(struct trn_db_view *view, enum trn_sql which, tern_error *error);

#endif

/* What the files of the SQLite implementation share: connections and their compiled statements. */
#ifndef TRN_SERVER_DB_SQLITE_INTERNAL_H
#define TRN_SERVER_DB_SQLITE_INTERNAL_H

#include <sqlite3.h>

#include "base/error.h"
#include "base/memory.h"
#include "server/db_sqlite.h"

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

/* Brings the tables to the schema, inside a transaction of its own: db_sqlite_migrate.c. */
tern_status trn_db_sqlite_migrate(struct trn_db_sqlite *db,
                                  const struct trn_db_sqlite_options *options,
                                  tern_error *error);

/* A key of tern_meta: db_sqlite_entry.c. */
tern_status trn_db_sqlite_meta_write(struct trn_db_view *view,
                                     const char *key,
                                     const void *value,
                                     size_t size,
                                     tern_error *error);
tern_status trn_db_sqlite_meta_get(struct trn_db_view *view,
                                   const char *key,
                                   bool *ret_found,
                                   struct trn_bytes *value,
                                   tern_error *error);

/* What each file does of the contract, entered by its name there. */
void trn_db_sqlite_enter_entries(struct trn_db_ops *ops);
void trn_db_sqlite_enter_rows(struct trn_db_ops *ops);
void trn_db_sqlite_enter_log(struct trn_db_ops *ops);
void trn_db_sqlite_enter_erasure(struct trn_db_ops *ops);
void trn_db_sqlite_enter_waiting(struct trn_db_ops *ops);

#endif

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

/* db_sqlite_entry.c, db_sqlite_row.c, db_sqlite_log.c: see db.h. */
tern_status
trn_db_sqlite_meta_read(struct trn_db_view *view, struct trn_db_meta *ret_meta, tern_error *error);
tern_status
trn_db_sqlite_set_epoch(struct trn_db *db, const uint8_t epoch[TRN_EPOCH_SIZE], tern_error *error);
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
tern_status trn_db_sqlite_entry_by_tx(struct trn_db_view *view,
                                      const tern_id *tx,
                                      bool *ret_found,
                                      struct trn_db_entry *ret_entry,
                                      tern_error *error);
tern_status trn_db_sqlite_entry_by_ordinal(struct trn_db_view *view,
                                           const tern_id *device,
                                           int64_t ordinal,
                                           const tern_id *sender,
                                           bool *ret_found,
                                           struct trn_db_entry *ret_entry,
                                           tern_error *error);
tern_status trn_db_sqlite_entry_body(struct trn_db_view *view,
                                     int64_t number,
                                     struct trn_bytes *body,
                                     tern_error *error);
tern_status trn_db_sqlite_entry_add(struct trn_db *db,
                                    const struct trn_db_entry *entry,
                                    struct trn_slice body,
                                    tern_error *error);
tern_status trn_db_sqlite_tx_get(struct trn_db_view *view,
                                 int64_t number,
                                 bool *ret_found,
                                 struct trn_db_tx *ret_tx,
                                 tern_error *error);
tern_status
trn_db_sqlite_last_number(struct trn_db_view *view, int64_t *ret_number, tern_error *error);
tern_status trn_db_sqlite_device_read(struct trn_db_view *view,
                                      const tern_id *device,
                                      struct trn_db_device *ret_device,
                                      tern_error *error);
tern_status trn_db_sqlite_device_write(struct trn_db *db,
                                       const tern_id *id,
                                       const struct trn_db_device *device,
                                       tern_error *error);
tern_status trn_db_sqlite_row_read(struct trn_db_view *view,
                                   const struct trn_table *table,
                                   const tern_id *id,
                                   bool *ret_found,
                                   struct trn_row *ret_row,
                                   tern_error *error);
tern_status trn_db_sqlite_row_add(struct trn_db *db,
                                  const struct trn_table *table,
                                  const struct trn_row *row,
                                  int64_t received_us,
                                  tern_error *error);
tern_status trn_db_sqlite_row_replace(struct trn_db *db,
                                      const struct trn_table *table,
                                      const struct trn_row *row,
                                      tern_error *error);
tern_status trn_db_sqlite_grant_rows(struct trn_db_view *view,
                                     const struct trn_grant *grant,
                                     const tern_id *person,
                                     tern_status (*visit)(void *context,
                                                          const struct trn_row *row,
                                                          tern_error *error),
                                     void *context,
                                     tern_error *error);
tern_status trn_db_sqlite_log_put(struct trn_db *db,
                                  const tern_id *scope,
                                  const struct trn_table *table,
                                  const tern_id *id,
                                  int64_t old_number,
                                  int64_t number,
                                  tern_error *error);
tern_status trn_db_sqlite_log_remove(struct trn_db *db,
                                     const tern_id *scope,
                                     const struct trn_table *table,
                                     const tern_id *id,
                                     int64_t number,
                                     tern_error *error);
/* db_sqlite_erase.c */
tern_status trn_db_sqlite_erased_read(struct trn_db_view *view,
                                      const tern_id *id,
                                      struct trn_db_erased *ret_erased,
                                      tern_error *error);
tern_status trn_db_sqlite_erased_write(struct trn_db *db,
                                       const tern_id *id,
                                       const struct trn_db_erased *erased,
                                       tern_error *error);
tern_status trn_db_sqlite_rows_naming(struct trn_db_view *view,
                                      const struct trn_table *table,
                                      uint16_t column,
                                      const tern_id *id,
                                      tern_status (*visit)(void *context,
                                                           const tern_id *row,
                                                           tern_error *error),
                                      void *context,
                                      tern_error *error);
tern_status trn_db_sqlite_waiting_prepare(struct trn_db *db,
                                          const struct trn_db_waiting *waiting,
                                          tern_error *error);
tern_status trn_db_sqlite_rows_waiting(struct trn_db_view *view,
                                       const struct trn_db_waiting *waiting,
                                       const struct trn_db_moment *after,
                                       int64_t before_us,
                                       struct trn_db_moment *ret_rows,
                                       size_t room,
                                       size_t *ret_count,
                                       tern_error *error);
tern_status trn_db_sqlite_rows_unchanged(struct trn_db_view *view,
                                         const struct trn_table *table,
                                         int64_t before_us,
                                         const tern_id *after,
                                         tern_id *ret_ids,
                                         size_t room,
                                         size_t *ret_count,
                                         tern_error *error);
tern_status trn_db_sqlite_row_erase(struct trn_db *db,
                                    const struct trn_table *table,
                                    const tern_id *id,
                                    tern_error *error);
tern_status trn_db_sqlite_entry_next(struct trn_db_view *view,
                                     int64_t after,
                                     bool *ret_found,
                                     int64_t *ret_number,
                                     struct trn_bytes *body,
                                     tern_error *error);
tern_status trn_db_sqlite_entry_clear(struct trn_db *db, int64_t number, tern_error *error);
tern_status trn_db_sqlite_log_read(struct trn_db_view *view,
                                   const tern_id *scope,
                                   const struct trn_db_place *after,
                                   struct trn_db_place *ret_places,
                                   size_t room,
                                   size_t *ret_count,
                                   tern_error *error);

#endif

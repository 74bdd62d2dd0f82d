/*
 * The storage contract of the server: what sync needs of a database, whichever it is.
 *
 * One group at a time writes: begin, any number of savepoints, commit; what commit returned for is
 * durable. Reading goes through a view: the group's own (`writer`), which sees what the group
 * wrote, or a snapshot, which sees one committed state however long it lives. Keys of row versions
 * are the numbers that `next_number` gives. Every function may fail with TERN_ERR_NOMEM, _IO,
 * _DISK_FULL, _CORRUPT or _BUSY besides what it names; outputs are untouched then. An
 * implementation serves one thread.
 */
#ifndef TRN_SERVER_DB_H
#define TRN_SERVER_DB_H

#include "base/bytes.h"
#include "base/digest.h"
#include "model/change.h"

enum {
    TRN_EPOCH_SIZE = 8,
    TRN_EPOCH_TAG_BYTES = 3, /* of its beginning: what a cursor names it by */
    TRN_SEAL_KEY_BYTES = 32,
    TRN_DETAIL_BYTES = 256
};

/* A database, and somewhere to read from in it. */
struct trn_db;
struct trn_db_view;

/* What names this server and its history. */
struct trn_db_meta {
    uint8_t epoch[TRN_EPOCH_SIZE];
    uint8_t seal_key[TRN_SEAL_KEY_BYTES]; /* seals cursors */
    bool any_erased;                      /* some record was erased */
};

/* What erasure says of the record of an id. */
enum {
    TRN_ERASED_ITSELF = 1, /* it is gone for good */
    TRN_ERASED_ROWS_OF = 2 /* rows of it are gone */
};
struct trn_db_erased {
    int64_t number; /* of the last erasure that touched it; 0: none did */
    unsigned flags;
};

/* One transaction that a device sent: its receipt, and, with its bytes, the history. */
struct trn_db_entry {
    int64_t number;
    tern_id tx;
    tern_id device; /* its author's */
    tern_id sender; /* the device that handed it in: another one after a clone was found */
    int64_t ordinal;
    tern_id user;
    int64_t time_us;     /* stored */
    int64_t raw_time_us; /* as claimed */
    int64_t received_us;
    uint8_t hash[TRN_SHA256_BYTES];
    uint8_t kind; /* docs/WIRE.md */
    uint32_t schema_version;
    tern_status verdict; /* TERN_OK: applied */
    int32_t change;      /* of a rejected one: index of the change, or -1 */
    char detail[TRN_DETAIL_BYTES];
};

/* Three columns of an index: whose row it is, a flag, and what is least. */
struct trn_db_least {
    const struct trn_table *table;
    uint16_t naming;
    uint16_t flag;
    uint16_t least;
};

/* Rows that wait for something: live, with `word` in one column, by the moment in another. */
struct trn_db_waiting {
    const struct trn_table *table;
    uint16_t word_column;
    const char *word;
    uint16_t time_column;
};

/* One of them. */
struct trn_db_moment {
    int64_t us;
    tern_id id;
};

/* What a number stands for. */
struct trn_db_tx {
    tern_id tx;
    tern_id device; /* its author's */
    tern_id sender; /* who handed it in: another device, where a copied replica did */
    int64_t time_us;
    int64_t received_us; /* the server's clock then */
    bool applied;
    bool left;    /* what was left of it, which may be a part */
    bool relayed; /* that, from another than its author */
};

struct trn_db_device {
    tern_id user;         /* who sent its last transaction */
    int64_t last_time_us; /* its last stored time; INT64_MIN before the first */
    int64_t last_ordinal; /* the highest that it handed in itself; 0 before the first */
};

/* A place in the log of a scope: everything up to and including it. Table TRN_NO_TABLE: the whole
 * of `number`. */
struct trn_db_place {
    int64_t number;
    uint16_t table;
    tern_id id;
};

struct trn_db_ops {
    /* NULL is accepted. A group under way is rolled back. */
    void (*close)(struct trn_db *db);

    /* ---- Groups ---- */

    /* Keeps every other writer out of what the group reads until it ends: the group is the lock of
     * all scopes that its transactions touch. */
    tern_status (*begin)(struct trn_db *db, tern_error *error);
    /* Returns once the group is durable; on failure it is rolled back. */
    tern_status (*commit)(struct trn_db *db, tern_error *error);
    void (*rollback)(struct trn_db *db);
    /* Savepoints nest; `restore` undoes what was written since the innermost one and ends it. */
    tern_status (*savepoint)(struct trn_db *db, tern_error *error);
    tern_status (*release)(struct trn_db *db, tern_error *error);
    tern_status (*restore)(struct trn_db *db, tern_error *error);
    /* Whether every reference of the rows written in this group finds its row. References are not
     * looked at before this or the commit. */
    tern_status (*references_hold)(struct trn_db *db, bool *ret_hold, tern_error *error);
    /* A number above every one that a committed group holds; gaps are harmless. */
    tern_status (*next_number)(struct trn_db *db, int64_t *ret_number, tern_error *error);
    /* Writes a new epoch. */
    tern_status (*set_epoch)(struct trn_db *db,
                             const uint8_t epoch[TRN_EPOCH_SIZE],
                             tern_error *error);
    /* Epochs that ended: that one did, and whether one of that tag did. */
    tern_status (*epoch_ended)(struct trn_db *db,
                               const uint8_t tag[TRN_EPOCH_TAG_BYTES],
                               tern_error *error);
    tern_status (*has_epoch_ended)(struct trn_db_view *view,
                                   const uint8_t tag[TRN_EPOCH_TAG_BYTES],
                                   bool *ret_ended,
                                   tern_error *error);

    /* ---- Views ---- */

    /* The view of the group under way; valid as long as the database is open. */
    struct trn_db_view *(*writer)(struct trn_db *db);
    tern_status (*snapshot_open)(struct trn_db *db,
                                 struct trn_db_view **ret_view,
                                 tern_error *error);
    void (*snapshot_close)(struct trn_db *db, struct trn_db_view *view);
    tern_status (*meta_read)(struct trn_db_view *view,
                             struct trn_db_meta *ret_meta,
                             tern_error *error);

    /* ---- Receipts, history, devices ---- */

    tern_status (*entry_by_tx)(struct trn_db_view *view,
                               const tern_id *tx,
                               bool *ret_found,
                               struct trn_db_entry *ret_entry,
                               tern_error *error);
    /* Two clones may have used one ordinal: what `sender` handed in comes before what others did,
     * then what its author did, then what was applied, then the first. */
    tern_status (*entry_by_ordinal)(struct trn_db_view *view,
                                    const tern_id *device,
                                    int64_t ordinal,
                                    const tern_id *sender,
                                    bool *ret_found,
                                    struct trn_db_entry *ret_entry,
                                    tern_error *error);
    /* Appends the bytes of an entry. TERN_ERR_NOT_FOUND without one. */
    tern_status (*entry_body)(struct trn_db_view *view,
                              int64_t number,
                              struct trn_bytes *body,
                              tern_error *error);
    /* Number, tx id and (device, ordinal, sender) must be new. */
    tern_status (*entry_add)(struct trn_db *db,
                             const struct trn_db_entry *entry,
                             struct trn_slice body,
                             tern_error *error);
    tern_status (*tx_get)(struct trn_db_view *view,
                          int64_t number,
                          bool *ret_found,
                          struct trn_db_tx *ret_tx,
                          tern_error *error);
    /* The highest number with an entry; 0 before the first. */
    tern_status (*last_number)(struct trn_db_view *view, int64_t *ret_number, tern_error *error);
    /* Found or not, `ret_device` is filled. */
    tern_status (*device_read)(struct trn_db_view *view,
                               const tern_id *device,
                               struct trn_db_device *ret_device,
                               tern_error *error);
    tern_status (*device_write)(struct trn_db *db,
                                const tern_id *id,
                                const struct trn_db_device *device,
                                tern_error *error);

    /* ---- Rows ---- */

    /* Values are borrowed until the next read of a row of the same table through this view, or the
     * view's end. */
    tern_status (*row_read)(struct trn_db_view *view,
                            const struct trn_table *table,
                            const tern_id *id,
                            bool *ret_found,
                            struct trn_row *ret_row,
                            tern_error *error);
    /* Adds a row or replaces all of its synced columns; a row added has `received_us` in the
     * columns that the schema has the server fill. Where a constraint says no, its code, as
     * TERN_ERR_UNIQUE, with a sentence that names it; the row is as before then. */
    tern_status (*row_add)(struct trn_db *db,
                           const struct trn_table *table,
                           const struct trn_row *row,
                           int64_t received_us,
                           tern_error *error);
    tern_status (*row_replace)(struct trn_db *db,
                               const struct trn_table *table,
                               const struct trn_row *row,
                               tern_error *error);
    /* Adds a row that the server made itself, of values that it has read: the checks of the schema
     * document are not made again. To read the JSON of audit rows was two fifths of what a discard
     * costs. */
    tern_status (*row_add_made)(struct trn_db *db,
                                const struct trn_table *table,
                                const struct trn_row *row,
                                int64_t received_us,
                                tern_error *error);
    /* Visits the live rows of `grant` in their opening state that name `person`. The row is
     * borrowed for the call; the visitor reads no row of the grant's table. */
    tern_status (*grant_rows)(struct trn_db_view *view,
                              const struct trn_grant *grant,
                              const tern_id *person,
                              tern_status (*visit)(void *context,
                                                   const struct trn_row *row,
                                                   tern_error *error),
                              void *context,
                              tern_error *error);

    /* Visits the ids of the table's rows that hold `id` in the column, deleted ones included. The
     * visitor reads and writes nothing. */
    tern_status (*rows_naming)(struct trn_db_view *view,
                               const struct trn_table *table,
                               uint16_t column,
                               const tern_id *id,
                               tern_status (*visit)(void *context,
                                                    const tern_id *row,
                                                    tern_error *error),
                               void *context,
                               tern_error *error);
    /* The live row that holds `id` and `flag` and of those the least value, by an index that has
     * the three columns in this order: no other is read. */
    tern_status (*row_least)(struct trn_db_view *view,
                             const struct trn_db_least *by,
                             const tern_id *id,
                             bool flag,
                             bool *ret_found,
                             tern_id *ret_row,
                             tern_error *error);
    /* The live row that holds `id` and, of the values that are greater than `value`, the least, or
     * else of the others the greatest; of equal ones by the flag, likewise. By an index that has
     * `naming`, `least` and `flag` in this order. */
    tern_status (*row_beside)(struct trn_db_view *view,
                              const struct trn_db_least *by,
                              const tern_id *id,
                              int64_t value,
                              bool is_greater,
                              bool *ret_found,
                              tern_id *ret_row,
                              tern_error *error);

    /* ---- Rows that wait ---- */

    /* Makes what rows_waiting goes by, once. Outside any group. */
    tern_status (*waiting_prepare)(struct trn_db *db,
                                   const struct trn_db_waiting *waiting,
                                   tern_error *error);
    /* The next after `after` and before `before_us` in the order of moment and id, at most `room`;
     * reads none but these. */
    tern_status (*rows_waiting)(struct trn_db_view *view,
                                const struct trn_db_waiting *waiting,
                                const struct trn_db_moment *after,
                                int64_t before_us,
                                struct trn_db_moment *ret_rows,
                                size_t room,
                                size_t *ret_count,
                                tern_error *error);

    /* ---- The log of a scope: each of its rows once, at its highest number ---- */

    /* Puts a row at `number`, taking it from `old_number` where it stood before; 0: nowhere. */
    tern_status (*log_put)(struct trn_db *db,
                           const tern_id *scope,
                           const struct trn_table *table,
                           const tern_id *id,
                           int64_t old_number,
                           int64_t number,
                           tern_error *error);
    /* Takes a row that stands at `number` out of the log. */
    tern_status (*log_remove)(struct trn_db *db,
                              const tern_id *scope,
                              const struct trn_table *table,
                              const tern_id *id,
                              int64_t number,
                              tern_error *error);
    /* The next places after `after` in their order, at most `room`. */
    tern_status (*log_read)(struct trn_db_view *view,
                            const tern_id *scope,
                            const struct trn_db_place *after,
                            struct trn_db_place *ret_places,
                            size_t room,
                            size_t *ret_count,
                            tern_error *error);

    /* ---- Erasure: what nothing else may do ---- */

    tern_status (*erased_read)(struct trn_db_view *view,
                               const tern_id *id,
                               struct trn_db_erased *ret_erased,
                               tern_error *error);
    tern_status (*erased_write)(struct trn_db *db,
                                const tern_id *id,
                                const struct trn_db_erased *erased,
                                tern_error *error);
    /* The same of rows, whose ids are their makers' choice: rows of two tables, or a row and a
     * record, may bear one. Whether the table's row of that id is gone for good, or, of a NULL
     * table, any table's. A record that is gone counts as any row of its id. */
    tern_status (*row_erased_read)(struct trn_db_view *view,
                                   const struct trn_table *table,
                                   const tern_id *id,
                                   bool *ret_erased,
                                   tern_error *error);
    tern_status (*row_erased_write)(struct trn_db *db,
                                    const struct trn_table *table,
                                    const tern_id *id,
                                    int64_t number,
                                    tern_error *error);
    /* The ids above `after`, in their order and at most `room`, of the table's rows that nothing
     * has written since before `before_us`, deleted ones included. */
    tern_status (*rows_unchanged)(struct trn_db_view *view,
                                  const struct trn_table *table,
                                  int64_t before_us,
                                  const tern_id *after,
                                  tern_id *ret_ids,
                                  size_t room,
                                  size_t *ret_count,
                                  tern_error *error);
    /* Takes a row out of the database, its bytes included; none is fine. TERN_ERR_FOREIGN_KEY where
     * another one holds it. */
    tern_status (*row_erase)(struct trn_db *db,
                             const struct trn_table *table,
                             const tern_id *id,
                             tern_error *error);
    /* The entry with the lowest number above `after`, its bytes appended to `body`. */
    tern_status (*entry_next)(struct trn_db_view *view,
                              int64_t after,
                              bool *ret_found,
                              int64_t *ret_number,
                              struct trn_bytes *body,
                              tern_error *error);
    /* Takes the bytes of an entry out; the receipt stays. */
    tern_status (*entry_clear)(struct trn_db *db, int64_t number, tern_error *error);
};

/* First member of every implementation. */
struct trn_db {
    const struct trn_db_ops *ops;
    const struct trn_schema *schema;
};

#endif

/*
 * The functions that SQL is offered, and those that the replica's tables call for their hidden
 * columns.
 */
#include "store/functions.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "store/cell.h"
#include "store/fault.h"

static void give_error(sqlite3_context *call, tern_status status, const char *text)
{
    if (status == TERN_ERR_NOMEM) {
        sqlite3_result_error_nomem(call);
    } else {
        sqlite3_result_error(call, text, -1);
    }
}

static void give_id(sqlite3_context *call, const tern_id *id)
{
    sqlite3_result_blob(call, id->bytes, sizeof(id->bytes), SQLITE_TRANSIENT);
}

static void function_id(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    const struct trn_functions *functions = sqlite3_user_data(call);
    tern_id id;
    tern_status status = TERN_ERR_INTERNAL;

    (void)count;
    (void)arguments;
    if (functions->host.mint != NULL) {
        status = functions->host.mint(functions->host.context, &id);
    }
    if (status == TERN_OK) {
        give_id(call, &id);
    } else {
        give_error(call, status, "tern_id: the platform gave no random bytes");
    }
}

/* The stamp clock; inside a tx that has its stamp, that. */
static void function_now(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    const struct trn_functions *functions = sqlite3_user_data(call);
    const struct trn_store *store = functions->store;

    (void)count;
    (void)arguments;
    if (functions->is_writer && store->listener != NULL && store->stamped) {
        sqlite3_result_int64(call, store->stamp_time_us);
    } else if (functions->host.read_clocks != NULL) {
        struct trn_reading reading;

        functions->host.read_clocks(functions->host.context, &reading);
        sqlite3_result_int64(call, trn_store_now(store, &reading));
    } else {
        give_error(call, TERN_ERR_INTERNAL, "tern_now: there is no clock");
    }
}

static bool are_whole(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    for (int i = 0; i < count; i++) {
        if (!trn_value_is_whole(arguments[i])) {
            sqlite3_result_error_nomem(call);
            return false;
        }
    }
    return true;
}

static void function_id_text(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    char text[TRN_ID_TEXT_SIZE + 1];
    tern_value blob;
    tern_id id;

    if (!are_whole(call, count, arguments) || sqlite3_value_type(arguments[0]) == SQLITE_NULL) {
        return;
    }
    blob = trn_value_of(arguments[0]);
    if (!trn_value_id(&blob, &id)) {
        give_error(call, TERN_ERR_TYPE, "tern_id_text: an id is a blob of 16 bytes");
        return;
    }
    trn_id_format(&id, text);
    sqlite3_result_text(call, text, TRN_ID_TEXT_SIZE, SQLITE_TRANSIENT);
}

static void function_id_blob(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    tern_value text;
    tern_id id;

    if (!are_whole(call, count, arguments) || sqlite3_value_type(arguments[0]) == SQLITE_NULL) {
        return;
    }
    text = trn_value_of(arguments[0]);
    if (text.kind != TERN_TEXT || !trn_id_parse(trn_slice_make(text.data, text.size), &id)) {
        give_error(call, TERN_ERR_TYPE, "tern_id_blob: the text is no UUID");
        return;
    }
    give_id(call, &id);
}

static const struct trn_table *table_argument(const struct trn_functions *functions,
                                              sqlite3_value *argument)
{
    const char *name = (const char *)sqlite3_value_text(argument);

    return name != NULL && *functions->schema != NULL ? trn_schema_table(*functions->schema, name)
                                                      : NULL;
}

static void function_key(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    const struct trn_functions *functions = sqlite3_user_data(call);
    const struct trn_table *table = count > 0 ? table_argument(functions, arguments[0]) : NULL;
    tern_value values[TRN_COLUMNS_MAX];
    tern_error why = {0};
    bool derived = false;
    tern_id id;
    tern_status status;

    if (!are_whole(call, count, arguments)) {
        return;
    }
    if (table == NULL || table->natural_key_count == 0) {
        give_error(call, TERN_ERR_UNKNOWN_TABLE, "tern_key: no such table with a natural key");
        return;
    }
    if ((size_t)count != table->natural_key_count + 1) {
        give_error(call, TERN_ERR_MISUSE, "tern_key: takes the table's name and its key's columns");
        return;
    }
    for (size_t i = 0; i < table->natural_key_count; i++) {
        values[table->natural_key[i]] = trn_value_of(arguments[i + 1]);
    }
    status = trn_natural_id(table, values, &derived, &id, &why);
    if (status != TERN_OK) {
        give_error(call, status, why.message);
    } else if (derived) {
        give_id(call, &id);
    }
}

/* What an entry's dependency on the row would name; the entry of an open tx has its number already.
 */
static tern_status read_unsent(struct trn_store *store,
                               const struct trn_table *table,
                               const tern_id *id,
                               int64_t *ret_ordinal,
                               tern_error *error)
{
    struct trn_version version;
    bool found = false;
    int64_t base = 0;
    int64_t key = 0;
    tern_status status = trn_store_row_version(store, table, id, &found, &version, error);

    if (status == TERN_OK && found) {
        key = version.keys[TRN_UNIT_EXISTENCE];
    }
    if (key != 0 && store->listener != NULL && store->stamped && key == store->stamp_key) {
        *ret_ordinal = trn_store_key_ordinal(key);
        return TERN_OK;
    }
    if (status == TERN_OK) {
        status = trn_store_tx_base(store, key, &base, error);
    }
    *ret_ordinal = base < 0 ? -base : 0;
    return status;
}

/* What is compiled for it is none of the app's, and so not the authorizer's. */
static tern_status look_unwatched(struct trn_store *store,
                                  const struct trn_table *table,
                                  const tern_id *id,
                                  int64_t *ret_ordinal,
                                  tern_error *error)
{
    struct trn_guard_notes *notes = store->guard.notes;
    tern_status status;

    store->guard.notes = NULL;
    status = read_unsent(store, table, id, ret_ordinal, error);
    store->guard.notes = notes;
    return status;
}

static void function_unsent(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    const struct trn_functions *functions = sqlite3_user_data(call);
    const struct trn_table *table = table_argument(functions, arguments[0]);
    tern_error why = {0};
    int64_t ordinal = 0;
    tern_value blob;
    tern_id id;
    tern_status status;

    if (!are_whole(call, count, arguments)) {
        return;
    }
    if (!functions->is_writer || table == NULL) {
        give_error(call,
                   TERN_ERR_MISUSE,
                   "tern_unsent: takes the name of a synced table, and no reader has it");
        return;
    }
    if (sqlite3_value_type(arguments[1]) == SQLITE_NULL) {
        return;
    }
    blob = trn_value_of(arguments[1]);
    if (!trn_value_id(&blob, &id)) {
        give_error(call, TERN_ERR_TYPE, "tern_unsent: an id is a blob of 16 bytes");
        return;
    }
    status = look_unwatched(functions->store, table, &id, &ordinal, &why);
    if (status == TERN_OK) {
        sqlite3_result_int64(call, ordinal);
    } else {
        give_error(call, status, why.message);
    }
}

/* DEFAULT of updated_at, and what DELETE sets deleted_at to. */
static void function_stamp(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    const struct trn_functions *functions = sqlite3_user_data(call);

    (void)count;
    (void)arguments;
    if (!functions->is_writer || functions->store->listener == NULL) {
        give_error(call, TERN_ERR_INTERNAL, "tern_stamp: no transaction of the library is open");
        return;
    }
    sqlite3_result_int64(call, functions->store->stamp_time_us);
}

/* DEFAULT of tern_v: the tx's key, and the ranks that the last insert into the table had. */
static void function_version(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    const struct trn_functions *functions = sqlite3_user_data(call);
    struct trn_store *store = functions->store;
    sqlite3_int64 table = sqlite3_value_int64(arguments[0]);

    (void)count;
    if (!functions->is_writer || store->listener == NULL || store->schema == NULL || table < 0 ||
        (size_t)table >= store->schema->table_count) {
        give_error(call, TERN_ERR_INTERNAL, "tern_version: no transaction of the library is open");
        return;
    }
    sqlite3_result_int64(call, store->stamp_key << 16 | store->tables[table].rank_guess);
}

/* Whether the delete guard applies. */
static void function_capturing(sqlite3_context *call, int count, sqlite3_value **arguments)
{
    const struct trn_functions *functions = sqlite3_user_data(call);

    (void)count;
    (void)arguments;
    sqlite3_result_int(call, functions->is_writer && functions->store->listener != NULL);
}

static const struct {
    const char *name;
    int arguments;
    int flags;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
} offered[] = {
    {"tern_id", 0, 0, function_id},
    {"tern_now", 0, 0, function_now},
    {"tern_id_text", 1, SQLITE_DETERMINISTIC, function_id_text},
    {"tern_id_blob", 1, SQLITE_DETERMINISTIC, function_id_blob},
    {"tern_key", -1, SQLITE_DETERMINISTIC, function_key},
    {"tern_unsent", 2, 0, function_unsent},
    {"tern_stamp", 0, 0, function_stamp},
    {"tern_version", 1, 0, function_version},
    {"tern_capturing", 0, 0, function_capturing},
};

tern_status trn_functions_register(sqlite3 *db,
                                   const struct trn_store_host *host,
                                   const struct trn_schema *const *schema,
                                   struct trn_store *store,
                                   bool is_writer,
                                   tern_error *error)
{
    for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
        struct trn_functions *functions = trn_alloc(sizeof(*functions));
        int rc;

        if (functions == NULL) {
            return trn_fail_nomem(error);
        }
        functions->host = *host;
        functions->schema = schema;
        functions->store = store;
        functions->is_writer = is_writer;
        /* SQLite frees it, also where this fails. */
        rc = sqlite3_create_function_v2(db,
                                        offered[i].name,
                                        offered[i].arguments,
                                        SQLITE_UTF8 | SQLITE_INNOCUOUS | offered[i].flags,
                                        functions,
                                        offered[i].call,
                                        NULL,
                                        NULL,
                                        trn_free);
        if (rc != SQLITE_OK) {
            return trn_store_fail(db, rc, "SQL functions", error);
        }
    }
    return TERN_OK;
}

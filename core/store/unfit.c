/* Tables of the app's that would be refused today, and were made before, or from outside: they
 * stay, and the app is told. */
#include "store/store.h"

#include "base/error.h"
#include "store/cell.h"
#include "store/fault.h"
#include "store/guard.h"
#include "store/sql.h"
#include "store/words.h"

static const char place[] = "the app's tables";

static bool is_synced(const struct trn_store *store, sqlite3_stmt *stmt)
{
    const char *name = (const char *)sqlite3_column_text(stmt, 0);

    return name != NULL && trn_schema_table(store->schema, name) != NULL;
}

static tern_status look(struct trn_store *store,
                        sqlite3_stmt *stmt,
                        void (*tell)(void *context, const char *table, const char *what),
                        void *context,
                        tern_error *error)
{
    const char *name = (const char *)sqlite3_column_text(stmt, 0);
    const char *sql = (const char *)sqlite3_column_text(stmt, 1);

    if (name == NULL || sql == NULL) {
        return trn_fail_nomem(error);
    }
    if (trn_guard_ties(&store->guard, trn_slice_text(sql))) {
        tell(context,
             name,
             "it references a synced table, whose rows a sync takes out and, for a moment, lifts");
    }
    if (trn_words_keep_half(trn_slice_text(sql))) {
        store->keeps_half = true;
        tell(context,
             name,
             "it declares ON CONFLICT FAIL: a statement that fails ends its transaction");
    }
    return TERN_OK;
}

tern_status trn_store_tell_unfit(struct trn_store *store,
                                 void (*tell)(void *context, const char *table, const char *what),
                                 void *context,
                                 tern_error *error)
{
    sqlite3_stmt *stmt = NULL;
    bool any = false;
    tern_status status;
    /* Those of the library and the synced ones are written by the library alone. */
    int rc = sqlite3_prepare_v2(store->db,
                                "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND "
                                "sql IS NOT NULL AND name NOT LIKE 'tern\\_%' ESCAPE '\\'",
                                -1,
                                &stmt,
                                NULL);

    status = rc == SQLITE_OK ? TERN_OK : trn_store_fail(store->db, rc, place, error);
    do {
        any = false;
        if (status == TERN_OK) {
            status = trn_store_step(store, stmt, place, &any, error);
        }
        if (status == TERN_OK && any && !is_synced(store, stmt)) {
            status = look(store, stmt, tell, context, error);
        }
    } while (status == TERN_OK && any);
    (void)sqlite3_finalize(stmt);
    return status;
}

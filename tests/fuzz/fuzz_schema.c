/* Schema documents: SQLite takes the tables of every document that is accepted, and a document is
 * no upgrade of itself. */
#include "tests/fuzz/fuzz.h"

#include <sqlite3.h>
#include <stdio.h>

#include "schema/schema.h"

/* Stands for the library's functions, which defaults and triggers name. */
static void function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_int(context, 1);
}

static sqlite3 *open_database(void)
{
    static const char *const names[] = {"tern_now", "tern_stamp", "tern_version"};
    sqlite3 *db = NULL;

    fuzz_expect(sqlite3_open(":memory:", &db) == SQLITE_OK, "a database can be opened");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fuzz_expect(sqlite3_create_function(db,
                                            names[i],
                                            -1,
                                            SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                            NULL,
                                            function,
                                            NULL,
                                            NULL) == SQLITE_OK,
                    "a function can be added");
    }
    return db;
}

static void fuzz_ddl(const struct trn_schema *schema, enum trn_dialect dialect)
{
    struct trn_bytes ddl = {0};
    sqlite3 *db;

    fuzz_expect(trn_schema_ddl(schema, dialect, &ddl, NULL) == TERN_OK, "a schema has its DDL");
    if (dialect != TRN_DIALECT_SERVER_POSTGRES) {
        char *message = NULL;

        db = open_database();
        if (sqlite3_exec(db, trn_bytes_text(&ddl), NULL, NULL, &message) != SQLITE_OK) {
            (void)fprintf(stderr, "%s\n", message);
            fuzz_expect(false, "SQLite takes the tables of an accepted document");
        }
        (void)sqlite3_close(db);
    }
    trn_bytes_clear(&ddl);
    fuzz_expect(trn_schema_upgrade_ddl(schema, schema, dialect, &ddl, NULL) == TERN_OK &&
                    ddl.size == 0,
                "a document is no upgrade of itself");
    trn_bytes_free(&ddl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trn_schema *schema = NULL;

    if (trn_schema_load((const char *)data, size, &schema, NULL) != TERN_OK) {
        return 0;
    }
    for (int dialect = TRN_DIALECT_REPLICA; dialect <= TRN_DIALECT_SERVER_POSTGRES; dialect++) {
        fuzz_ddl(schema, (enum trn_dialect)dialect);
    }
    trn_schema_free(schema);
    return 0;
}

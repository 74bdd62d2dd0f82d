/*
 * From one version of a schema to a later one.
 *
 * The CHECK of an enum that grew is changed in sqlite_schema itself, as SQLite's own documentation
 * advises for constraints: building the table anew would drop a table that others reference, which
 * cannot be done inside a transaction with foreign keys on. A scratch table proves that each text
 * was found, makes other connections read the schema again, and is gone at the end.
 */

#include "base/assert.h"
#include "base/error.h"
#include "schema/compare.h"
#include "schema/writer.h"

struct upgrade {
    struct trn_writer writer;
    const struct trn_schema *from;
    const struct trn_schema *to;
};

static bool is_postgres(const struct upgrade *upgrade)
{
    return upgrade->writer.dialect == TRN_DIALECT_SERVER_POSTGRES;
}

/* ---- Enums ---- */

static void write_enum(struct upgrade *upgrade, const struct trn_enum *to)
{
    const struct trn_enum *from = trn_schema_enum(upgrade->from, to->name);

    if (from == NULL) {
        trn_postgres_enum(&upgrade->writer, to);
        return;
    }
    for (size_t i = from->value_count; i < to->value_count; i++) {
        trn_write(&upgrade->writer, "ALTER TYPE ");
        trn_write_name(&upgrade->writer, to->name);
        trn_write(&upgrade->writer, " ADD VALUE ");
        trn_write_literal(&upgrade->writer, trn_slice_text(to->values[i]));
        trn_write(&upgrade->writer, ";\n");
    }
}

static bool has_grown(const struct trn_column *from, const struct trn_column *to)
{
    return from->type == TRN_TYPE_ENUM &&
           to->enumeration->value_count > from->enumeration->value_count;
}

/* The text of the column's CHECK, as a literal. */
static void write_check_literal(struct upgrade *upgrade,
                                const struct trn_table *table,
                                const struct trn_column *column)
{
    struct trn_writer text = {.dialect = upgrade->writer.dialect};

    trn_sqlite_enum_check(&text, table, column);
    trn_write_literal(&upgrade->writer, trn_bytes_slice(&text.text));
    if (upgrade->writer.status == TERN_OK) {
        upgrade->writer.status = text.status;
    }
    trn_bytes_free(&text.text);
}

static void write_table_literal(struct upgrade *upgrade, const struct trn_table *table)
{
    trn_write_literal(&upgrade->writer, trn_slice_text(table->name));
}

static void write_new_check(struct upgrade *upgrade,
                            const struct trn_table *table,
                            const struct trn_column *from,
                            const struct trn_column *to)
{
    struct trn_writer *writer = &upgrade->writer;

    trn_write(writer, "INSERT INTO tern_upgrade SELECT coalesce(max(instr(sql, ");
    write_check_literal(upgrade, table, from);
    trn_write(writer, ")), 0) FROM sqlite_schema WHERE type = 'table' AND name = ");
    write_table_literal(upgrade, table);
    trn_write(writer, ";\nUPDATE sqlite_schema SET sql = replace(sql, ");
    write_check_literal(upgrade, table, from);
    trn_write(writer, ", ");
    write_check_literal(upgrade, table, to);
    trn_write(writer, ") WHERE type = 'table' AND name = ");
    write_table_literal(upgrade, table);
    trn_write(writer, ";\n");
}

static size_t count_grown(const struct trn_column *from, const struct trn_column *to, size_t count)
{
    size_t grown = 0;

    for (size_t i = 0; i < count; i++) {
        grown += has_grown(&from[i], &to[i]);
    }
    return grown;
}

static void write_new_checks(struct upgrade *upgrade,
                             const struct trn_table *table,
                             const struct trn_column *from,
                             const struct trn_column *to,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_grown(&from[i], &to[i])) {
            write_new_check(upgrade, table, &from[i], &to[i]);
        }
    }
}

/* ---- Walking the tables of both versions ---- */

typedef void (*visit_pair)(struct upgrade *upgrade,
                           const struct trn_table *from,
                           const struct trn_table *to,
                           bool is_server_only,
                           void *context);

/* Each table that is in both versions; sync_audit is the last of each. */
static void visit_pairs(struct upgrade *upgrade, visit_pair visit, void *context)
{
    const struct trn_schema *from = upgrade->from;
    const struct trn_schema *to = upgrade->to;
    bool has_server = upgrade->writer.dialect != TRN_DIALECT_REPLICA;

    for (size_t i = 0; i < from->table_count; i++) {
        size_t other = i + 1 == from->table_count ? to->table_count - 1 : i;

        visit(upgrade, &from->tables[i], &to->tables[other], false, context);
    }
    for (size_t i = 0; has_server && i < from->server_table_count; i++) {
        visit(upgrade,
              &from->server_tables[i],
              trn_schema_server_table(to, from->server_tables[i].name),
              true,
              context);
    }
}

static void visit_grown(struct upgrade *upgrade,
                        const struct trn_table *from,
                        const struct trn_table *to,
                        bool is_server_only,
                        void *context)
{
    size_t *grown = context;

    (void)is_server_only;
    *grown += count_grown(from->columns, to->columns, from->column_count);
    if (upgrade->writer.dialect != TRN_DIALECT_REPLICA) {
        *grown += count_grown(from->server_columns, to->server_columns, from->server_column_count);
    }
}

static void visit_checks(struct upgrade *upgrade,
                         const struct trn_table *from,
                         const struct trn_table *to,
                         bool is_server_only,
                         void *context)
{
    (void)is_server_only;
    (void)context;
    write_new_checks(upgrade, from, from->columns, to->columns, from->column_count);
    if (upgrade->writer.dialect != TRN_DIALECT_REPLICA) {
        write_new_checks(upgrade,
                         from,
                         from->server_columns,
                         to->server_columns,
                         from->server_column_count);
    }
}

static void write_sqlite_enums(struct upgrade *upgrade)
{
    size_t grown = 0;

    visit_pairs(upgrade, visit_grown, &grown);
    if (grown == 0) {
        return;
    }
    trn_write(&upgrade->writer,
              "CREATE TABLE tern_upgrade (found INTEGER CONSTRAINT tern_upgrade_found CHECK (found "
              "> 0));\nPRAGMA writable_schema = ON;\n");
    visit_pairs(upgrade, visit_checks, NULL);
    trn_write(&upgrade->writer, "PRAGMA writable_schema = RESET;\nDROP TABLE tern_upgrade;\n");
}

/* ---- Columns and indexes of tables that are there ---- */

static void write_new_column(struct upgrade *upgrade,
                             const struct trn_table *table,
                             const struct trn_column *column)
{
    struct trn_writer *writer = &upgrade->writer;

    trn_write(writer, "ALTER TABLE ");
    trn_write_name(writer, trn_writer_table(writer, table));
    trn_write(writer, " ADD COLUMN ");
    if (!is_postgres(upgrade)) {
        trn_sqlite_column(writer, upgrade->to, table, column);
        trn_write(writer, ";\n");
        return;
    }
    trn_postgres_column(writer, table, column);
    trn_write(writer, ";\n");
}

static void visit_columns(struct upgrade *upgrade,
                          const struct trn_table *from,
                          const struct trn_table *to,
                          bool is_server_only,
                          void *context)
{
    (void)is_server_only;
    (void)context;
    for (size_t i = from->column_count; i < to->column_count; i++) {
        write_new_column(upgrade, to, &to->columns[i]);
    }
    if (upgrade->writer.dialect == TRN_DIALECT_REPLICA) {
        return;
    }
    for (size_t i = from->server_column_count; i < to->server_column_count; i++) {
        write_new_column(upgrade, to, &to->server_columns[i]);
    }
}

static void visit_indexes(struct upgrade *upgrade,
                          const struct trn_table *from,
                          const struct trn_table *to,
                          bool is_server_only,
                          void *context)
{
    (void)context;
    for (size_t i = from->unique_count; i < to->unique_count; i++) {
        trn_write_unique(&upgrade->writer, upgrade->to, to, &to->uniques[i], is_server_only);
    }
    for (size_t i = from->index_count; i < to->index_count; i++) {
        trn_write_index(&upgrade->writer, upgrade->to, to, &to->indexes[i]);
    }
}

static void write_references(struct upgrade *upgrade,
                             const struct trn_table *table,
                             const struct trn_column *columns,
                             size_t first,
                             size_t count)
{
    for (size_t i = first; i < count; i++) {
        if (columns[i].target != TRN_NO_TABLE) {
            trn_postgres_reference(&upgrade->writer, upgrade->to, table, &columns[i]);
        }
    }
}

static void visit_references(struct upgrade *upgrade,
                             const struct trn_table *from,
                             const struct trn_table *to,
                             bool is_server_only,
                             void *context)
{
    (void)is_server_only;
    (void)context;
    write_references(upgrade, to, to->columns, from->column_count, to->column_count);
    write_references(upgrade,
                     to,
                     to->server_columns,
                     from->server_column_count,
                     to->server_column_count);
}

/* ---- New tables ---- */

typedef void (*visit_table)(struct upgrade *upgrade,
                            const struct trn_table *table,
                            bool is_server_only);

static void visit_new_tables(struct upgrade *upgrade, visit_table visit)
{
    const struct trn_schema *to = upgrade->to;
    bool has_server = upgrade->writer.dialect != TRN_DIALECT_REPLICA;

    for (size_t i = upgrade->from->table_count - 1; i + 1 < to->table_count; i++) {
        visit(upgrade, &to->tables[i], false);
    }
    for (size_t i = 0; has_server && i < to->server_table_count; i++) {
        if (trn_schema_server_table(upgrade->from, to->server_tables[i].name) == NULL) {
            visit(upgrade, &to->server_tables[i], true);
        }
    }
}

static void
create_table(struct upgrade *upgrade, const struct trn_table *table, bool is_server_only)
{
    trn_write_table(&upgrade->writer, upgrade->to, table, is_server_only);
}

static void
reference_table(struct upgrade *upgrade, const struct trn_table *table, bool is_server_only)
{
    (void)is_server_only;
    write_references(upgrade, table, table->columns, 0, table->column_count);
    write_references(upgrade, table, table->server_columns, 0, table->server_column_count);
}

static void write_upgrade(struct upgrade *upgrade)
{
    if (is_postgres(upgrade)) {
        for (size_t i = 0; i < upgrade->to->enum_count; i++) {
            write_enum(upgrade, &upgrade->to->enums[i]);
        }
    } else {
        write_sqlite_enums(upgrade);
    }
    visit_new_tables(upgrade, create_table);
    visit_pairs(upgrade, visit_columns, NULL);
    visit_pairs(upgrade, visit_indexes, NULL);
    if (is_postgres(upgrade)) {
        visit_new_tables(upgrade, reference_table);
        visit_pairs(upgrade, visit_references, NULL);
    }
}

tern_status trn_schema_upgrade_ddl(const struct trn_schema *from,
                                   const struct trn_schema *to,
                                   enum trn_dialect dialect,
                                   struct trn_bytes *out,
                                   tern_error *error)
{
    struct upgrade upgrade = {.writer = {.dialect = dialect}, .from = from, .to = to};
    tern_status status;

    TRN_ASSERT(from != NULL && to != NULL && out != NULL);

    status = trn_schema_compare(from, to, error);
    if (status != TERN_OK) {
        return status;
    }
    write_upgrade(&upgrade);
    if (upgrade.writer.text.size != 0 && from->version == to->version) {
        trn_bytes_free(&upgrade.writer.text);
        return trn_fail(error,
                        TERN_ERR_SCHEMA_INCOMPATIBLE,
                        "the document adds to version %u and is still called so",
                        from->version);
    }
    return trn_writer_finish(&upgrade.writer, out, error);
}
